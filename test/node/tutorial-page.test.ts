import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { findChromium } from "../../tools/chromium.ts";
import { publishAll } from "../helpers/http.ts";
import { serveHere } from "../helpers/server.ts";
import { launchChromium, visit } from "../helpers/visit.ts";

/** The address of the server in the tutorial. */
const address = "http://127.0.0.1:8787";

// In CI a missing Chromium is an error of vitest.config.ts; elsewhere this counts as skipped.
test.skipIf(findChromium() === undefined)(
	"the page of the tutorial, saved and served from another port, shows what is stored and what comes",
	async () => {
		const [server, browser, tutorial] = await Promise.all([
			serveHere(),
			launchChromium(),
			// Its translation holds the very same blocks: tools/readme-blocks.ts sees to that.
			readFile(join(projectFolder, "docs", "tutorial", "4-the-sdk.md"), "utf8"),
		]);
		onTestFinished(() => server.stop());
		onTestFinished(() => browser.close());
		const [block = "", ...others] = [...tutorial.matchAll(/^```html\n(.*?)^```$/gms)].map(([, code]) => code);
		expect(others).toEqual([]);
		expect(block).toContain(address);
		const files = createServer((request, response) => {
			const found = request.url === "/page.html";
			response.writeHead(found ? 200 : 204, { "content-type": "text/html" });
			response.end(found ? block.replaceAll(address, server.url) : undefined);
		});
		await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => {
			files.close();
			files.closeAllConnections();
		});
		const messages = `${server.url}/v1/spaces/tutorial/channels/chat/messages`;
		await publishAll(messages, [{ who: "小飞机", text: "你好,服务器!" }]);
		const { port } = files.address() as AddressInfo;
		await using visitor = await visit(browser, `http://localhost:${port}/page.html`);
		await visitor.page.getByText("小飞机: 你好,服务器!").waitFor();
		await publishAll(messages, [{ who: "Ada", text: "Hello!" }]);
		await visitor.page.getByText("Ada: Hello!").waitFor();
		expect(visitor.takeProblems().filter((problem) => !problem.startsWith("asked "))).toEqual([]);
	},
);
