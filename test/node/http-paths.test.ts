import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectProblem, getJson, headOf, postJson } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp } from "../helpers/tcp-client.ts";

let server: LocalServer;
let space: string;

beforeAll(async () => {
	server = await serveHere();
	space = `${server.url}/v1/spaces/paths`;
	await postJson(`${space}/channels/a/messages`, { data: 1 });
	const headers = { "content-type": "application/json" };
	await fetch(`${space}/collections/c/r`, { method: "PUT", headers, body: "{}" });
});
afterAll(() => server.stop());

function ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
	return fetch(server.url + path, { ...init, method, redirect: "manual" });
}

describe("a path that is not canonical", () => {
	test.each([
		["/health/", "/health"],
		["//health", "/health"],
		["/v1/spaces/", "/v1/spaces"],
		["//v1//spaces///", "/v1/spaces"],
		["/v1/sp%61ces/p%61ths", "/v1/spaces/paths"],
		["/v1/spaces/paths/?x=%61//b", "/v1/spaces/paths?x=%61//b"],
		["/v1/spaces/a%7Eb/channels/%2D", "/v1/spaces/a~b/channels/-"],
		["/v1/spaces/paths/channels/a/messages/?limit=1", "/v1/spaces/paths/channels/a/messages?limit=1"],
		["/v1/spaces/paths/collections/c/r/", "/v1/spaces/paths/collections/c/r"],
		["/\\evil.example/", undefined],
		["//evil.example/", undefined],
	])("%s leads to %s by 301 for GET and HEAD, by 308 for others", async (path, canonical) => {
		for (const [method, status] of [
			["GET", 301],
			["HEAD", 301],
			["POST", 308],
			["PUT", 308],
			["PATCH", 308],
			["DELETE", 308],
		] as const) {
			const response = await ask(method, path);
			const wanted = canonical === undefined ? [404, null] : [status, canonical];
			expect([method, response.status, response.headers.get("location")]).toEqual([method, ...wanted]);
			await response.arrayBuffer();
		}
	});

	test("is followed by fetch, and a POST arrives with its body", async () => {
		expect(await getJson(`${server.url}//health//`)).toEqual({ status: "ok", mode: "dev" });
		const response = await postJson(`${space}//channels/posted/messages/`, { data: "whole" });
		expect(response.status).toBe(201);
		expect(await getJson(`${space}/channels/posted/messages/1`)).toMatchObject({ data: "whole" });
	});

	test("leads a page of another origin too, whose preflight is not redirected", async () => {
		const origin = "http://localhost:5173";
		const preflight = await ask("OPTIONS", "/v1/spaces/", {
			headers: { origin, "access-control-request-method": "GET" },
		});
		expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
		const response = await ask("GET", "/v1/spaces/", { headers: { origin } });
		expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([301, origin]);
	});

	test.each([
		["DELETE", "/v1/spaces/paths/channels//messages"],
		["DELETE", "/v1/spaces//channels/a"],
		["GET", "/v1/spaces/paths/channels//messages"],
		["PUT", "/v1/spaces/paths/collections//r"],
	])("%s %s misses a name, and does nothing to what has the path without it", async (method, path) => {
		await postJson(`${space}/channels/messages/messages`, { data: "kept" });
		const head = await headOf(`${space}/channels/messages`);
		await expectProblem(await ask(method, path), "not_found");
		expect(await getJson(`${space}/channels/messages`)).toMatchObject({ floor: 1 });
		expect(await headOf(`${space}/channels/messages`)).toBe(head);
	});
});

