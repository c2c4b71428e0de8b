import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { expectProblem, getJson } from "../helpers/http.ts";
import { type RecordBody, type RecordsBody, sendJson, walkRecords, writeRecord } from "../helpers/records.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let epoch: string;
let carts: string;
const count = 257;

beforeAll(async () => {
	server = await serveHere();
	({ epoch } = await getJson<{ epoch: string }>(`${server.url}/v1/spaces/pages`));
	carts = collectionOf("carts");
	await Promise.all(ids(count).map((id, index) => writeRecord("PUT", `${carts}/${id}`, { index })));
});
afterAll(() => server.stop());

function collectionOf(name: string, space = "pages"): string {
	return `${server.url}/v1/spaces/${space}/collections/${name}`;
}

/** Ids in their order: `k:0000`, `k:0001` … */
function ids(most: number): string[] {
	return Array.from({ length: most }, (_, index) => `k:${String(index).padStart(4, "0")}`);
}

function idsOf(pages: readonly RecordsBody[]): string[] {
	return pages.flatMap(({ records }) => records.map(({ id }) => id));
}

describe("the list of a collection", () => {
	test.each([
		["", 100, 3],
		["?limit=1000", 257, 1],
		["?limit=257", 257, 1],
		["?limit=256", 256, 2],
		["?limit=10", 10, 26],
	])("by %j gives %i in the first of %i pages, and all of them in order of id", async (query, first, pages) => {
		const walked = await walkRecords(`${carts}${query}`);
		expect([walked[0]?.records.length, walked.length]).toEqual([first, pages]);
		expect(idsOf(walked)).toEqual(ids(count));
		for (const page of walked) expect([page.epoch, page.rev]).toEqual([epoch, count]);
		expect(walked.flatMap(({ records }) => records.map(({ data }) => data))).toEqual(
			ids(count).map((_, index) => ({ index })),
		);
	});

	test.each([
		["k:000", ids(10)],
		["k:0256", ["k:0256"]],
		["k", ids(count)],
		["k:1", []],
		["K", []],
		["", ids(count)],
	])("with the prefix %j gives what starts so, in pages too", async (prefix, expected) => {
		expect(idsOf(await walkRecords(`${carts}?prefix=${prefix}`))).toEqual(expected);
		if (expected.length <= 10) {
			expect(idsOf(await walkRecords(`${carts}?limit=3&prefix=${encodeURIComponent(prefix)}`))).toEqual(expected);
		}
	});

	test("while records are written, created and deleted holds each that was there all along exactly once", async () => {
		const busy = collectionOf("busy");
		const steady = ids(150);
		await Promise.all(steady.map((id) => writeRecord("PUT", `${busy}/${id}`, { n: 0 })));
		let writing = true;
		const writers = Array.from({ length: 4 }, async (_, writer) => {
			for (let n = 1; writing; n++) {
				const own = `${busy}/k:${String((n * 37) % 150).padStart(4, "0")}x${writer}`;
				await writeRecord("PUT", own, { n });
				await writeRecord("PATCH", `${busy}/${steady[(n * 41 + writer) % 150]}`, { n });
				expect((await fetch(own, { method: "DELETE" })).status).toBe(204);
			}
		});
		try {
			for (let walk = 0; walk < 3; walk++) {
				const pages = await walkRecords(`${busy}?limit=13`);
				const seen = idsOf(pages);
				expect(seen).toEqual([...seen].sort());
				expect(new Set(seen).size).toBe(seen.length);
				expect(seen.filter((id) => steady.includes(id))).toEqual(steady);
				const revs = pages.map(({ rev }) => rev);
				expect(revs).toEqual([...revs].sort((a, b) => a - b));
			}
		} finally {
			writing = false;
			await Promise.all(writers);
		}
	});

	test("of large records ends a page before it becomes too large, and goes on", async () => {
		const large = collectionOf("large");
		const text = "x".repeat(limits.recordBytes - 100);
		await Promise.all(ids(40).map((id) => writeRecord("PUT", `${large}/${id}`, { text })));
		const pages = await walkRecords(`${large}?limit=1000`);
		expect(idsOf(pages)).toEqual(ids(40));
		expect(pages.length).toBeGreaterThanOrEqual(3);
		for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(limits.bodyBytes + 1_000);
	});

	test("goes on from a cursor whose record was deleted", async () => {
		const url = collectionOf("gone");
		for (const id of ids(4)) await writeRecord("PUT", `${url}/${id}`, {});
		const [first] = await walkRecords(`${url}?limit=2`);
		for (const id of ["k:0001", "k:0002"]) await fetch(`${url}/${id}`, { method: "DELETE" });
		expect(idsOf(await walkRecords(`${url}?cursor=${first?.next}`))).toEqual(["k:0003"]);
	});
});

