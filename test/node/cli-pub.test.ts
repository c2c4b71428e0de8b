import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { finish, runCli, runShell, startCli } from "../helpers/cli.ts";
import { readMessages } from "../helpers/http.ts";
import { waitUntil } from "../helpers/processes.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let url: string;

beforeAll(async () => {
	server = await serveHere();
	url = server.url;
});
afterAll(() => server.stop());

function messagesOf(channel: string) {
	return readMessages(`${url}/v1/spaces/pub/channels/${channel}/messages`);
}

async function dataOf(channel: string): Promise<unknown[]> {
	return (await messagesOf(channel)).map(({ data }) => data);
}

describe("aerogram pub", () => {
	test("stores one message with all that was said of it, and prints its position", async () => {
		const said = ["--name", "greeting", "--key", "k1", "--id", "m1"];
		const { code, stdout, stderr } = await runCli(["pub", "pub/one", '{"text":"你好"}', ...said], { url });
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).toMatch(/^[a-z0-9]+:1\n$/);
		expect(await messagesOf("one")).toMatchObject([
			{ seq: 1, data: { text: "你好" }, name: "greeting", key: "k1", id: "m1", from: "anonymous" },
		]);
	});

	test("takes --to before AEROGRAM_URL", async () => {
		const { code } = await runCli(["pub", "pub/to", "1", "--to", url], { url: "http://127.0.0.1:1" });
		expect(code).toBe(0);
		expect(await dataOf("to")).toEqual([1]);
	});

	test("stores text with --text, and data that begins with a minus after --", async () => {
		expect(await runCli(["pub", "pub/text", "--text", '{"no": json}'], { url })).toMatchObject({ code: 0 });
		expect(await runCli(["pub", "pub/text", "--", "-5"], { url })).toMatchObject({ code: 0 });
		expect(await dataOf("text")).toEqual(['{"no": json}', -5]);
	});

	test("stores 1,000 lines of stdin in their order, and prints as many positions in it", async () => {
		const lines = Array.from({ length: 1_000 }, (_, index) => `{"line":${index}}`);
		const { code, stdout, stderr } = await runCli(["pub", "pub/lines"], { url, input: lines.join("\n") });
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect((await dataOf("lines")).map((data) => JSON.stringify(data))).toEqual(lines);
		expect(
			stdout
				.trimEnd()
				.split("\n")
				.map((line) => Number(line.split(":")[1])),
		).toEqual(lines.map((_, index) => index + 1));
	});

	test("passes over empty lines of JSON and keeps those of text; a last line needs no end", async () => {
		expect(await runCli(["pub", "pub/empty", "-"], { url, input: '1\n\n  \r\n"two"\r\n3' })).toMatchObject({ code: 0 });
		expect(await dataOf("empty")).toEqual([1, "two", 3]);
		expect(await runCli(["pub", "pub/kept", "-", "--text"], { url, input: "one\n\n two \n" })).toMatchObject({
			code: 0,
		});
		expect(await dataOf("kept")).toEqual(["one", "", " two "]);
	});

	test("stores what came before a line that is no JSON, and nothing after it", async () => {
		const { code, stdout, stderr } = await runCli(["pub", "pub/broken"], { url, input: "1\n2\n{oops\n4\n" });
		expect(code).toBe(2);
		expect(stderr).toMatch(/^Line 3 cannot be read\. This is not JSON\.[^\n]*\n$/);
		expect(stdout.trimEnd().split("\n")).toHaveLength(2);
		expect(await dataOf("broken")).toEqual([1, 2]);
	});

	test("publishes a line as soon as it is there, and prints its position then", async () => {
		const child = startCli(["pub", "pub/typed"], { url });
		const result = finish(child);
		let seen = "";
		child.stdout.on("data", (chunk: Buffer) => {
			seen += chunk.toString();
		});
		for (let line = 1; line <= 3; line++) {
			child.stdin.write(`${line}\n`);
			await waitUntil(`position ${line}`, () => seen.split("\n").length > line);
			expect(await dataOf("typed")).toHaveLength(line);
		}
		child.stdin.end();
		expect(await result).toMatchObject({ code: 0, stderr: "" });
	});

	test("goes on publishing when nobody reads the positions", async () => {
		const { code } = await runShell("seq 500 | aerogram pub pub/unread | head -1", { url });
		expect(code).toBe(0);
		await waitUntil("all are stored", async () => (await dataOf("unread")).length === 500);
	});

	test("delivers an ephemeral message to who listens, stores nothing and prints nothing", async () => {
		const child = startCli(["sub", "pub/passing", "--from", "start", "--count", "2", "--json"], { url });
		const listening = finish(child);
		let seen = "";
		child.stdout.on("data", (chunk: Buffer) => {
			seen += chunk.toString();
		});
		await runCli(["pub", "pub/passing", '"stored"'], { url });
		await waitUntil("it listens", () => seen.includes("stored"));
		expect(await runCli(["pub", "pub/passing", '"gone"', "--ephemeral"], { url })).toEqual({
			code: 0,
			stdout: "",
			stderr: "",
		});
		const [, passing = ""] = (await listening).stdout.split("\n");
		expect(JSON.parse(passing)).toEqual({
			ephemeral: true,
			ts: expect.any(Number),
			from: "anonymous",
			data: "gone",
		});
		expect(await dataOf("passing")).toEqual(["stored"]);
	});
});

describe("what the server refuses is exit code 1 with its code and sentence in one line", () => {
	test("a message that is too big", async () => {
		const big = JSON.stringify("x".repeat(limits.messageBytes));
		const { code, stdout, stderr } = await runCli(["pub", "pub/big"], { url, input: `1\n${big}\n` });
		expect(code).toBe(1);
		expect(stdout).toMatch(/^\S+:1\n$/);
		expect(stderr).toMatch(/^too_big: Line 2: [^\n]+\n$/);
		expect(await dataOf("big")).toEqual([1]);
	});
});

describe("a server that cannot be reached is exit code 1 with one line, promptly:", () => {
	const commands = [
		["pub", "pub/chat", "1"],
		["sub", "pub/chat"],
		["get", "pub/carts/c1"],
		["put", "pub/carts/c1", "{}"],
		["patch", "pub/carts/c1", "{}"],
		["del", "pub/carts/c1"],
		["tcp", "--port", "0"],
	];

	test.concurrent.each(commands)("aerogram %s %s", async (...args) => {
		const { code, stdout, stderr } = await runCli(args, { url: "http://127.0.0.1:18" });
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toMatch(/^http:\/\/127\.0\.0\.1:18 cannot be reached \(ECONNREFUSED\): is it running[^\n]*\n$/);
	});

	test("one that speaks something else", async () => {
		const stranger = createServer((socket) => {
			// Whoever asked it for HTTP leaves without a good-bye.
			socket.on("error", () => {}).end("SSH-2.0-OpenSSH\r\n");
		}).listen(0, "127.0.0.1");
		await new Promise((resolve) => stranger.once("listening", resolve));
		const address = stranger.address();
		const there = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
		const { code, stderr } = await runCli(["pub", "pub/chat", "1"], { url: there });
		stranger.close();
		expect(code).toBe(1);
		expect(stderr).toMatch(/^http:\/\/\S+ cannot be reached \([^\n]*\n$/);
	});
});
