import { describe, expect, test } from "vitest";
import { isAerogramError } from "../../../sdk/index.ts";
import { json, problem, setUpHttp } from "./helpers/fake-fetch.ts";

describe("a request", () => {
	test.each([
		["/v1/spaces", "/below/v1/spaces"],
		["v1/spaces?after=a", "/below/v1/spaces?after=a"],
		["https://edge.test/other", "/other"],
		["", "/below/"],
	])("to %j goes to the server the client was made with", async (path, expected) => {
		const { http, sent } = setUpHttp([json({})]);
		await http.get(path);
		expect(sent.map((request) => request.path)).toEqual([expected]);
	});

	test.each([
		"https://other.test/v1/spaces",
		"http://edge.test/v1/spaces",
		"//other.test/v1/spaces",
		"https://edge.test:444/",
		"file:///etc/hosts",
		"a:b",
	])("to another origin is refused, and nothing is sent: %s", async (path) => {
		const { http, sent } = setUpHttp([json({})]);
		await expect(http.get(path)).rejects.toMatchObject({ code: "bad_request", retryable: false });
		expect(sent).toEqual([]);
	});

	test("may be given as a URL, which is held to the same", async () => {
		const { http, sent } = setUpHttp([json({})]);
		await http.get(new URL("https://edge.test/below/v1/spaces"));
		await expect(http.get(new URL("https://other.test/below/v1/spaces"))).rejects.toMatchObject({
			code: "bad_request",
		});
		expect(sent.map(({ path }) => path)).toEqual(["/below/v1/spaces"]);
	});

	test("carries its query, where undefined is left out and a list repeats its name", async () => {
		const { http, sent } = setUpHttp([json({})]);
		await http.get("/v1/spaces?a=0", { query: { b: "x y&", c: undefined, d: [1, 2], e: false } });
		expect(sent[0]?.path).toBe("/below/v1/spaces?a=0&b=x+y%26&d=1&d=2&e=false");
	});

	test("carries JSON, and asks for JSON", async () => {
		const { http, sent } = setUpHttp([json({})]);
		await http.post("/v1/exchange", { json: { name: "小飞机" } });
		await http.post("/v1/exchange", { json: null });
		expect(sent.map(({ method, body }) => [method, body])).toEqual([
			["POST", '{"name":"小飞机"}'],
			["POST", "null"],
		]);
		expect(sent[0]?.headers.get("content-type")).toBe("application/json");
		expect(sent[0]?.headers.get("accept")).toBe("application/json");
	});

	test("carries any body, with headers that win over those sent by themselves", async () => {
		const { http, sent } = setUpHttp([json({})]);
		const headers = {
			"Content-Type": "text/xml",
			Accept: "text/xml",
			"Idempotency-Key": "mine",
			"If-Match": undefined,
		};
		await http.put("/v1/x", { body: "<a/>", headers });
		expect(sent[0]?.body).toBe("<a/>");
		expect([...(sent[0]?.headers ?? [])]).toEqual([
			["accept", "text/xml"],
			["content-type", "text/xml"],
			["idempotency-key", "mine"],
		]);
	});

	test.each([
		["a GET with a body", "GET", { json: {} }, "bad_request"],
		["a method that is none", "NO METHOD", {}, "bad_request"],
		["a header that is none", "GET", { headers: { "no header": "x" } }, "bad_request"],
		["a value that is not JSON", "POST", { json: () => 1 }, "not_json"],
		["a value with a BigInt", "POST", { json: { a: 1n } }, "not_json"],
	])("that cannot be made is refused, and nothing is sent: %s", async (_, method, options, code) => {
		const { http, sent } = setUpHttp([json({})]);
		await expect(http.request(method, "/v1/x", options)).rejects.toMatchObject({ code });
		expect(sent).toEqual([]);
	});

	test("what it sends is what the value was at the time of the call", async () => {
		const { http, sent, clock } = setUpHttp([problem(503, "space_full"), json({})]);
		const value = { n: 1 };
		const done = http.post("/v1/x", { json: value });
		value.n = 2;
		await clock.advance(60_000);
		await done;
		expect(sent.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":1}']);
	});
});

describe("an answer", () => {
	test("has its status, headers, data and ETag", async () => {
		const { http } = setUpHttp([json({ a: 1 }, { status: 201, headers: { etag: '"e:1"', location: "/v1/x/1" } })]);
		const answer = await http.post<{ a: number }>("/v1/x", { json: {} });
		expect(answer).toMatchObject({ status: 201, data: { a: 1 }, etag: '"e:1"' });
		expect(answer.headers.get("location")).toBe("/v1/x/1");
	});

	test.each([
		["application/json", "[1]", [1]],
		["application/merge-patch+json; charset=utf-8", '{"a":1}', { a: 1 }],
		["application/json", "not JSON at all", "not JSON at all"],
		["text/plain", "你好", "你好"],
		["application/xml", "<a/>", "<a/>"],
		["application/problem+xml", "<a/>", "<a/>"],
		["application/msgpack", "\u0001", new Uint8Array([1])],
		["application/json", "", undefined],
	])("of %s is read by its type: %s", async (type, body, data) => {
		const { http } = setUpHttp([() => new Response(body, { headers: { "content-type": type } })]);
		expect((await http.get("/v1/x")).data).toEqual(data);
	});

	test("without a body has no data, and 304 is an answer", async () => {
		const { http } = setUpHttp([() => new Response(null, { status: 304, headers: { etag: '"e:1"' } })]);
		const answer = await http.get("/v1/x", { headers: { "if-none-match": '"e:1"' } });
		expect(answer).toMatchObject({ status: 304, data: undefined, etag: '"e:1"' });
	});

	test("that refuses is an error with the server's code and all it says", async () => {
		const state = { epoch: "e", floor: 3, head: 9 };
		const { http } = setUpHttp([problem(412, "condition_failed", state, { etag: '"e:9"' })]);
		const error: unknown = await http.post("/v1/x", { json: {} }).catch((thrown) => thrown);
		expect(isAerogramError(error)).toBe(true);
		expect(error).toMatchObject({
			code: "condition_failed",
			message: "Detail.",
			status: 412,
			etag: '"e:9"',
			state,
			retryable: false,
			retryAfter: undefined,
		});
	});

	test.each([
		["a HEAD, which has no body", 404, "application/problem+json", "", "not_found"],
		["a problem in XML", 413, "application/problem+xml", "<problem/>", "too_big"],
	])("that refuses says what its status says where nothing else does: %s", async (_, status, type, body, code) => {
		const { http } = setUpHttp([() => new Response(body || null, { status, headers: { "content-type": type } })]);
		await expect(http.head("/v1/x")).rejects.toMatchObject({ code, status });
	});

	test.each(["<html>Forbidden</html>", "null", '{"code":"unheard_of"}', '{"code":3}'])(
		"that refuses and is no Aerogram server's is a network error: %s",
		async (body) => {
			const headers = { "content-type": body.startsWith("<") ? "text/html" : "application/json" };
			const { http, sent } = setUpHttp([() => new Response(body, { status: 403, headers })]);
			await expect(http.get("/v1/x")).rejects.toMatchObject({ code: "network", status: 403 });
			expect(sent).toHaveLength(1);
		},
	);
});