test("the list of collections names each with its last revision, in order, page by page", async () => {
	const space = `${server.url}/v1/spaces/listed`;
	expect(await getJson(`${space}/collections`)).toMatchObject({ collections: [] });
	for (const name of ["b", "a", "a:1"]) await writeRecord("PUT", `${space}/collections/${name}/x`, {});
	await writeRecord("PUT", `${space}/collections/b/x`, {});
	await fetch(`${space}/collections/b/x`, { method: "DELETE" });
	const all = [
		{ name: "a", rev: 1 },
		{ name: "a:1", rev: 1 },
		{ name: "b", rev: 3 },
	];
	const { epoch } = await getJson<{ epoch: string }>(space);
	expect(await getJson(`${space}/collections`)).toEqual({ epoch, collections: all });
	expect(await getJson(`${space}/collections?after=a`)).toEqual({ epoch, collections: all.slice(1) });
	expect(await getJson(`${space}/channels`)).toEqual({ channels: [] });
	expect(await getJson(`${server.url}/v1/spaces`)).toMatchObject({ spaces: expect.arrayContaining(["listed"]) });
});

describe("a space that is wiped", () => {
	test("voids every ETag, condition, cursor and idempotency key taken before", async () => {
		const space = `${server.url}/v1/spaces/wiped`;
		const url = `${space}/collections/carts`;
		const key = { "idempotency-key": "before" };
		const { etag } = await writeRecord("PUT", `${url}/a`, { n: 1 }, key);
		await writeRecord("PUT", `${url}/b`, {});
		const { next, ...before } = (await getJson(`${url}?limit=1`)) as RecordsBody;
		expect((await fetch(space, { method: "DELETE" })).status).toBe(204);

		await expectProblem(await fetch(`${url}/a`), "not_found");
		await expectProblem(await fetch(`${url}/a`, { headers: { "if-none-match": etag } }), "not_found");
		for (const method of ["PATCH", "DELETE"]) {
			const body = method === "PATCH" ? {} : undefined;
			await expectProblem(await sendJson(method, `${url}/a`, body, { "if-match": etag }), "not_found");
		}
		await expectProblem(await sendJson("PUT", `${url}/a`, {}, { "if-match": etag }), "condition_failed");
		const response = await fetch(`${url}?cursor=${next}`);
		const problem = await expectProblem(response, "position_expired");
		expect(problem).toMatchObject({ rev: 0 });
		expect(problem.epoch && problem.epoch > before.epoch).toBe(true);

		const again = await writeRecord("PUT", `${url}/a`, { n: 2 }, key);
		expect([again.rev, again.etag === etag]).toEqual([1, false]);
		expect((await fetch(`${url}/a`, { headers: { "if-none-match": etag } })).status).toBe(200);
		for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
			const body = method === "PUT" || method === "PATCH" ? {} : undefined;
			const refused = await sendJson(method, `${url}/a`, body, { "if-match": etag });
			expect(await expectProblem(refused, "condition_failed")).toMatchObject({ epoch: problem.epoch, rev: 1 });
			expect(refused.headers.get("etag")).toBe(again.etag);
		}
		expect((await getJson<RecordBody>(`${url}/a`)).data).toEqual({ n: 2 });
		expect(await getJson(`${url}/b`)).toMatchObject({ code: "not_found" });
	});
});

