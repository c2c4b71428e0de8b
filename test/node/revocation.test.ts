import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintToken } from "../../sdk/server.ts";
import { runCli } from "../helpers/cli.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { expectProblem, postJson } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { otherSecret, testSecret } from "../helpers/signing.ts";
import { until } from "../helpers/until.ts";

const keys = `main:${testSecret} stolen:${otherSecret}`;
const capabilities = [{ allow: ["publish", "subscribe", "history"], on: "**/channels/**" }] as const;
const main = `main.${testSecret}`;
/** What the documents promise, in milliseconds. */
const promised = 5_000;

let server: TestServer;

beforeAll(async () => {
	server = await startServer({ env: { AEROGRAM_KEYS: keys }, args: ["--closed"] });
});
afterAll(() => server?.stop());

function bearer(credential: string): Record<string, string> {
	return { authorization: `Bearer ${credential}` };
}

function mint(sub: string, key = keys): Promise<string> {
	return mintToken(key, { sub, capabilities, ttl: 600 });
}

function revoke(what: unknown, credential = main): Promise<Response> {
	return postJson(`${server.url}/v1/revocations`, what, bearer(credential));
}

/**
 * A socket, and the code with which it is ended: that of its `bye`, which comes just before the close frame. The runtime ends the
 * connection below it only when the object sleeps.
 */
async function connect(space: string, token: string) {
	const socket = new WebSocket(`${server.socketUrl}/v1/spaces/${space}/socket`, ["aerogram.v1", `bearer.${token}`]);
	const ended = new Promise<string>((resolve) =>
		socket.addEventListener("message", ({ data }) => {
			const { t, code } = JSON.parse(data) as { t: string; code: string };
			if (t === "bye") resolve(code);
		}),
	);
	await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
	return { socket, ended };
}

async function status(token: string): Promise<number> {
	const response = await postJson(`${server.url}/v1/spaces/r/channels/c/messages`, { data: 1 }, bearer(token));
	await response.arrayBuffer();
	return response.status;
}

describe("whatever was issued to a principal until now", () => {
	test("is refused, and its sockets in 100 spaces are closed, within 5 s; others go on", async () => {
		const token = await mint("eve");
		const spaces = Array.from({ length: 100 }, (_, index) => `revoke-${index}`);
		const sockets = await Promise.all(spaces.map((space) => connect(space, token)));
		const other = await connect("revoke-0", await mint("ada"));
		expect(await status(token)).toBe(201);

		const started = performance.now();
		expect(await (await revoke({ sub: "eve" })).json()).toMatchObject({ kind: "sub", name: "eve" });
		const codes = await Promise.all(sockets.map(({ ended }) => ended));
		const closed = performance.now() - started;
		await until(async () => (await status(token)) === 401, "HTTP to refuse it");
		const refused = performance.now() - started;
		console.log(`closed 100 sockets after ${Math.round(closed)} ms, refused HTTP after ${Math.round(refused)} ms`);
		expect(new Set(codes)).toEqual(new Set(["token_revoked"]));
		expect(Math.max(closed, refused)).toBeLessThan(promised);

		await expectProblem(
			await fetch(`${server.url}/v1/spaces/r/channels/c/messages`, { headers: bearer(token) }),
			"token_revoked",
		);
		expect(await status(await mint("ada"))).toBe(201);
		expect(other.socket.readyState).toBe(WebSocket.OPEN);
		other.socket.close();
		// A token of the second after is another one.
		await sleep(1_000);
		expect(await status(await mint("eve"))).toBe(201);
	});
});

test("one token is refused, and what it opened ends: an event stream, and the one of a ticket", async () => {
	const token = await mintToken(keys, { sub: "bob", capabilities, ttl: 600, jti: "t-1" });
	const messages = "/v1/spaces/streams/channels/c/messages";
	const events = { accept: "text/event-stream" };
	const asked = await postJson(`${server.url}/v1/tickets`, { path: messages }, bearer(token));
	const { url } = (await asked.json()) as { url: string };
	const readers = await Promise.all(
		[fetch(`${server.url}${messages}`, { headers: { ...events, ...bearer(token) } }), openTicket()].map(
			async (response) => new EventReader((await response).body),
		),
	);
	function openTicket() {
		return fetch(`${server.url}${url}`, { headers: events });
	}
	for (const reader of readers) await reader.until(() => reader.lastId !== "", "the stream to open");
	expect((await revoke({ jti: "t-1" })).status).toBe(200);
	for (const reader of readers) await reader.until(() => reader.ended !== undefined, "the stream to end");
	await until(async () => (await status(token)) === 401, "HTTP to refuse it");
	await expectProblem(await openTicket(), "token_revoked");
	expect(await status(await mint("bob"))).toBe(201);
});

test("a key is refused with all that it signed, by the command line, also after a crash; other keys go on", async () => {
	const token = await mint("mallory", `stolen:${otherSecret}`);
	const { ended } = await connect("stolen", token);
	const said = await runCli(["revoke", "--key", "stolen"], { url: server.url, env: { AEROGRAM_TOKEN: main } });
	expect(said).toMatchObject({ code: 0, stdout: '{"kind":"key","name":"stolen"}\n' });
	expect(await ended).toBe("token_revoked");
	await until(async () => (await status(token)) === 401, "HTTP to refuse it");
	await server.restart();
	expect(await status(token)).toBe(401);
	expect(await status(`stolen.${otherSecret}`)).toBe(401);
	expect(await status(main)).toBe(201);
	const reconnected = await connect("stolen", token);
	expect(await reconnected.ended).toBe("token_revoked");
});

test.each([
	["nothing", {}],
	["two things", { sub: "a", jti: "b" }],
	["no object", []],
	["a principal that no token has", { sub: "anonymous" }],
	["a key by its principal", { sub: "key:main" }],
	["an id that no key has", { key: "a.b" }],
])("nothing is revoked by %s", async (_, what) => {
	await expectProblem(await revoke(what), "bad_request");
});

test("and by nobody who may not do everything", async () => {
	const token = await mintToken(keys, { sub: "ada", capabilities: [{ allow: ["admin"], on: "team/*/**" }] });
	await expectProblem(await revoke({ sub: "eve" }, token), "forbidden");
});
