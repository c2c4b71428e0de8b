import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { type InstalledPackage, installPackage } from "../helpers/installed-package.ts";
import { startPromiseServer } from "../helpers/promise-server.ts";

let installed: InstalledPackage;
let server: Awaited<ReturnType<typeof startPromiseServer>>;

beforeAll(async () => {
	server = await startPromiseServer();
	installed = await installPackage(["ws@8.23.0"]);
	await build({
		entryPoints: [join(projectFolder, "test/promises/run-installed.ts")],
		outfile: join(installed.folder, "promises.mjs"),
		bundle: true,
		format: "esm",
		platform: "node",
		target: "node20",
		external: ["aerogram", "aerogram/*", "ws"],
		logLevel: "error",
	});
});
afterAll(async () => {
	await server?.stop();
	await installed?.remove();
});

describe("the installed package, under PATH's own Node", () => {
	const ways = [
		["over WebSockets of ws, passed in", "websocket", "no streams, no polls"],
		["over SSE, where there is no WebSocket and nothing is said", "sse", "streams, no polls"],
		["over long-poll, where that is wanted", "long-poll", "no streams, polls"],
	] as const;
	test.each(ways)("keeps every promise %s", async (_, transport, used) => {
		const { stdout: version } = await installed.run("node", ["--version"]);
		const target = JSON.stringify({ url: server.url, cuttableUrl: server.cuttableUrl, cutUrl: server.cutUrl });
		const { stdout } = await installed.run("node", ["promises.mjs", target, transport]);
		const [ways, last] = stdout.trim().split("\n").slice(-2);
		console.log(`Node ${version.trim()}, ${transport}: ${last}`);
		expect(version).toMatch(/^v2[0-9]\./);
		expect(stdout).not.toContain("✗");
		expect(ways).toBe(used);
		expect(Number(/^(\d+) kept, 0 broken$/.exec(last ?? "")?.[1])).toBeGreaterThanOrEqual(40);
	});
});