describe("bad input", () => {
	const longName = "x".repeat(limits.nameLength + 1);
	const deep = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

	test.each([
		["a list", "[]", "bad_request"],
		["a text", '"text"', "bad_request"],
		["a number", "1", "bad_request"],
		["null", "null", "bad_request"],
		["nothing", "", "malformed"],
		["no JSON", "{'a':1}", "malformed"],
		["a number beyond 2^53", '{"a":9007199254740993}', "not_json"],
		["what is nested too deeply", deep(33), "too_deep"],
		["more bytes than a record may have", `{"a":"${"é".repeat(limits.recordBytes / 2)}"}`, "too_big"],
		["more bytes than a body may have", `{"a":"${"x".repeat(limits.bodyBytes)}"}`, "too_big"],
	] as const)("that is %s is refused by every write and changes nothing", async (_, body, code) => {
		const url = collectionOf("bad-bodies");
		await sendJson("PUT", `${url}/a`, {}, { "if-none-match": "*" });
		for (const [method, at] of [
			["POST", url],
			["PUT", `${url}/a`],
			["PATCH", `${url}/a`],
		] as const) {
			await expectProblem(await sendJson(method, at, body), code);
		}
		expect(await getJson(url)).toMatchObject({ rev: 1, records: [{ data: {} }] });
	});

	test("is not what is as deep, and as large, as it may be", async () => {
		const url = collectionOf("edges");
		await writeRecord("PUT", `${url}/deep`, deep(32));
		await writeRecord("PATCH", `${url}/deep`, deep(32));
		await writeRecord("PUT", `${url}/large`, `{"a":"${"x".repeat(limits.recordBytes - 8)}"}`);
		await expectProblem(await sendJson("PATCH", `${url}/large`, { b: 1 }), "too_big");
	});

	test.each([["a%20b"], ["a%2Fb"], ["%E5%B0%8F"], ["a::b"], [":a"], ["a%00"], [longName], ["%zz"]])(
		"that is the name %s is refused as space, collection and record",
		async (name) => {
			for (const url of [
				`${server.url}/v1/spaces/${name}/collections/c/a`,
				`${server.url}/v1/spaces/pages/collections/${name}/a`,
				`${server.url}/v1/spaces/pages/collections/c/${name}`,
			]) {
				await expectProblem(await sendJson("PUT", url, {}), "bad_name");
				await expectProblem(await fetch(url), "bad_name");
				await expectProblem(await fetch(url, { method: "DELETE" }), "bad_name");
			}
			await expectProblem(await fetch(collectionOf(name)), "bad_name");
			await expectProblem(await sendJson("POST", collectionOf(name), {}), "bad_name");
		},
	);

	test.each(["0", "-1", "1.5", "1e3", "x", "", String(limits.ttlSeconds + 1), "9007199254740993"])(
		"that is the time-to-live %j is refused",
		async (ttl) => {
			const url = collectionOf("bad-ttl");
			await expectProblem(await sendJson("PUT", `${url}/a?ttl=${ttl}`, {}), "bad_request");
			await expectProblem(await sendJson("POST", `${url}?ttl=${ttl}`, {}), "bad_request");
			expect(await getJson(url)).toMatchObject({ rev: 0 });
		},
	);

	test.each([
		["cursor=x", "bad_position"],
		["cursor=", "bad_position"],
		["cursor=:", "bad_position"],
		["cursor=EPOCH", "bad_position"],
		["cursor=EPOCH:", "bad_position"],
		["cursor=EPOCH:a/b", "bad_position"],
		["cursor=EPOCH:a%00", "bad_position"],
		["cursor=0mws8cs1x68xynmjz:a", "position_expired"],
		["limit=0", "bad_request"],
		["limit=1001", "bad_request"],
		["limit=-1", "bad_request"],
		["limit=x", "bad_request"],
		["prefix=a/b", "bad_request"],
		["prefix=%25", "bad_request"],
		[`prefix=${longName}`, "bad_request"],
		["nonsense=1", "bad_request"],
		["limit=1&limit=2", "bad_request"],
	] as const)("that is the query %s is refused", async (query, code) => {
		await expectProblem(await fetch(`${carts}?${query.replaceAll("EPOCH", epoch)}`), code);
	});

	test("that is a parameter where it means nothing is refused", async () => {
		await expectProblem(await fetch(`${carts}/k:0001?ttl=5`), "bad_request");
		await expectProblem(await fetch(`${carts}/k:0001?ttl=5`, { method: "DELETE" }), "bad_request");
		expect((await fetch(`${carts}/k:0001`)).status).toBe(200);
	});
});
