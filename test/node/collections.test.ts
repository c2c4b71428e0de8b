import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { contentTypes, formats, readAs, send } from "../helpers/formats.ts";
import { expectProblem, getJson } from "../helpers/http.ts";
import { mergePatchRows } from "../helpers/merge-patch-rows.ts";
import { type RecordBody, type RecordsBody, sendJson, writeRecord } from "../helpers/records.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let epoch: string;

beforeAll(async () => {
	server = await serveHere();
	({ epoch } = await getJson<{ epoch: string }>(`${server.url}/v1/spaces/records`));
});
afterAll(() => server.stop());

/** A collection that no other test uses, by the name it has in this one. */
function collectionOf(name: string): string {
	return `${server.url}/v1/spaces/records/collections/${name}`;
}

describe("PUT", () => {
	test("creates with 201, Location and ETag, and then replaces with 200; both answer the whole record", async () => {
		const url = `${collectionOf("put")}/user:7`;
		const started = Date.now();
		const created = await sendJson("PUT", url, { item: "小飞机", tags: [1, null, { a: true }] });
		expect([created.status, created.headers.get("etag")]).toEqual([201, `"${epoch}:1"`]);
		expect(created.headers.get("location")).toBe("/v1/spaces/records/collections/put/user:7");
		const record = (await created.json()) as RecordBody;
		expect(record).toEqual({
			id: "user:7",
			rev: 1,
			updated: expect.any(Number),
			data: { item: "小飞机", tags: [1, null, { a: true }] },
		});
		expect(record.updated).toBeGreaterThanOrEqual(started);
		expect(record.updated).toBeLessThanOrEqual(Date.now());
		const replaced = await sendJson("PUT", url, { other: 1 });
		expect([replaced.status, replaced.headers.get("etag")]).toEqual([200, `"${epoch}:2"`]);
		expect(replaced.headers.get("location")).toBeNull();
		expect(await replaced.json()).toMatchObject({ id: "user:7", rev: 2, data: { other: 1 } });
	});

	test("takes every JSON object as it is, __proto__ too", async () => {
		for (const [index, text] of [
			"{}",
			'{"1":[[]],"":"","a b":1,"__proto__":{"polluted":true},"constructor":null}',
			'{"a":-0,"b":1e+21,"c":9007199254740991,"d":"\\u0000\\ud800 中","e":[]}',
		].entries()) {
			const url = `${collectionOf("objects")}/${index}`;
			expect((await sendJson("PUT", url, text)).status).toBe(201);
			expect(await (await fetch(url)).text()).toContain(`"data":${text}}`);
		}
		expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
	});
});

describe("POST", () => {
	test("creates a record with an id of the server, and says where", async () => {
		const ids = new Set<string>();
		for (let rev = 1; rev <= 3; rev++) {
			const response = await sendJson("POST", collectionOf("post"), { rev });
			expect([response.status, response.headers.get("etag")]).toEqual([201, `"${epoch}:${rev}"`]);
			const record = (await response.json()) as RecordBody;
			expect(response.headers.get("location")).toBe(`/v1/spaces/records/collections/post/${record.id}`);
			expect(await getJson(new URL(response.headers.get("location") ?? "", server.url).href)).toEqual(record);
			ids.add(record.id);
		}
		expect(ids.size).toBe(3);
	});
});