describe("OPTIONS says what a path takes", () => {
	test.each([
		["/", "GET, HEAD, OPTIONS"],
		["/health", "GET, HEAD, OPTIONS"],
		["/openapi.json", "GET, HEAD, OPTIONS"],
		["/v1/exchange", "POST, OPTIONS"],
		["/v1/spaces", "GET, HEAD, OPTIONS"],
		["/v1/spaces/a", "GET, DELETE, HEAD, OPTIONS"],
		["/v1/spaces/a/channels/b", "GET, DELETE, HEAD, OPTIONS"],
		["/v1/spaces/a/channels/b/messages", "POST, GET, HEAD, OPTIONS"],
		["/v1/spaces/a/collections/b", "GET, POST, HEAD, OPTIONS"],
		["/v1/spaces/a/collections/b/c", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"],
	])("%s: %s", async (path, allow) => {
		const response = await ask("OPTIONS", path);
		expect([response.status, await response.text()]).toEqual([204, ""]);
		expect(response.headers.get("allow")).toBe(allow);
		expect(response.headers.get("accept-patch")).toBe(
			allow.includes("PATCH")
				? "application/merge-patch+json, application/json, application/xml, application/msgpack"
				: null,
		);
	});

	test("also of every path that the document knows", async () => {
		const { paths } = await getJson<{ paths: Record<string, object> }>(`${server.url}/openapi.json`);
		for (const [path, item] of Object.entries(paths)) {
			const response = await ask("OPTIONS", path.replaceAll(/\{\w+\}/g, "a"));
			const allowed = (response.headers.get("allow") ?? "").split(", ").sort();
			const methods = Object.keys(item).map((method) => method.toUpperCase());
			const more = methods.includes("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"];
			expect([path, ...allowed]).toEqual([path, ...[...methods, ...more].sort()]);
		}
	});

	test("and that there is nothing, but to a page's preflight, which must get to read the 404", async () => {
		await expectProblem(await ask("OPTIONS", "/nothing"), "not_found");
		const headers = { origin: "http://localhost:5173", "access-control-request-method": "GET" };
		const preflight = await ask("OPTIONS", "/nothing", { headers });
		expect([preflight.status, preflight.headers.get("allow")]).toEqual([204, null]);
	});

	test("and allows a page no method that does not exist here", async () => {
		const headers = { origin: "http://localhost:5173", "access-control-request-method": "PATCH" };
		const response = await ask("OPTIONS", "/v1/spaces/a/collections/b/c", { headers });
		const methods = response.headers.get("access-control-allow-methods")?.split(/, */).sort();
		expect(methods).toEqual(["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]);
	});
});

describe("a method that a path does not take", () => {
	test.each(["QUERY", "PROPFIND", "MKCOL", "PURGE", "SEARCH", "LOCK", "TRACE"])(
		"%s is a 405 problem with Allow, without asking the object",
		async (method) => {
			// By hand, because fetch refuses to send some of them.
			const { hostname: host, port } = new URL(server.url);
			for (const [path, allow] of [
				["/v1/spaces/paths", "GET, DELETE, HEAD, OPTIONS"],
				["/v1/exchange", "POST, OPTIONS"],
				["/health", "GET, HEAD, OPTIONS"],
			]) {
				using client = await connectTcp({ host, port: Number(port) });
				await client.send(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
				const [head = "", body = ""] = (await client.rest()).split("\r\n\r\n");
				expect(head).toMatch(/^HTTP\/1\.1 405 /);
				expect(head.toLowerCase()).toContain(`\r\nallow: ${allow?.toLowerCase()}`);
				expect(JSON.parse(body)).toMatchObject({ status: 405, code: "method_not_allowed" });
			}
		},
	);

	test.each(["FOO", "get", "G ET"])("%s, which is none at all, is refused by the runtime itself", async (method) => {
		const { hostname: host, port } = new URL(server.url);
		using client = await connectTcp({ host, port: Number(port) });
		await client.send(`${method} /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
		expect(await client.rest()).toMatch(/^HTTP\/1\.1 (?:400|501) /);
		expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
	});
});

describe("HEAD", () => {
	test("of every path that the document knows is what GET is, without a body", { timeout: 20_000 }, async () => {
		const { paths } = await getJson<{ paths: Record<string, Record<string, object>> }>(`${server.url}/openapi.json`);
		const known = { space: "paths", channel: "a", seq: "1", collection: "c", id: "r" };
		for (const [path, item] of Object.entries(paths)) {
			if (!item.get) continue;
			const url = path.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof known) => known[name]);
			const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => ask(method, url)));
			expect([url, head?.status]).toEqual([url, get?.status]);
			expect([url, await head?.text()]).toEqual([url, ""]);
			for (const name of ["content-type", "etag", "cache-control", "vary", "link", "allow"]) {
				expect([url, name, head?.headers.get(name)]).toEqual([url, name, get?.headers.get(name)]);
			}
			await get?.body?.cancel();
		}
	});

	test.each(["/v1/spaces/paths/channels/a/messages", "/v1/spaces/paths/socket"])(
		"of %s as an event stream opens none",
		async (path) => {
			const response = await ask("HEAD", path, { headers: { accept: "text/event-stream" } });
			expect([response.status, await response.text()]).toEqual([200, ""]);
			expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
			const { sockets } = await getJson<{ sockets: number }>(space);
			expect(sockets).toBe(0);
		},
	);
});
