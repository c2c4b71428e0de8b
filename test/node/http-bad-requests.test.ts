import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorCode } from "../../protocol/errors.ts";
import { encodeBody } from "../helpers/formats.ts";
import { checkProblem, expectProblem, getJson, headOf, publishAll } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp, type TcpClient } from "../helpers/tcp-client.ts";

let server: LocalServer;
let space: string;
let epoch: string;
/** A position of before the space was wiped. */
let wiped: string;

beforeAll(async () => {
	server = await serveHere();
	space = `${server.url}/v1/spaces/bad-requests`;
	wiped = await publishAll(`${space}/channels/log/messages`, [1, 2, 3]);
	await fetch(space, { method: "DELETE" });
	await publishAll(`${space}/channels/log/messages`, [1, 2, 3]);
	await put("a");
	({ epoch } = await getJson<{ epoch: string }>(space));
});
afterAll(() => server.stop());

function put(id: string): Promise<Response> {
	const headers = { "content-type": "application/json" };
	return fetch(`${space}/collections/docs/${id}`, { method: "PUT", headers, body: '{"here":"before"}' });
}

/** Runs what must leave everything as it is. */
async function changingNothing(work: () => Promise<void>): Promise<void> {
	const state = async () => [
		await getJson(`${space}/channels/log`),
		await headOf(`${server.url}/v1/spaces/default/channels/exchange`),
		await getJson(`${space}/collections/docs`),
	];
	const before = await state();
	await work();
	expect(await state()).toEqual(before);
	expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
}

/** Every route that reads a body. */
const writes = [
	["POST", "/v1/exchange"],
	["POST", "/v1/spaces/bad-requests/channels/log/messages"],
	["POST", "/v1/spaces/bad-requests/collections/docs"],
	["PUT", "/v1/spaces/bad-requests/collections/docs/a"],
	["PATCH", "/v1/spaces/bad-requests/collections/docs/a"],
] as const;
const good = { data: 1, name: "a", message: "b" };

describe.each(writes)("%s %s", (method, path) => {
	const ask = (headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer> = JSON.stringify(good)) =>
		fetch(server.url + path, { method, headers, body });

	test.each([
		"",
		"text/plain",
		"text/plain;charset=UTF-8",
		"text/html",
		"application/x-www-form-urlencoded",
		"multipart/form-data; boundary=a",
		"application/octet-stream",
		"application/jsonp",
		"application/json5",
		"text/json",
		"application/json, application/xml",
		"json",
		"*/*",
		"application/*",
		";",
		"application/yaml",
		"application/cbor",
	])("does not read the content type %j", async (type) => {
		await changingNothing(async () => {
			// Bytes have no content type of their own, which fetch would send for text.
			const body = Uint8Array.from(Buffer.from(JSON.stringify(good)));
			const response = await ask(type === "" ? {} : { "content-type": type }, body);
			await expectProblem(response, "unsupported_media_type");
			expect(response.headers.has("accept-patch")).toBe(method === "PATCH");
		});
	});

	test.each([
		["JSON that says UTF-16", "application/json; charset=utf-16", JSON.stringify(good)],
		["XML that says GBK", 'text/xml; charset="gbk"', "<a/>"],
		["JSON that is Latin-1", "application/json", Uint8Array.from(Buffer.from('{"data":"\xe9"}', "latin1"))],
	])("does not read %s", async (_, type, body) => {
		await changingNothing(
			async () => void (await expectProblem(await ask({ "content-type": type }, body), "bad_encoding")),
		);
	});

	test.each([
		["JSON that is XML", "application/json", encodeBody(good, "XML")],
		["XML that is JSON", "application/xml", encodeBody(good, "JSON")],
		["MessagePack that is JSON", "application/msgpack", encodeBody(good, "JSON")],
		["JSON that is MessagePack", "application/json", encodeBody(good, "MessagePack")],
		["nothing as JSON", "application/json", ""],
		["nothing as XML", "application/xml", ""],
		["nothing as MessagePack", "application/msgpack", ""],
	])("does not read %s", async (_, type, body) => {
		await changingNothing(async () => {
			const response = await ask({ "content-type": type }, body);
			const code = type === "application/json" && typeof body !== "string" ? "bad_encoding" : "malformed";
			await expectProblem(response, code);
		});
	});

	test.each(["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "rot13", "x"])(
		"does not unpack a body with the coding %s",
		async (coding) => {
			await changingNothing(async () => {
				const body = Uint8Array.from(gzipSync(JSON.stringify(good)));
				const headers = { "content-type": "application/json", "content-encoding": coding };
				await expectProblem(await ask(headers, body), "unsupported_media_type");
			});
		},
	);

	test.each([
		"text/html",
		"image/*",
		"application/json;q=0",
		"*/*;q=0",
		"nonsense",
		"text/event-stream",
		";;",
		"application/cbor",
	])("answers nobody who accepts only %s", async (accept) => {
		await changingNothing(async () => {
			await expectProblem(await ask({ "content-type": "application/json", accept }), "not_acceptable");
		});
	});

	test.each(["?x=1", "?ttl=1&ttl=1", "?data=1", "?=", "?__proto__=1", "?constructor"])(
		"does not know the query %s",
		async (query) => {
			await changingNothing(async () => {
				const init = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(good) };
				await expectProblem(await fetch(server.url + path + query, init), "bad_request");
			});
		},
	);

	test("does not believe two Idempotency-Keys, content types, codings or hosts", async () => {
		await changingNothing(async () => {
			const type = "Content-Type: application/json";
			for (const [status, ...lines] of [
				[400, type, "Idempotency-Key: a", "Idempotency-Key: b"],
				[400, type, "Idempotency-Key: a", "Idempotency-Key: a"],
				[415, type, type],
				[415, type, "Content-Type: application/xml"],
				[415, type, "Content-Encoding: identity", "Content-Encoding: gzip"],
				[503, type, "Host: evil.example"],
			] as const) {
				const [head, body] = await byHand(method, path, lines, JSON.stringify(good));
				expect([lines, head.split(" ")[1]]).toEqual([lines, `${status}`]);
				checkProblem(
					body,
					status === 415 ? "unsupported_media_type" : status === 503 ? "not_configured" : "bad_request",
				);
			}
		});
	});
});