describe("PATCH", () => {
	test("merges, as RFC 7396 says, in each of the formats", async () => {
		const url = `${collectionOf("patch")}/a`;
		await writeRecord("PUT", url, {
			title: "Goodbye!",
			author: { given: "John", family: "Doe" },
			tags: ["a"],
			more: 1,
		});
		const types = ["application/merge-patch+json", "application/json", "Application/Merge-Patch+JSON; charset=utf-8"];
		for (const type of types) {
			const patch = { title: "Hello!", author: { family: null }, tags: ["b"], [type]: 1 };
			const response = await sendJson("PATCH", url, patch, { "content-type": type });
			expect(response.status).toBe(200);
		}
		for (const format of formats) {
			expect((await send(url, "PATCH", { more: null, [format]: 2 }, format, format)).status).toBe(200);
		}
		expect(await getJson(url)).toMatchObject({
			rev: 7,
			data: {
				...Object.fromEntries(types.map((type) => [type, 1])),
				...Object.fromEntries(formats.map((format) => [format, 2])),
				title: "Hello!",
				author: { given: "John" },
				tags: ["b"],
			},
		});
	});

	test.each(mergePatchRows)(
		"of %s with %s gives %s, or is refused where that is no record",
		async (original, patch, result) => {
			const isObject = (text: string) => text.startsWith("{");
			const url = `${collectionOf("appendix-a")}/${crypto.randomUUID()}`;
			const created = await sendJson("PUT", url, original);
			if (!isObject(original)) {
				await expectProblem(created, "bad_request");
				await expectProblem(await sendJson("PATCH", url, patch), isObject(patch) ? "not_found" : "bad_request");
				return;
			}
			for (const [index, format] of formats.entries()) {
				if (index > 0) await writeRecord("PUT", url, original);
				const response = await send(url, "PATCH", JSON.parse(patch) as Json, format, "JSON");
				if (isObject(patch)) expect(((await response.json()) as RecordBody).data).toEqual(JSON.parse(result));
				else await expectProblem(response, "bad_request");
				expect(await (await fetch(url)).text()).toContain(`"data":${isObject(patch) ? result : original}}`);
			}
		},
	);

	test("of another kind of patch is refused with the kinds that are taken", async () => {
		const url = `${collectionOf("patch")}/a`;
		for (const type of ["application/json-patch+json", "application/xml-patch+xml", "text/plain", ""]) {
			const body = '[{"op":"add","path":"/a","value":1}]';
			const response = await fetch(url, { method: "PATCH", headers: { "content-type": type }, body });
			const taken = response.headers.get("accept-patch");
			await expectProblem(response, "unsupported_media_type");
			expect(taken).toMatch(/^application\/merge-patch\+json, application\/json\b/);
		}
	});
});

describe("what is absent", () => {
	test.each(["GET", "HEAD", "PATCH", "DELETE"])("is not found by %s, whatever a condition says", async (method) => {
		for (const condition of [{}, { "if-match": "*" }, { "if-match": `"${epoch}:1"` }, { "if-none-match": "*" }]) {
			const url = `${collectionOf("absent")}/nobody`;
			const response = await sendJson(method, url, method === "PATCH" ? { a: 1 } : undefined, condition);
			if (method === "HEAD") expect(response.status).toBe(404);
			else await expectProblem(response, "not_found");
		}
		expect(await getJson(collectionOf("absent"))).toMatchObject({ rev: 0, records: [] });
	});
});

describe("DELETE", () => {
	test("answers 204 and nothing, once; then the record may be created again with a higher revision", async () => {
		const url = `${collectionOf("delete")}/a`;
		await writeRecord("PUT", url, {});
		const deleted = await fetch(url, { method: "DELETE" });
		expect([deleted.status, await deleted.text(), deleted.headers.get("etag")]).toEqual([204, "", null]);
		await expectProblem(await fetch(url), "not_found");
		await expectProblem(await fetch(url, { method: "DELETE" }), "not_found");
		const again = await sendJson("PUT", url, { again: true });
		expect([again.status, again.headers.get("etag")]).toEqual([201, `"${epoch}:3"`]);
	});
});

