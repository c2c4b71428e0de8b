import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { errorRow } from "../../protocol/errors.ts";
import { getJson, postJson } from "../helpers/http.ts";
import { knock } from "../helpers/knock.ts";
import { failOnFindings, sharedInspector } from "../helpers/openapi/inspector.ts";
import { forgetServer, noteServer } from "../helpers/openapi/servers.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp } from "../helpers/tcp-client.ts";

const asJson = { "content-type": "application/json" };
const asXml = { "content-type": "application/xml; charset=utf-8" };
const asProblem = { "content-type": "application/problem+json" };
const asEvents = { "content-type": "text/event-stream" };
const asScript = { "content-type": "text/javascript; charset=utf-8" };
const xml = '<spaces><spaces type="array"/><colour/></spaces>';
const messages = "/v1/spaces/a/channels/c/messages";

/** What the server of these tests answers next. */
let next: RequestListener = (_, response) => response.end();
const liar = createServer((request, response) => next(request, response));
let liarUrl = "";
let server: LocalServer;

beforeAll(async () => {
	await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
	liarUrl = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
	noteServer(liarUrl, { invented: true });
	server = await serveHere();
});
afterAll(async () => {
	forgetServer(liarUrl);
	liar.close();
	await server.stop();
});

/** Asks a server that answers what it is told to; resolves to what the inspector says of that. */
async function ask(path: string, status: number, headers: Record<string, string>, body: string | Uint8Array = "") {
	next = (_, response) => response.writeHead(status, headers).end(body);
	const response = await fetch(liarUrl + path);
	await response.bytes();
	return (await sharedInspector()?.takeFindings())?.join("\n") ?? "nobody looked";
}

function problem(code: "bad_name" | "condition_failed", more: object = {}): string {
	const { status, title } = errorRow(code);
	const request = "9f0d6c1e-9f0d-4f0d-8f0d-9f0d6c1e9f0d";
	return JSON.stringify({ type: "about:blank", title, status, detail: "So it is.", code, request, ...more });
}