test("two lengths, which say two things about where the next request starts, are refused by the runtime itself", async () => {
	await changingNothing(async () => {
		for (const [method, path] of writes) {
			using client = await open();
			const lines = ["Host: localhost", "Content-Type: application/json", "Content-Length: 3", "Content-Length: 38"];
			// As bytes: what the runtime says is no answer of ours, to be compared with the document.
			await client.send(
				Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${JSON.stringify(good)}`),
			);
			expect(await client.rest()).toMatch(/^HTTP\/1\.1 400 /);
		}
	});
});

/** Sends a request with headers as they stand, which fetch would join; resolves to the head and body of its answer. */
async function byHand(method: string, path: string, lines: readonly string[], body: string): Promise<[string, string]> {
	using client = await open();
	const own = ["Host: localhost", "Connection: close", `Content-Length: ${Buffer.byteLength(body)}`, ...lines];
	await client.send(`${method} ${path} HTTP/1.1\r\n${own.join("\r\n")}\r\n\r\n${body}`);
	const [head = "", rest = ""] = (await client.rest()).split("\r\n\r\n");
	return [head, rest];
}

function open(): Promise<TcpClient> {
	const { hostname: host, port } = new URL(server.url);
	return connectTcp({ host, port: Number(port) });
}

test("of two If-Match, a publish takes neither; a record takes either, as one list says it", async () => {
	const lines = ["Content-Type: application/json", `If-Match: "${epoch}:900"`, `If-Match: "${epoch}:901"`];
	await changingNothing(async () => {
		const [head, body] = await byHand("POST", "/v1/spaces/bad-requests/channels/log/messages", lines, '{"data":1}');
		expect(head).toMatch(/^HTTP\/1\.1 400 /);
		checkProblem(body, "bad_position");
		const [other, problem] = await byHand("PUT", "/v1/spaces/bad-requests/collections/docs/a", lines, "{}");
		expect(other).toMatch(/^HTTP\/1\.1 412 /);
		checkProblem(problem, "condition_failed");
	});
	await put("listed");
	const { rev } = await getJson<{ rev: number }>(`${space}/collections/docs/listed`);
	const matching = [...lines, `If-Match: "${epoch}:${rev}"`];
	const [head] = await byHand("PUT", "/v1/spaces/bad-requests/collections/docs/listed", matching, "{}");
	expect(head).toMatch(/^HTTP\/1\.1 200 /);
});

describe("what a path or a query cannot mean is refused", () => {
	const log = "/channels/log/messages";
	const docs = "/collections/docs";
	test.each<[string, string, ErrorCode]>([
		...[
			"limit=abc",
			"limit=",
			"limit=0",
			"limit=-1",
			"limit=1001",
			"limit=1.5",
			"limit=1e2",
			"limit=0x10",
			"limit=%20",
		].map((query): [string, string, ErrorCode] => ["GET", `${log}?${query}`, "bad_request"]),
		["GET", `${log}?limit=1&limit=2`, "bad_request"],
		["GET", `${log}?after=1&after=2`, "bad_request"],
		["GET", `${log}?limit[]=1`, "bad_request"],
		["GET", `${log}?Limit=1`, "bad_request"],
		["GET", `${log}?cursor=1`, "bad_request"],
		["GET", `${log}?order=up`, "bad_request"],
		["GET", `${log}?order=ASC`, "bad_request"],
		["GET", `${log}?since=yesterday`, "bad_request"],
		["GET", `${log}?since=-1`, "bad_request"],
		["GET", `${log}?since=99999999999999999`, "bad_request"],
		...[
			"x",
			"",
			"-1",
			"1.5",
			"EPOCH:",
			":1",
			"EPOCH:x",
			"EPOCH:-1",
			"EPOCH:1:2",
			"EPOCH 1",
			"9007199254740993",
			"%00",
		].flatMap((position): [string, string, ErrorCode][] => [
			["GET", `${log}?after=${position}`, "bad_position"],
			["GET", `${log}?before=${position}`, "bad_position"],
		]),
		["GET", `${log}?after=WIPED`, "position_expired"],
		["GET", `${log}?before=WIPED`, "position_expired"],
		["GET", `${log}?after=EPOCH:1000000`, "position_expired"],
		...["0", "01", "-1", "+1", "1.0", "1e0", "0x1", "abc", "9007199254740993", "%EF%BC%91", "1%00", "%201"].map(
			(seq): [string, string, ErrorCode] => ["GET", `${log}/${seq}`, "bad_request"],
		),
		["GET", `${log}/4`, "not_found"],
		["GET", `${docs}?limit=abc`, "bad_request"],
		["GET", `${docs}?limit=0`, "bad_request"],
		["GET", `${docs}?limit=1&limit=1`, "bad_request"],
		["GET", `${docs}?after=a`, "bad_request"],
		["GET", `${docs}?prefix=a/b`, "bad_request"],
		["GET", `${docs}?prefix=%00`, "bad_request"],
		...["x", "", "a", "EPOCH", "EPOCH:", ":a", "EPOCH:a/b", "EPOCH:%00"].map((cursor): [string, string, ErrorCode] => [
			"GET",
			`${docs}?cursor=${cursor}`,
			"bad_position",
		]),
		["GET", `${docs}?cursor=WIPEDEPOCH:a`, "position_expired"],
		...["%20", "a%2Fb", "a%00", "..%2F", "%E5%B0%8F", "a+b", ":a", "x".repeat(165), "%zz"].flatMap(
			(id): [string, string, ErrorCode][] => [
				["GET", `${docs}/${id}`, "bad_name"],
				["PUT", `${docs}/${id}`, "bad_name"],
				["DELETE", `${docs}/${id}`, "bad_name"],
				["GET", `/collections/${id}`, "bad_name"],
			],
		),
		["GET", `${docs}/absent`, "not_found"],
		["DELETE", `${docs}/absent`, "not_found"],
		["PATCH", `${docs}/absent`, "not_found"],
		...["0", "-1", "abc", "", "1.5", "1e3", "999999999999"].map((ttl): [string, string, ErrorCode] => [
			"PUT",
			`${docs}/a?ttl=${ttl}`,
			"bad_request",
		]),
		["PUT", `${docs}/a?TTL=1`, "bad_request"],
		["DELETE", `${docs}/a?ttl=1`, "bad_request"],
		["DELETE", `${docs}/a?force`, "bad_request"],
		["DELETE", "/channels/log?before=3", "bad_request"],
		["DELETE", "?confirm=no", "bad_request"],
		["GET", "?x=1", "bad_request"],
		["GET", "/channels?after=a&after=b", "bad_request"],
		["GET", "/channels/log?limit=1", "bad_request"],
		["GET", "/nothing?x=1", "not_found"],
	])("%s %s: %s", async (method, path, code) => {
		await changingNothing(async () => {
			const [before = ""] = wiped.split(":");
			const filled = path.replace("WIPEDEPOCH", before).replace("WIPED", wiped).replace("EPOCH", epoch);
			const body = method === "PUT" || method === "PATCH" ? "{}" : null;
			const headers = { "content-type": "application/json" };
			await expectProblem(await fetch(space + filled, { method, headers, body }), code);
		});
	});

	test.each(['"', "a", '"EPOCH:1', "EPOCH:1", '"a" "b"', '"EPOCH:1";', "*,*"])(
		"a condition that reads %j",
		async (condition) => {
			await changingNothing(async () => {
				const tags = condition.replace("EPOCH", epoch);
				for (const name of ["if-match", "if-none-match"]) {
					const init = { method: "PUT", headers: { "content-type": "application/json", [name]: tags }, body: "{}" };
					await expectProblem(await fetch(`${space}/collections/docs/a`, init), "bad_position");
				}
			});
		},
	);
});

test("after all of it the server has failed nowhere", () => {
	expect(server.log()).not.toMatch(/"failure"|"internal"|Error/);
});