describe("a condition", () => {
	// The record is at revision 2; EPOCH stands for that of the space.
	const conditions: readonly (readonly [string, string, boolean])[] = [
		["if-match", '"EPOCH:2"', true],
		["if-match", '"EPOCH:1"', false],
		["if-match", '"EPOCH:1", "EPOCH:2"', true],
		["if-match", ' ,"EPOCH:9" , "EPOCH:2",', true],
		["if-match", "*", true],
		["if-match", 'W/"EPOCH:2"', false],
		["if-match", '"EPOCH:2-xml"', true],
		["if-match", '"EPOCH:02"', false],
		["if-match", '"0mws8cs1x68xynmjz:2"', false],
		["if-match", '"something-else"', false],
		["if-none-match", "*", false],
		["if-none-match", '"EPOCH:2"', false],
		["if-none-match", 'W/"EPOCH:2"', false],
		["if-none-match", '"EPOCH:1"', true],
		["if-none-match", '"0mws8cs1x68xynmjz:2"', true],
	];

	test.each(conditions)("of %s: %s decides over PUT, PATCH and DELETE", async (name, value, holds) => {
		for (const method of ["PUT", "PATCH", "DELETE"]) {
			const collection = collectionOf(`condition-${crypto.randomUUID()}`);
			const url = `${collection}/a`;
			await writeRecord("PUT", url, { n: 1 });
			await writeRecord("PUT", url, { n: 2 });
			const headers = { [name]: value.replaceAll("EPOCH", epoch) };
			const response = await sendJson(method, url, method === "DELETE" ? undefined : { n: 3 }, headers);
			if (holds) {
				expect(response.status).toBe(method === "DELETE" ? 204 : 200);
				expect(await getJson(collection)).toMatchObject({ rev: 3 });
			} else {
				expect(await expectProblem(response, "condition_failed")).toMatchObject({ epoch, rev: 2 });
				expect(response.headers.get("etag")).toBe(`"${epoch}:2"`);
				expect(await getJson(url)).toMatchObject({ rev: 2, data: { n: 2 } });
			}
		}
	});

	test("on what is absent lets a PUT create by If-None-Match only", async () => {
		const url = `${collectionOf("condition-absent")}/a`;
		for (const value of ["*", `"${epoch}:1"`, `"${epoch}:0"`]) {
			const response = await sendJson("PUT", url, {}, { "if-match": value });
			const problem = await expectProblem(response, "condition_failed");
			expect([problem.epoch, "rev" in problem, response.headers.get("etag")]).toEqual([epoch, false, null]);
		}
		expect((await sendJson("PUT", url, {}, { "if-none-match": "*" })).status).toBe(201);
		await expectProblem(await sendJson("PUT", url, {}, { "if-none-match": "*" }), "condition_failed");
	});

	test.each([
		['"EPOCH:1"', 304],
		['W/"EPOCH:1"', 304],
		['"x", "EPOCH:1"', 304],
		["*", 304],
		['"EPOCH:2"', 200],
		['"EPOCH:1-xml"', 200],
		['"0mws8cs1x68xynmjz:1"', 200],
	])("of If-None-Match: %s on a GET answers %i", async (value, status) => {
		const url = `${collectionOf("not-modified")}/a`;
		await sendJson("PUT", url, {}, { "if-none-match": "*" });
		for (const method of ["GET", "HEAD"]) {
			const response = await fetch(url, { method, headers: { "if-none-match": value.replaceAll("EPOCH", epoch) } });
			expect([response.status, response.headers.get("etag")]).toEqual([status, `"${epoch}:1"`]);
			expect(response.headers.get("cache-control")).toBe("private, no-cache");
			expect((await response.text()) === "").toBe(status === 304 || method === "HEAD");
		}
	});

	test("of If-Match on a GET answers the record only while it is that one", async () => {
		const url = `${collectionOf("match-get")}/a`;
		const { etag } = await writeRecord("PUT", url, {});
		expect((await fetch(url, { headers: { "if-match": etag } })).status).toBe(200);
		await writeRecord("PUT", url, {});
		await expectProblem(await fetch(url, { headers: { "if-match": etag } }), "condition_failed");
	});

	test.each(["EPOCH:1", '"EPOCH:1', '"a" "b"', "W/*"])("that reads %s is refused", async (value) => {
		const url = `${collectionOf("not-modified")}/a`;
		for (const name of ["if-match", "if-none-match"]) {
			for (const method of ["GET", "PUT", "DELETE"]) {
				const body = method === "PUT" ? { a: 1 } : undefined;
				await expectProblem(await sendJson(method, url, body, { [name]: value }), "bad_position");
			}
		}
		expect(await getJson(url)).toMatchObject({ data: {} });
	});
});

