import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { type Bridge, startBridge } from "../helpers/bridge.ts";
import { runCli } from "../helpers/cli.ts";
import { headOf, readMessages } from "../helpers/http.ts";
import { watchListener } from "../helpers/processes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { connectTcp, exchangeText, greetingLine, readLine } from "../helpers/tcp-client.ts";

let server: TestServer;
let bridge: Bridge;
let channel: string;

beforeAll(async () => {
	server = await startServer();
	bridge = await startBridge(server.url);
	channel = `${server.url}/v1/spaces/default/channels/exchange`;
});
afterAll(async () => {
	await bridge.stop();
	await server.stop();
});

/** The names that were stored after a position. */
async function namesAfter(position: string): Promise<string[]> {
	const stored = await readMessages(`${channel}/messages`, position);
	return stored.map(({ data }) => (data as { readonly name: string }).name);
}

describe("aerogram tcp", () => {
	test("greets a silent client with the server's own greeting", async () => {
		using client = await connectTcp(bridge.address);
		expect((await client.read()).toString()).toBe(greetingLine);
	});

	test("stores a burst of a thousand values in its order, and answers each by its name", async () => {
		const before = await headOf(channel);
		const names = Array.from({ length: 1_000 }, (_, index) => `burst-${index}`);
		using client = await connectTcp(bridge.address);
		const sent = client.send(names.map((name) => exchangeText(name)).join("\n"));
		client.end();
		const heard = await client.rest();
		const answers = heard.replace(greetingLine, "").trimEnd().split("\r\n");
		await sent;
		expect(answers.map((line) => readLine(`${line}\r\n`).message)).toEqual(
			names.map((name) => `Hello, ${name}! Your message is stored.`),
		);
		expect(await namesAfter(before)).toEqual(names);
	});

	test("refuses the one value that the server refuses, and stores those around it, in order", async () => {
		const before = await headOf(channel);
		// Within what a value may be on raw TCP, and as JSON more than a message may be.
		const big = `<exchange><name>big</name><message>${'"'.repeat(limits.tcpValueBytes / 2 + 1_000)}</message></exchange>`;
		using client = await connectTcp(bridge.address);
		await client.send(`${exchangeText("a")}${exchangeText("b")}${big}${exchangeText("c")}`);
		client.end();
		const lines = (await client.rest()).trimEnd().split("\r\n");
		expect(lines).toHaveLength(4);
		expect(lines[2]).toMatch(/^<exchange><status>error<\/status><code>too_big<\/code><message>[^<]+<\/message>/);
		for (const index of [0, 1, 3]) expect(readLine(`${lines[index]}\r\n`).status).toBe("success");
		expect(await namesAfter(before)).toEqual(["a", "b", "c"]);
	});

	test("keeps a list together among single values", async () => {
		const before = await headOf(channel);
		using client = await connectTcp(bridge.address);
		const list = Array.from({ length: limits.batchMessages }, (_, index) => exchangeText(`l${index}`));
		await client.send(`${exchangeText("first")}[${list.join()}]${exchangeText("last")}`);
		client.end();
		const [first, listed, last, ...more] = (await client.rest()).trimEnd().split("\r\n");
		expect(more).toEqual([]);
		expect([first, last].map((line) => readLine(`${line}\r\n`).status)).toEqual(["success", "success"]);
		expect(JSON.parse(listed ?? "")).toHaveLength(limits.batchMessages);
		expect(await namesAfter(before)).toEqual(["first", ...list.map((_, index) => `l${index}`), "last"]);
	});

	test("answers with a refusal while the server is gone, and serves the same connection when it is back", async () => {
		await using own = await startServer();
		const other = await startBridge(own.url);
		using client = await connectTcp(other.address);
		await client.send(exchangeText("before"));
		expect(readLine(await client.read())).toMatchObject({ status: "success" });
		await own.kill();
		await client.send(exchangeText("meanwhile"));
		expect(readLine(await client.read())).toEqual({
			status: "error",
			code: "internal",
			message: "The server behind this port does not answer: this may be stored or not.",
		});
		await own.restart();
		await client.send(exchangeText("after"));
		expect(readLine(await client.read())).toMatchObject({ status: "success" });
		const stored = await readMessages(`${own.url}/v1/spaces/default/channels/exchange/messages`);
		expect(stored.map(({ data }) => (data as { readonly name: string }).name)).toEqual(["before", "after"]);
		await other.stop();
	});

	test("prints its address alone, and gives the port up when it is ended", async () => {
		const other = await startBridge(server.url);
		const { host, port } = other.address;
		using client = await connectTcp(other.address);
		const isGone = watchListener(port);
		expect(await other.stop()).toEqual({ code: 143, stdout: `${host}:${port}\n`, stderr: "" });
		expect(await isGone()).toBe(true);
		// On a busy machine it may have been silent for long enough to be greeted. Then its connection ends.
		while ((await client.read()).length > 0);
	});
});

describe("aerogram tcp does not start", () => {
	test("on a port that is in use", async () => {
		const { port } = bridge.address;
		const { code, stdout, stderr } = await runCli(["tcp", "--port", `${port}`], { url: server.url });
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toBe(`Port ${port} on 127.0.0.1 is in use: choose another with --port (0 = any).\n`);
	});

	test("in front of a server that is another one, or closed", async () => {
		const answers = [
			[200, '{"name":"nginx"}', /^network: http:\S+ is not an Aerogram server\.\n$/],
			[
				503,
				'{"code":"not_configured","detail":"This server is closed."}',
				/^not_configured: This server is closed\.\n$/,
			],
			[500, "oops", /^network: [^\n]+ Aerogram server\.\n$/],
		] as const;
		for (const [status, body, expected] of answers) {
			const stranger = createServer((_, response) => {
				response.writeHead(status, { "content-type": "application/json" }).end(body);
			}).listen(0, "127.0.0.1");
			await new Promise((resolve) => stranger.once("listening", resolve));
			const { port } = stranger.address() as AddressInfo;
			const { code, stdout, stderr } = await runCli(["tcp", "--port", "0", "--to", `http://127.0.0.1:${port}`]);
			stranger.close();
			expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
			expect(stderr).toMatch(expected);
		}
	});
});
