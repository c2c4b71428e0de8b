import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RuntimeSettings, runtimeOptions } from "../../cli/runtime-options.ts";
import { buildWorker } from "../../tools/build.ts";
import { buildEdited } from "../helpers/edited-build.ts";
import { checkProblem, getJson, headOf, type Page, postJson } from "../helpers/http.ts";
import { type Knock, knock, upgradeHeaders } from "../helpers/knock.ts";
import { runPythonJson } from "../helpers/python.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { signToken, testSecret } from "../helpers/signing.ts";
import { connectTcp } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";

let server: TestServer;

beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server.stop());

/** Everything that somebody outside may try, each with the status that somebody at home gets. */
const doors: readonly (readonly [string, number, (url: string, headers: Record<string, string>) => Promise<Knock>])[] =
	[
		["the page", 200, (url, headers) => knock(url, headers)],
		["the health", 200, (url, headers) => knock(`${url}/health`, headers)],
		["the SDK", 200, (url, headers) => knock(`${url}/aerogram.js`, headers)],
		["the list of spaces", 200, (url, headers) => knock(`${url}/v1/spaces`, headers)],
		["history", 200, (url, headers) => knock(`${url}${messages}`, headers)],
		// From a place that is void, because a stream that opens does not end.
		["an event stream", 410, (url, headers) => knock(`${url}${messages}?after=000000000:1`, { ...events, ...headers })],
		["a socket", 101, (url, headers) => knock(`${url}/v1/spaces/default/socket`, { ...upgradeHeaders, ...headers })],
		["an exchange", 200, (url, headers) => post(`${url}/v1/exchange`, headers, '{"name":"a","message":"b"}')],
		["a publish", 201, (url, headers) => post(`${url}${messages}`, headers, '{"data":1}')],
		["a purge", 204, (url, headers) => knock(`${url}/v1/spaces/doors/channels/purged`, headers, { method: "DELETE" })],
		["a wipe", 204, (url, headers) => knock(`${url}/v1/spaces/wiped`, headers, { method: "DELETE" })],
	];
const events = { accept: "text/event-stream" };
const messages = "/v1/spaces/default/channels/exchange/messages";

function post(url: string, headers: Record<string, string>, body: string): Promise<Knock> {
	return knock(url, { "content-type": "application/json", ...headers }, { method: "POST", body });
}

/** Knocks at all doors with the same headers, by the name of each door. */
async function knockAtAll(url: string, headers: Record<string, string>): Promise<(readonly [string, Knock])[]> {
	return Promise.all(doors.map(async ([name, , at]) => [name, await at(url, headers)] as const));
}

async function expectClosed(headers: Record<string, string>, code: "not_configured" | "forbidden"): Promise<void> {
	const channel = `${server.url}/v1/spaces/default/channels/exchange`;
	const before = await headOf(channel);
	for (const [door, { status, headers: answered, body }] of await knockAtAll(server.url, headers)) {
		expect([door, status]).toEqual([door, code === "forbidden" ? 403 : 503]);
		expect(answered["content-type"]).toBe("application/problem+json");
		expect(answered["access-control-allow-origin"]).toBeUndefined();
		checkProblem(body, code);
	}
	expect(await headOf(channel)).toBe(before);
}

async function expectOpen(url: string, headers: Record<string, string>): Promise<void> {
	const answers = (await knockAtAll(url, headers)).map(([door, { status }]) => [door, status]);
	expect(answers).toEqual(doors.map(([name, status]) => [name, status]));
}