describe("what is answered is compared with /openapi.json, and stands out by", () => {
	test.each([
		["a status", "/v1/spaces", 418, asJson, "{}", "418 with 418; listSpaces has only 200,"],
		["a field", "/v1/spaces", 200, asJson, '{"spaces":[],"colour":1}', "additional properties (colour)"],
		["a field in XML", "/v1/spaces", 200, asXml, xml, "additional properties (colour)"],
		["a type of a field", "/v1/spaces/a", 200, asJson, '{"name":7}', "/name must be string"],
		["a missing field", "/v1/spaces/a", 200, asJson, "{}", "must have required property 'epoch'"],
		["a content type", "/v1/spaces", 200, { "content-type": "text/plain" }, "a", "as text/plain; #/paths/~1v1~1spaces"],
		["no content type", "/v1/spaces", 200, {}, "a", "as no content type"],
		["a body that is none of its type", "/v1/spaces", 200, asJson, "{", "that is not application/json"],
		["a missing header", "/aerogram.js", 200, asScript, "", "without the header ETag"],
		["the value of a header", "/aerogram.js", 200, { ...asScript, etag: "7" }, "", "with ETag: 7, which"],
		["a header", "/v1/spaces", 200, { ...asJson, location: "/x" }, '{"spaces":[]}', "the undocumented header location"],
		["a code", "/v1/spaces/a", 412, asProblem, problem("condition_failed"), "readSpace has only"],
		[
			"a code beside another",
			"/v1/spaces/a",
			400,
			asProblem,
			problem("bad_name", { code: "too_deep" }),
			"/code must be",
		],
		[
			"a member of a problem",
			"/v1/spaces/a",
			400,
			asProblem,
			problem("bad_name", { stack: "at" }),
			"properties (stack)",
		],
		["a path", "/v1/nowhere", 200, asJson, "{}", "200 with 200, where the document has no such path"],
		["an event", messages, 200, asEvents, 'id: 1\n\nevent: colour\ndata: {"a":1}\n\n', "an undocumented event colour"],
		["the data of an event", messages, 200, asEvents, 'data: {"seq":1}\n\n', "must have required property 'ts'"],
	] as const)("%s", async (_, path, status, headers, body, finding) => {
		expect(await ask(path, status, headers, body)).toContain(finding);
	});

	test("a field in MessagePack", async () => {
		const body = encodeMessagePack({ spaces: [], colour: 1 });
		if (!body.ok) throw new Error(body.fault.message);
		expect(await ask("/v1/spaces", 200, { "content-type": "application/msgpack" }, body.value)).toContain("(colour)");
	});

	test("a status, also where a test speaks HTTP without fetch", async () => {
		next = (_, response) => response.writeHead(418, { ...asJson, "x-content-type-options": "nosniff" }).end("{}");
		await knock(`${liarUrl}/v1/spaces`, {});
		using client = await connectTcp({ host: "127.0.0.1", port: Number(new URL(liarUrl).port) });
		await client.send("GET /v1/spaces/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
		await client.rest();
		const findings = await sharedInspector()?.takeFindings();
		expect(findings).toEqual([
			expect.stringMatching(/^GET \/v1\/spaces was answered 418 with 418/),
			expect.stringMatching(/^GET \/v1\/spaces\/a was answered 418 with 418/),
		]);
	});

	test("nothing, where it is as described", async () => {
		expect(await ask("/aerogram.js", 200, { ...asScript, etag: `"${"0a".repeat(20)}"` }, "export {}")).toBe("");
		expect(await ask("/v1/spaces", 200, asJson, '{"spaces":["a"]}')).toBe("");
		expect(await ask("/v1/spaces/a%20b", 400, asProblem, problem("bad_name"))).toBe("");
	});
});

test("a finding fails the test that asked", async () => {
	next = (_, response) => response.writeHead(418).end();
	await fetch(`${liarUrl}/v1/spaces`);
	await expect(failOnFindings()).rejects.toThrow("not as /openapi.json says:\nGET /v1/spaces was answered 418");
	await expect(failOnFindings()).resolves.toBeUndefined();
});

test("a body that is cut off, and one that never comes whole, hold no test up", async () => {
	next = (_, response) => {
		response.writeHead(200, asJson);
		response.write('{"spaces":');
	};
	const abort = new AbortController();
	const response = await fetch(`${liarUrl}/v1/spaces`, { signal: abort.signal });
	abort.abort();
	await expect(response.text()).rejects.toThrow();
	await fetch(`${liarUrl}/v1/spaces`);
	const started = performance.now();
	await failOnFindings();
	expect(performance.now() - started).toBeLessThan(5_000);
	liar.closeAllConnections();
});

test("programs that are no server of ours may answer what they like", async () => {
	forgetServer(liarUrl);
	expect(await ask("/v1/spaces", 418, {})).toBe("");
	noteServer(liarUrl, { invented: true });
});

test("the served document is the one that answers are compared with, and is not sent twice", async () => {
	const response = await fetch(`${server.url}/openapi.json`, { headers: { accept: "application/xml" } });
	expect(response.headers.get("content-type")).toBe("application/json");
	expect(await response.json()).toEqual(inject("openapi"));
	const tag = response.headers.get("etag") ?? "";
	const again = await fetch(`${server.url}/openapi.json`, { headers: { "if-none-match": `"other", ${tag}` } });
	expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", tag]);
	const head = await fetch(`${server.url}/openapi.json`, { method: "HEAD" });
	expect([head.status, head.headers.get("etag")]).toEqual([200, tag]);
});

test("a server of ours is looked at: its answers are read, whether the test reads them or not", async () => {
	const found = await postJson(`${server.url}/v1/spaces/a/channels/c/messages`, { data: { any: ["thing"] } });
	expect(found.status).toBe(201);
	expect(await getJson(`${server.url}/v1/spaces/a`)).toMatchObject({ name: "a" });
	expect(await sharedInspector()?.takeFindings()).toEqual([]);
});
