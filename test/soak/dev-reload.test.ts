import { once } from "node:events";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { npmRunDev, type ReadyLine, type RunningCommand } from "../helpers/dev-command.ts";
import { waitUntil } from "../helpers/processes.ts";
import { copyTree, type TreeCopy } from "../helpers/tree-copy.ts";

/** From a change on disk to the first answer of the new code, in milliseconds. */
const promised = 1_500;

let tree: TreeCopy;
let dev: RunningCommand;
let line: ReadyLine;
beforeAll(async () => {
	tree = await copyTree();
	dev = npmRunDev(tree.folder, ["--json", "--port", "0", "--tcp", "0", "--data", "data"]);
	line = await dev.ready;
});
afterAll(async () => {
	await dev[Symbol.asyncDispose]();
	await tree[Symbol.asyncDispose]();
});

/** Changes a source as an editor does: a new file takes the place of the old one. */
async function edit(path: string, change: (text: string) => string): Promise<void> {
	const file = join(tree.folder, path);
	const text = await readFile(file, "utf8");
	await writeFile(`${file}~`, change(text));
	await rename(`${file}~`, file);
}

/** What the running code answers; nothing while it restarts. */
async function answer(path: string, body?: string): Promise<string> {
	const init = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body };
	const response = await fetch(`${line.url}${path}`, init).catch(() => undefined);
	return (await response?.text().catch(() => "")) ?? "";
}

/** Waits until the running code answers with a text, and expects that to come in time. */
async function expectServed(text: string, path: string, body?: string): Promise<void> {
	const served = async () => (await answer(path, body)).includes(text);
	const took = await waitUntil(`${path} answers ${text}`, served, promised);
	console.log(`${text}: served after ${Math.round(took)} ms`);
}

describe("while npm run dev runs", () => {
	const exchange = '{"name":"Ada","message":"hello"}';
	/** What `worker/app.ts` answers where no route is. */
	const unknown = "answerUnknown(context, app.routes)";

	test.each<[path: string, from: string | RegExp, to: string, where: string, body?: string]>([
		["worker/app.ts", unknown, 'respond(context, "not_found", "The Worker changed.")', "/nowhere"],
		["protocol/errors.ts", "Nothing is here", "The protocol changed", "/nowhere"],
		["sdk/index.ts", /$/, '\nexport const changed = "The SDK changed";\n', "/aerogram.js"],
		["console/index.html", /$/, "<p>The page changed</p>", "/"],
		["aerogram.config.ts", "Hello,", "The config changed,", "/v1/exchange", exchange],
	])("a change of %s is served within 1.5 s, on the same port", async (path, from, to, where, body) => {
		await edit(path, (text) => text.replace(from, to));
		await expectServed(/The \w+ changed/.exec(to)?.[0] ?? "", where, body);
	});

	test("what was stored before a restart is there after it", async () => {
		const before = await answer("/v1/spaces/default/channels/exchange");
		expect(before).toContain('"head":');
		await edit("worker/app.ts", (text) => text.replace("The Worker changed.", "Everything is still here."));
		await expectServed("Everything is still here.", "/nowhere");
		expect(await answer("/v1/spaces/default/channels/exchange")).toBe(before);
	});

	test("a file in a new folder is watched, too", async () => {
		await mkdir(join(tree.folder, "worker", "extra"));
		await writeFile(join(tree.folder, "worker", "extra", "text.ts"), 'export const text = "A new file.";');
		await edit(
			"worker/app.ts",
			(text) => `import { text } from "./extra/text.ts";\n${text.replace('"Everything is still here."', "text")}`,
		);
		await expectServed("A new file.", "/nowhere");
		await edit("worker/extra/text.ts", (text) => text.replace("A new file.", "Its second text."));
		await expectServed("Its second text.", "/nowhere");
	});

	test("a mistake is printed with its place, a change of nothing restarts nothing, and old code serves on", async () => {
		const restarts = () => dev.stderr().split("restarted in").length;
		const before = restarts();
		const socket = new WebSocket(`${line.url.replace("http", "ws")}/v1/spaces/default/socket?client=reload`);
		await once(socket, "message");
		await edit("worker/app.ts", (text) => `// A comment is no change of the Worker.\n${text}`);
		await edit("worker/extra/text.ts", () => "export const text = ;");
		await waitUntil("the mistake is printed", () => dev.stderr().includes("worker/extra/text.ts:1:20"), promised);
		expect(await answer("/nowhere")).toContain("Its second text.");
		expect(restarts()).toBe(before);
		expect(socket.readyState).toBe(WebSocket.OPEN);
		socket.close();
	});

	test("code that compiles but cannot start leaves the code before it serving", async () => {
		await edit("worker/extra/text.ts", () => 'export const text = "never"; throw new Error("thrown at its start");');
		await waitUntil("what it threw is printed", () => dev.stderr().includes("thrown at its start"), promised);
		await expectServed("Its second text.", "/nowhere");
		await edit("worker/extra/text.ts", () => 'export const text = "Mended.";');
		await expectServed("Mended.", "/nowhere");
	});

	test("stdout never holds more than its first line", () => {
		expect(dev.stdout()).toBe(`${JSON.stringify(line)}\n`);
	});
});

describe("npm run dev", () => {
	test("says where the mistake is, and does not start, when the Worker does not compile", async () => {
		await using broken = await copyTree();
		await writeFile(join(broken.folder, "worker", "app.ts"), "export const app = ;");
		await using start = npmRunDev(broken.folder, ["--json", "--port", "0", "--tcp", "0"]);
		expect(await start.ended).toBe(1);
		expect(start.stderr()).toContain("worker/app.ts:1:19");
		expect(start.stdout()).toBe("");
	});
});