describe("in dev mode a Host that is not this machine finds every door closed", () => {
	test.each([
		"evil.example",
		"evil.example:8787",
		"localhost.evil.com",
		"127.0.0.1.nip.io",
		"notlocalhost",
		"192.168.1.5",
		"10.0.0.1:8787",
		"0.0.0.0",
		"128.0.0.1",
		"[::2]",
		"[::ffff:192.168.1.5]",
		// The first letter is Cyrillic.
		"сlocalhost",
		"lосalhost",
		"localhost:80:evil.example",
		"localhost/",
		"localhost@evil.example",
		"local host",
		"[::1",
		"::1]",
	])("%s", async (host) => {
		await expectClosed({ host }, "not_configured");
	});

	test.each([
		["mf-original-url", "http://localhost/v1/spaces"],
		["x-forwarded-host", "localhost"],
		["forwarded", "host=localhost"],
		["mf-original-hostname", "localhost"],
	])("whatever its header %s says", async (name, value) => {
		await expectClosed({ host: "evil.example", [name]: value }, "not_configured");
	});

	test("and neither it nor anybody at home finds what the runtime may keep for its own tools", async () => {
		const tools = ["explorer", "explorer/api", "platform-proxy", "scheduled", "email", "r2/s3", "r2/public"];
		for (const tool of tools) {
			const url = `${server.url}/cdn-cgi/local/${tool}`;
			checkProblem((await knock(url, { host: "evil.example" })).body, "not_configured");
			checkProblem((await knock(url, { origin: "https://evil.example" })).body, "forbidden");
			const home = { "mf-op": "GET", "mf-op-target": "env", "mf-op-secret": "0".repeat(32) };
			checkProblem((await knock(url, home)).body, "not_found");
		}
	});

	test.each(["localhost", "localhost:8787", "LOCALHOST", "127.0.0.1", "127.8.9.10:1", "[::1]:8787", "app.localhost"])(
		"while %s finds them open",
		async (host) => {
			await expectOpen(server.url, { host });
		},
	);

	test("also when Python's http.client names it", async () => {
		const ask = (host: string, path: string) =>
			runPythonJson<{ status: number; body: string }>("host.py", [...addressOf(server.url), host, "GET", path]);
		const foreign = await ask("rebound.example", messages);
		expect(foreign.status).toBe(503);
		expect(checkProblem(foreign.body, "not_configured").detail).toMatch(/localhost/);
		expect(await ask("localhost", messages)).toMatchObject({ status: 200 });
	});

	test("also when the request line names this machine", async () => {
		const [host, port] = addressOf(server.url);
		using client = await connectTcp({ host, port });
		const target = "http://localhost/v1/spaces";
		await client.send(`GET ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
		expect(await client.rest()).toMatch(/^HTTP\/1\.1 503 .*"code":"not_configured"/s);
	});
});

describe("in dev mode a page of a foreign Origin finds every door closed", () => {
	test.each([
		"https://evil.example",
		"http://localhost.evil.com",
		"http://127.0.0.1.nip.io",
		"http://localhost@evil.com",
		"http://localhost:pass@evil.com",
		"http://evil.com#.localhost",
		"http://evil.com?.localhost",
		"http://evillocalhost",
		"http://lосalhost:5173",
		"http://192.168.1.5",
		"http://0.0.0.0",
		"http://[::2]",
		"http://localhost/page",
		"null",
		"file://",
		"file://localhost",
		"chrome-extension://abcdefghijklmnop",
		"ftp://localhost",
		"ws://localhost",
		"localhost",
		"http://",
		"http://localhost http://evil.example",
	])("%s", async (origin) => {
		await expectClosed({ origin }, "forbidden");
	});

	test("and its preflight is refused", async () => {
		const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
		const { status, headers: answered } = await knock(`${server.url}/v1/exchange`, headers, { method: "OPTIONS" });
		expect(status).toBe(403);
		expect(answered["access-control-allow-origin"]).toBeUndefined();
	});

	test.each([
		"http://localhost:5173",
		"https://localhost",
		"http://127.0.0.1",
		"http://127.0.0.1:3000",
		"http://[::1]:8080",
		"http://app.localhost:3000",
	])("while a page of %s finds them open, and may read the answers", async (origin) => {
		await expectOpen(server.url, { origin });
		for (const [door, { status, headers }] of await knockAtAll(server.url, { origin })) {
			if (status !== 101) expect([door, headers["access-control-allow-origin"]]).toEqual([door, origin]);
		}
	});
});

describe("without dev mode and without keys", () => {
	let runtime: Miniflare;
	let url: string;

	beforeAll(async () => {
		runtime = await startRuntime({});
		url = (await runtime.unsafeGetDirectURL()).origin;
	});
	afterAll(() => runtime.dispose());

	test.each(["localhost", "edge.example.com"])("every door says what to set, whoever asks for %s", async (host) => {
		for (const [door, { status, body }] of await knockAtAll(url, { host })) {
			expect([door, status]).toEqual([door, 503]);
			expect(checkProblem(body, "not_configured").detail).toMatch(/AEROGRAM_DEV/);
		}
	});

	test("raw TCP says one line and ends", async () => {
		const socket = await runtime.dispatchConnect();
		socket.end('{"name": "a", "message": "b"}');
		expect(await text(socket)).toBe("Raw TCP is closed on this server.\r\n");
	});
});

describe("without dev mode, raw TCP that is open to tokens", () => {
	let runtime: Miniflare;

	beforeAll(async () => {
		const bundle = await buildEdited([
			{ file: "aerogram.config.ts", find: "tokens: false,", replace: "tokens: true," },
		]);
		runtime = await startRuntime({ keys: `main:${testSecret}` }, await readFile(bundle, "utf8"));
	});
	afterAll(() => runtime.dispose());

	/** Says lines at once, ends, and reads all answers. */
	async function converse(...lines: readonly string[]): Promise<readonly { status: string; code?: string }[]> {
		const socket = await runtime.dispatchConnect();
		socket.end(lines.join("\n"));
		const answers = await text(socket);
		return answers.split("\r\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as { status: string }]));
	}

	function auth(allow: string, more: Record<string, unknown> = {}): string {
		const claims = { sub: "ada", caps: [{ allow: [allow], on: "default/channels/exchange" }], ...more };
		return JSON.stringify({ auth: signToken({ claims }) });
	}

	const exchange = '{"name":"a","message":"b"}';

	test("stores for who shows one, in the name of its principal, and for no one else", async () => {
		expect(await converse(auth("publish"), exchange, exchange)).toMatchObject([
			{ status: "success" },
			{ status: "success" },
			{ status: "success" },
		]);
		expect(await converse(`{"auth":"main.${testSecret}"}`, exchange)).toMatchObject([{}, { status: "success" }]);
		expect(await converse(exchange, auth("publish"))).toMatchObject([{ code: "unauthorized" }, { status: "success" }]);
		expect(await converse('{"auth":"nonsense"}', exchange)).toMatchObject([
			{ code: "unauthorized" },
			{ code: "unauthorized" },
		]);
		expect(await converse(auth("subscribe"), exchange)).toMatchObject([{ status: "success" }, { code: "forbidden" }]);
		const seconds = Math.floor(Date.now() / 1_000);
		const ended = auth("publish", { iat: seconds - 100, exp: seconds - 40 });
		expect(await converse(ended, exchange)).toMatchObject([{ code: "token_expired" }, { code: "token_expired" }]);
		const { origin } = await runtime.unsafeGetDirectURL();
		const headers = { authorization: `Bearer main.${testSecret}` };
		const page = await getJson<Page>(`${origin}${messages}`, { headers });
		expect(page.messages.map(({ from }) => from)).toEqual(["ada", "ada", "key:main"]);
	});

	test("ends for whom was revoked since, at the next word", async () => {
		const socket = await runtime.dispatchConnect();
		let said = "";
		socket.on("data", (chunk) => {
			said += chunk;
		});
		socket.write(`${auth("publish", { jti: "lost" })}\n${exchange}\n`);
		await until(() => said.split("\r\n").length > 2, "two answers");
		expect(said).not.toMatch(/error/);
		const { origin } = await runtime.unsafeGetDirectURL();
		const main = { authorization: `Bearer main.${testSecret}` };
		expect((await postJson(`${origin}/v1/revocations`, { jti: "lost" }, main)).status).toBe(200);
		const ended = new Promise((resolve) => socket.once("end", resolve));
		for (let asked = 0; asked < 200 && !said.includes("error"); asked++) {
			socket.write(`${exchange}\n`);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		expect(said).toMatch(/"code":"token_revoked"/);
		await ended;
	});

	test("ends after the first word of who does not", async () => {
		const socket = await runtime.dispatchConnect();
		socket.write(exchange);
		expect(await text(socket)).toMatch(/^\{"status":"error","code":"unauthorized".*\}\r\n$/);
	});
});

describe("opened to whoever reaches it", () => {
	let runtime: Miniflare;
	let url: string;

	beforeAll(async () => {
		runtime = await startRuntime({ mode: "unsafe-open" });
		url = (await runtime.unsafeGetDirectURL()).origin;
	});
	afterAll(() => runtime.dispose());

	test("it answers any Host, and pages that it served itself", async () => {
		await expectOpen(url, { host: "box.lan:8787" });
		await expectOpen(url, { host: "box.lan:8787", origin: "http://box.lan:8787" });
	});

	test.each(["https://evil.example", "http://box.lan", "http://box.lan:8787.evil.example", "null"])(
		"it still refuses pages of %s",
		async (origin) => {
			for (const [door, { status }] of await knockAtAll(url, { host: "box.lan:8787", origin })) {
				expect([door, status]).toEqual([door, 403]);
			}
		},
	);
});

/** The Worker in a runtime of its own, which keeps nothing. */
async function startRuntime(more: Pick<RuntimeSettings, "mode" | "keys">, built?: string): Promise<Miniflare> {
	const worker = built ?? (await buildWorker()).worker;
	const settings = { worker, host: "127.0.0.1", port: 0, tcp: 0, data: "", ...more };
	const { resourcePersistencePath: _, ...options } = runtimeOptions(settings);
	return new Miniflare({ ...options, handleStructuredLogs() {} });
}

function addressOf(url: string): [string, number] {
	const { hostname, port } = new URL(url);
	return [hostname, Number(port)];
}
