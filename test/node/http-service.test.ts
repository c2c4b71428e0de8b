import { afterAll, beforeAll, describe, expect, test } from "vitest";
import config from "../../aerogram.config.ts";
import { expectProblem, getJson, postJson } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

let server: TestServer;

beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server.stop());

describe("GET /", () => {
	test.each([
		["a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
		["curl", "*/*"],
	])("is a page for %s, which may load and reach nothing but its own origin", async (_, accept) => {
		const response = await fetch(server.url, { headers: { accept } });
		expect(response.status).toBe(200);
		expect(response.headers.get("content-type")).toMatch(/^text\/html; charset=utf-8/i);
		expect(response.headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
		expect(response.headers.get("vary")).toMatch(/accept/i);
		expect(await response.text()).toMatch(/^<!doctype html>/i);
	});

	test("is the service document for who accepts JSON, and each of its paths leads somewhere", async () => {
		const response = await fetch(server.url, { headers: { accept: "application/json" } });
		expect(response.headers.get("content-type")).toMatch(/^application\/json/);
		expect(response.headers.get("vary")).toMatch(/accept/i);
		const { name, greeting, collections, ...paths } = (await response.json()) as Record<string, string>;
		expect(name).toBe("aerogram");
		expect(greeting).toBe(config.greeting);
		expect(collections).toBe("/v1/spaces/{space}/collections/{collection}");
		expect(Object.keys(paths).sort()).toEqual(["docs", "exchange", "health", "openapi", "sdk", "spaces"]);
		for (const path of Object.values(paths)) expect((await fetch(server.url + path)).status).not.toBe(404);
	});
});

test("GET /health is 200 with JSON", async () => {
	const response = await fetch(`${server.url}/health`);
	expect(response.status).toBe(200);
	expect(await response.json()).toEqual({ status: "ok", mode: "dev" });
});

test.each([
	["/aerogram.js is the SDK", "Aerogram"],
	["/aerogram-http.js is what that loads where there is no WebSocket", "httpTransports"],
	["/aerogram-live.js is what that loads for presence, watches and calls", "Live"],
])("GET %s, as one module that a page can import", async (sentence, name) => {
	const response = await fetch(`${server.url}${sentence.split(" ")[0]}`);
	expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
	const code = await response.text();
	expect(code).not.toMatch(/\bfrom\s*"|\brequire\(/);
	const module = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Record<string, unknown>;
	expect(module[name]).toBeTypeOf("function");
});

describe("GET /v1/spaces", () => {
	test("lists every space that was written to, in order and page by page, and stays so after a restart", async () => {
		const names = ["zebra", "a", "a:b", "default", "Z"].sort();
		for (const name of names) {
			await postJson(`${server.url}/v1/spaces/${name}/channels/c/messages`, { data: 1 });
			await postJson(`${server.url}/v1/spaces/${name}/channels/d/messages`, { data: 2 });
		}
		await getJson(`${server.url}/v1/spaces/only-read`);
		const list = async (query = "") => (await getJson<{ spaces: string[] }>(`${server.url}/v1/spaces${query}`)).spaces;
		await until(async () => (await list()).length >= names.length, "all spaces to be listed");
		expect(await list()).toEqual(names);
		expect(await list("?after=a")).toEqual(["a:b", "default", "zebra"]);
		await server.restart();
		expect(await list()).toEqual(names);
	});

	test("one space tells its name, its epoch and what it holds", async () => {
		const info = await getJson<{ bytes: number }>(`${server.url}/v1/spaces/zebra`);
		expect(info).toMatchObject({ name: "zebra", epoch: expect.stringMatching(/^[a-z0-9]{17}$/), sockets: 0 });
		expect(info.bytes).toBeGreaterThan(0);
	});
});

describe("what is not there", () => {
	test.each([
		["GET", "/nothing"],
		["GET", "/v1"],
		["GET", "/v1/nothing"],
		["POST", "/v1/spaces/a/channels/b/messages/1/2"],
		["GET", "/v1/spaces/a/channels//messages"],
		["DELETE", "/v2/spaces/a"],
	])("%s %s is a 404 problem with a request id of its own", async (method, path) => {
		const [one, two] = await Promise.all(
			[1, 2].map(async () => expectProblem(await fetch(server.url + path, { method }), "not_found")),
		);
		expect(one?.request).not.toBe(two?.request);
	});

	test.each([
		["GET", "/v1/exchange", "POST, OPTIONS"],
		["PUT", "/v1/exchange", "POST, OPTIONS"],
		["POST", "/", "GET, HEAD, OPTIONS"],
		["POST", "/health", "GET, HEAD, OPTIONS"],
		["DELETE", "/v1/spaces", "GET, HEAD, OPTIONS"],
		["PATCH", "/v1/spaces/a", "GET, DELETE, HEAD, OPTIONS"],
		["PUT", "/v1/spaces/a/channels/b", "GET, DELETE, HEAD, OPTIONS"],
		["DELETE", "/v1/spaces/a/channels/b/messages", "POST, GET, HEAD, OPTIONS"],
		["POST", "/v1/spaces/a/channels/b/messages/7", "GET, HEAD, OPTIONS"],
		["DELETE", "/v1/spaces/a/socket", "GET, POST, HEAD, OPTIONS"],
	])("%s %s is a 405 problem that allows %s", async (method, path, allow) => {
		const response = await fetch(server.url + path, { method });
		await expectProblem(response, "method_not_allowed");
		expect(response.headers.get("allow")).toBe(allow);
	});

	test("a WebSocket's path without an upgrade, or with a subprotocol that nobody speaks, says so", async () => {
		await expectProblem(await fetch(`${server.url}/v1/spaces/a/socket`), "bad_request");
		await new Promise((resolve) => {
			const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/spaces/a/socket`, "other.v1");
			socket.addEventListener("error", resolve);
			socket.addEventListener("open", () => resolve(expect.unreachable("it opened")));
		});
	});
});

describe("HEAD", () => {
	test.each([
		"/",
		"/health",
		"/aerogram.js",
		"/aerogram-http.js",
		"/aerogram-live.js",
		"/v1/spaces",
		"/v1/spaces/a/channels/c",
		"/v1/spaces/a/channels/c/messages/1",
	])("of %s answers as GET does, without a body", async (path) => {
		const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => fetch(server.url + path, { method })));
		expect(head?.status).toBe(200);
		expect(await head?.text()).toBe("");
		for (const name of ["content-type", "etag", "cache-control", "vary"]) {
			expect([name, head?.headers.get(name)]).toEqual([name, get?.headers.get(name)]);
		}
	});

	test("of what is not there is 404, and of what takes no GET 405, without a body", async () => {
		for (const [path, status] of [
			["/nothing", 404],
			["/v1/exchange", 405],
		] as const) {
			const response = await fetch(server.url + path, { method: "HEAD" });
			expect([response.status, await response.text()]).toEqual([status, ""]);
		}
	});
});

describe("a page of this machine, served from another port", () => {
	const origin = "http://localhost:5173";

	test("gets a preflight that allows all it may send", async () => {
		const asked =
			"content-type, idempotency-key, if-lock, if-match, if-none-match, last-event-id, prefer, authorization";
		const response = await fetch(`${server.url}/v1/spaces/a/channels/c/messages`, {
			method: "OPTIONS",
			headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": asked },
		});
		expect(response.status).toBe(204);
		expect(response.headers.get("access-control-allow-origin")).toBe(origin);
		const allowed = response.headers.get("access-control-allow-headers")?.toLowerCase().split(/,\s*/);
		expect(allowed?.sort()).toEqual(asked.split(", ").sort());
		const methods = response.headers.get("access-control-allow-methods")?.split(/,\s*/);
		for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]) expect(methods).toContain(method);
	});

	test("may read answers, refusals and their headers, and caches keep origins apart", async () => {
		const messages = `${server.url}/v1/spaces/a/channels/cors/messages`;
		for (const [body, status] of [
			[{ data: 1 }, 201],
			[{}, 400],
		] as const) {
			const response = await postJson(messages, body, { origin });
			expect(response.status).toBe(status);
			expect(response.headers.get("access-control-allow-origin")).toBe(origin);
			expect(response.headers.get("vary")).toMatch(/origin/i);
			const exposed = response.headers.get("access-control-expose-headers")?.toLowerCase().split(/,\s*/);
			for (const name of ["etag", "link", "location", "retry-after", "idempotency-replayed"]) {
				expect(exposed).toContain(name);
			}
		}
	});
});

test("what is answered below /v1 is not stored by caches and not sniffed", async () => {
	for (const path of ["/v1/spaces", "/v1/spaces/a/channels/c", "/v1/spaces/a/channels/c/messages", "/v1/nothing"]) {
		const { headers } = await fetch(server.url + path);
		expect([path, headers.get("cache-control")]).toEqual([path, "no-store"]);
		expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
	}
});