describe("an Idempotency-Key", () => {
	test("gives the first answer again, whatever became of the record since", async () => {
		const collection = collectionOf("keys");
		const requests = [
			["POST", collection, { posted: 1 }],
			["PUT", `${collection}/a`, { n: 1 }],
			["PUT", `${collection}/a?ttl=60`, { n: 2 }],
			["PATCH", `${collection}/a`, { m: 1 }],
			["DELETE", `${collection}/a`, undefined],
		] as const;
		const look = async (response: Response) => ({
			status: response.status,
			etag: response.headers.get("etag"),
			location: response.headers.get("location"),
			body: await response.text(),
		});
		const first = [];
		for (const [index, [method, url, value]] of requests.entries()) {
			const response = await sendJson(method, url, value, { "idempotency-key": `key-${index}` });
			expect(response.headers.get("idempotency-replayed")).toBeNull();
			first.push(await look(response));
		}
		expect(first.map(({ status }) => status)).toEqual([201, 201, 200, 200, 204]);
		await writeRecord("PUT", `${collection}/a`, { later: true });
		for (const [index, [method, url, value]] of requests.entries()) {
			const response = await sendJson(method, url, value, { "idempotency-key": `key-${index}` });
			expect(response.headers.get("idempotency-replayed")).toBe("true");
			expect(await look(response)).toEqual(first[index]);
			const others = [
				sendJson("PUT", `${collection}/b`, { n: 1 }, { "idempotency-key": `key-${index}` }),
				sendJson("PUT", `${collection}/a`, { n: 7 }, { "idempotency-key": `key-${index}` }),
			];
			for (const other of await Promise.all(others)) await expectProblem(other, "idempotency_mismatch");
		}
		expect(await getJson(collection)).toMatchObject({ rev: 6 });
	});

	test("sent ten times at once creates one record; the same in another format is the same request", async () => {
		const collection = collectionOf("keys-at-once");
		const headers = { "idempotency-key": "at once" };
		const answers = await Promise.all(
			Array.from({ length: 10 }, (_, index) => {
				const format = formats[index % formats.length] ?? "JSON";
				return send(collection, "POST", { n: 1 }, format, "JSON", headers);
			}),
		);
		const bodies = await Promise.all(answers.map((answer) => answer.text()));
		expect(new Set(bodies).size).toBe(1);
		expect(answers.filter((answer) => answer.headers.get("idempotency-replayed") === "true")).toHaveLength(9);
		expect((await getJson<RecordsBody>(collection)).records).toHaveLength(1);
	});

	test("is not used up by a write that is refused", async () => {
		const url = `${collectionOf("keys-refused")}/a`;
		const headers = { "idempotency-key": "refused" };
		await expectProblem(await sendJson("PUT", url, {}, { ...headers, "if-match": "*" }), "condition_failed");
		expect((await sendJson("PUT", url, {}, headers)).status).toBe(201);
	});
});

test("a record written in one format is the same in each", async () => {
	const value: Json = { name: "小飞机", n: [1, -0, 1.5e-7], empty: {}, list: [[]], "a key": { "": " x " }, none: null };
	for (const wrote of formats) {
		const url = `${collectionOf("formats")}/${wrote}`;
		expect((await readAs(await send(url, "PUT", value, wrote, wrote), wrote)) as object).toMatchObject({ data: value });
		for (const read of formats) {
			const response = await fetch(url, { headers: { accept: contentTypes[read] } });
			const suffix = { JSON: "", XML: "-xml", MessagePack: "-msgpack" }[read];
			expect(response.headers.get("etag")).toMatch(new RegExp(`^"${epoch}:\\d+${suffix}"$`));
			expect(((await readAs(response, read)) as { data: Json }).data).toEqual(value);
		}
	}
	for (const format of formats) {
		const page = (await readAs(await send(collectionOf("formats"), "GET", undefined, format, format), format)) as {
			readonly [member: string]: Json;
		};
		expect((page.records as readonly { readonly data: Json }[]).map(({ data }) => data)).toEqual([value, value, value]);
	}
});

test("HEAD says what GET would; OPTIONS and 405 say which methods there are", async () => {
	const collection = collectionOf("methods");
	await writeRecord("PUT", `${collection}/a`, { n: 1 });
	for (const url of [collection, `${collection}/a`, collectionOf("").slice(0, -1)]) {
		const [get, head] = await Promise.all([fetch(url), fetch(url, { method: "HEAD" })]);
		expect([head.status, await head.text()]).toEqual([200, ""]);
		expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
		expect(head.headers.get("etag")).toBe(get.headers.get("etag"));
	}
	for (const [url, methods, refused] of [
		[collectionOf("").slice(0, -1), "GET, HEAD, OPTIONS", "POST"],
		[collection, "GET, POST, HEAD, OPTIONS", "DELETE"],
		[`${collection}/a`, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS", "POST"],
	] as const) {
		const options = await fetch(url, { method: "OPTIONS" });
		expect([options.status, options.headers.get("allow")]).toEqual([204, methods]);
		expect(options.headers.has("accept-patch")).toBe(methods.includes("PATCH"));
		const response = await fetch(url, { method: refused });
		await expectProblem(response, "method_not_allowed");
		expect(response.headers.get("allow")).toBe(methods);
	}
});
