import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { checkProblem, getJson, headOf, postJson, publishAll } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp, type TcpClient } from "../helpers/tcp-client.ts";

let server: LocalServer;
let space: string;
let epoch: string;

beforeAll(async () => {
	server = await serveHere();
	space = `${server.url}/v1/spaces/slow`;
	await publishAll(`${space}/channels/log/messages`, ["here before"]);
	({ epoch } = await getJson<{ epoch: string }>(space));
});
afterAll(() => server.stop());

/** Runs what must store nothing. */
async function storingNothing(work: () => Promise<void>): Promise<void> {
	const before = await getJson(`${space}/channels/log`);
	await work();
	expect(await getJson(`${space}/channels/log`)).toEqual(before);
	expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
	expect(server.log()).not.toMatch(/"failure"|"internal"|Error/);
}

function open(): Promise<TcpClient> {
	const { hostname: host, port } = new URL(server.url);
	return connectTcp({ host, port: Number(port) });
}

describe("a body that does not come", () => {
	const head = (lines: string) =>
		`POST /v1/spaces/slow/channels/log/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${lines}\r\n\r\n`;

	test("keeps nobody waiting but its sender, and stores nothing when that goes away", { timeout: 30_000 }, async () => {
		await storingNothing(async () => {
			const slow: TcpClient[] = [];
			for (let count = 0; count < 20; count++) {
				const client = await open();
				await client.send(`${head("Content-Length: 100")}{"data":`);
				slow.push(client);
			}
			for (let round = 0; round < 10; round++) {
				for (const client of slow) await client.send(" ");
				const start = performance.now();
				const own = `${space}/channels/meanwhile`;
				expect((await postJson(`${own}/messages`, { data: round })).status).toBe(201);
				expect(await headOf(own)).toMatch(new RegExp(`:${round + 1}$`));
				expect(performance.now() - start).toBeLessThan(2_000);
			}
			for (const client of slow) client.socket.destroy();
		});
	});

	test("or comes a byte at a time, is stored when it is whole, once", async () => {
		const own = `${space}/channels/dribbled`;
		using client = await open();
		const body = '{"data":"你好"}';
		const lines = `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
		await client.send(head(lines).replace("/log/", "/dribbled/"));
		for (const byte of Buffer.from(body)) {
			expect(await headOf(own)).toBe(`${epoch}:0`);
			await client.send(Uint8Array.of(byte));
		}
		expect(await client.rest()).toMatch(/^HTTP\/1\.1 201 /);
		expect(await headOf(own)).toBe(`${epoch}:1`);
	});

	test.each([
		["breaks off in the middle of its length", "Content-Length: 100", '{"data":1}'],
		["breaks off in the middle of a chunk", "Transfer-Encoding: chunked", '64\r\n{"data":1}'],
		["breaks off before its last chunk", "Transfer-Encoding: chunked", 'a\r\n{"data":1}\r\n'],
		["has a chunk whose length is none", "Transfer-Encoding: chunked", 'a\r\n{"data":1}\r\nzz\r\n'],
	])("or %s, is not stored", async (_, lines, body) => {
		await storingNothing(async () => {
			using client = await open();
			await client.send(head(lines) + body);
			client.end();
			const answer = await client.rest();
			// Who half-closes in the middle may get no answer at all.
			if (answer !== "") {
				expect(answer).toMatch(/^HTTP\/1\.1 400 /);
				checkProblem(answer.split("\r\n\r\n")[1] ?? "", "malformed");
			}
		});
	});

	test("or is too big by far is refused when it is announced", async () => {
		await storingNothing(async () => {
			using client = await open();
			await client.send(head(`Connection: close\r\nContent-Length: ${1_000 * limits.bodyBytes}`));
			const answer = await client.rest();
			expect(answer).toMatch(/^HTTP\/1\.1 413 /);
			checkProblem(answer.split("\r\n\r\n")[1] ?? "", "too_big");
		});
	});
});

describe("a body that nobody reads does not keep its sender from reading why", () => {
	const big = new Uint8Array(8 * limits.bodyBytes);
	test.each([
		["POST", "/nothing", 404],
		["PUT", "/v1/exchange", 405],
		["POST", "/v1/exchange?x=1", 400],
		["POST", "/v1/spaces/slow/channels/a%20b/messages", 400],
		["DELETE", "/v1/spaces/slow/channels/other", 204],
	])("%s %s", async (method, path, status) => {
		for (let count = 0; count < 3; count++) {
			const response = await fetch(server.url + path, { method, body: big });
			expect([response.status, (await response.text()) === ""]).toEqual([status, status === 204]);
		}
	});

	test("which does not come, either", async () => {
		using client = await open();
		await client.send("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nbegun");
		expect((await client.read()).toString()).toMatch(/^HTTP\/1\.1 404 /);
	});
});
