import { once } from "node:events";
import { access } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { npmRunDev, type ReadyLine } from "../helpers/dev-command.ts";
import { processTree, waitUntil } from "../helpers/processes.ts";
import { copyTree, type TreeCopy } from "../helpers/tree-copy.ts";

let tree: TreeCopy;
beforeAll(async () => {
	tree = await copyTree();
});
afterAll(() => tree[Symbol.asyncDispose]());

/** Any free ports, a data folder of the test's own. */
const anywhere = (name: string) => ["--port", "0", "--tcp", "0", "--data", join("data", name)];

async function status(url: string, host?: string): Promise<number | undefined> {
	const request = get(url, host === undefined ? {} : { headers: { host } });
	const [response] = (await once(request, "response")) as [IncomingMessage];
	await text(response);
	return response.statusCode;
}

describe("npm run dev", () => {
	test("with --json prints exactly one line on stdout, and serves what it says there", async () => {
		await using dev = npmRunDev(tree.folder, ["--json", ...anywhere("json")]);
		const line = await dev.ready;
		expect(Object.keys(line)).toEqual(["url", "tcp", "data"]);
		expect(line.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
		expect(line.tcp).toMatch(/^127\.0\.0\.1:\d+$/);
		expect(line.data).toBe(join(tree.folder, "data", "json"));
		expect(await status(`${line.url}/health`)).toBe(200);
		expect(await greeting(line)).toMatch(/^\S.*\r\n$/u);
		await access(line.data);
		process.kill(-dev.pid, "SIGTERM");
		await dev.ended;
		expect(dev.stdout()).toBe(`${JSON.stringify(line)}\n`);
	});

	test("without --json tells a person where it serves, where the data is and what to try", async () => {
		await using dev = npmRunDev(tree.folder, anywhere("person"));
		await waitUntil("the greeting is complete", () => dev.stdout().includes("Ctrl-C"));
		const url = /http:\/\/127\.0\.0\.1:\d+/.exec(dev.stdout())?.[0];
		expect(await status(`${url}/health`)).toBe(200);
		expect(dev.stdout()).toContain(join(tree.folder, "data", "person"));
		expect(dev.stdout()).toContain(`curl ${url}/v1/exchange`);
		const [http = "", tcp = ""] = dev.stdout().match(/^.*(?:HTTP and WebSocket|raw TCP)/gm) ?? [];
		expect(tcp).toMatch(/^ {2}127\.0\.0\.1:\d+ +raw TCP$/);
		expect(tcp.indexOf("raw TCP")).toBe(http.indexOf("HTTP and WebSocket"));
	});

	test("hands the Host header to the Worker as it came, so that a foreign one is refused", async () => {
		await using dev = npmRunDev(tree.folder, ["--json", ...anywhere("host")]);
		const { url } = await dev.ready;
		expect(await status(`${url}/health`, "rebound.example.com")).toBe(503);
		expect(await status(`${url}/health`, `localhost:${new URL(url).port}`)).toBe(200);
	});

	test("beyond loopback warns, and answers any Host", async () => {
		const open = ["--json", "--host", "0.0.0.0", "--unsafe-open"];
		await using dev = npmRunDev(tree.folder, [...open, ...anywhere("open")]);
		const { url } = await dev.ready;
		expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
		expect(await status(`${url}/health`, "rebound.example.com")).toBe(200);
		expect(dev.stderr()).toMatch(/^WARNING: --unsafe-open: whoever can reach .* can read, write and delete everything/);
	});

	test("with --tcp off serves no raw TCP", async () => {
		await using dev = npmRunDev(tree.folder, ["--json", "--port", "0", "--tcp", "off", "--data", "data/off"]);
		expect((await dev.ready).tcp).toBeNull();
	});

	test.each(["--port", "--tcp"])("says in one sentence that the port of %s is in use", async (flag) => {
		const taken = createServer().listen(0, "127.0.0.1");
		await once(taken, "listening");
		const { port } = taken.address() as AddressInfo;
		try {
			await using dev = npmRunDev(tree.folder, ["--json", ...anywhere("taken"), flag, String(port)]);
			expect(await dev.ended).toBe(1);
			expect(dev.stderr()).toMatch(
				new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use: choose another with ${flag} [^\\n]*\\.\\n$`),
			);
			expect(dev.stdout()).toBe("");
		} finally {
			taken.close();
		}
	});

	test("leaves a data folder alone that another server uses", async () => {
		await using first = npmRunDev(tree.folder, ["--json", ...anywhere("shared")]);
		await first.ready;
		await using second = npmRunDev(tree.folder, ["--json", ...anywhere("shared")]);
		expect(await second.ended).toBe(1);
		expect(second.stderr()).toMatch(/^The data folder .*shared is used by another server: [^\n]* --data\.\n$/);
	});

	test("exits with 2 and one sentence on a wrong option", async () => {
		await using dev = npmRunDev(tree.folder, ["--prot", "1"]);
		expect(await dev.ended).toBe(2);
		expect(dev.stderr()).toBe("Unknown option '--prot'; --help lists the options.\n");
		expect(dev.stdout()).toBe("");
	});

	test("explains every option with --help, and starts nothing", async () => {
		await using dev = npmRunDev(tree.folder, ["--help"]);
		expect(await dev.ended).toBe(0);
		for (const option of ["host", "port", "tcp", "data", "https", "json", "unsafe-open", "bundle", "help"]) {
			expect(dev.stdout()).toContain(`--${option} `);
		}
	});

	test("starts the runtime again on the same port when it crashes", async () => {
		await using dev = npmRunDev(tree.folder, ["--json", ...anywhere("crash")]);
		const { url } = await dev.ready;
		const runtime = processTree(dev.pid).find(({ name }) => name === "workerd");
		process.kill(runtime?.pid ?? 0, "SIGKILL");
		await waitUntil("it serves again", async () => (await status(`${url}/health`).catch(() => 0)) === 200);
	});
});

async function greeting({ tcp }: ReadyLine): Promise<string> {
	const socket = connect({ host: "127.0.0.1", port: Number(tcp?.split(":")[1]) });
	const [bytes] = (await once(socket, "data")) as [Buffer];
	socket.destroy();
	return bytes.toString();
}
