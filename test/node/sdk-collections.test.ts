import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { Aerogram, type CollectionRecord, type JsonObject, type MergePatch } from "../../sdk/index.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

interface Plane {
	readonly name: string;
	readonly seats?: number;
	readonly route?: { readonly from: string; readonly to?: string };
	readonly crew?: readonly string[];
}

let server: LocalServer;
let client: Aerogram;
let names = 0;

beforeAll(async () => {
	server = await serveHere();
	client = new Aerogram(server.url);
});
afterAll(async () => {
	client?.close();
	await server?.stop();
});

/** A collection that no other test uses. */
function planes(data: readonly string[] = []) {
	names += 1;
	const collection = client.space("collections").collection<Plane>(`planes-${names}`);
	return { collection, filled: Promise.all(data.map((id) => collection.put(id, { name: id }))) };
}

describe("a record", () => {
	test("that was put is read back, with its revision, times and ETag", async () => {
		const { collection } = planes();
		const before = Date.now();
		const put = await collection.put("a1", { name: "小飞机", seats: 2 });
		expect(put).toEqual({
			id: "a1",
			rev: 1,
			updated: expect.any(Number),
			data: { name: "小飞机", seats: 2 },
			etag: expect.stringMatching(/^"[a-z0-9]+:1"$/),
		});
		expect(Math.abs(put.updated - before)).toBeLessThan(60_000);
		expect(await collection.get("a1")).toEqual(put);
		const again = await collection.put("a1", { name: "bigger" });
		expect(again).toMatchObject({ rev: 2, data: { name: "bigger" } });
		expect(await collection.get("a1")).toEqual(again);
	});

	test("that is not there is undefined, and not an error", async () => {
		const { collection } = planes();
		expect(await collection.get("nobody")).toBeUndefined();
		expect(await collection.delete("nobody")).toBe(false);
		await expect(collection.patch("nobody", { name: "x" })).rejects.toMatchObject({ code: "not_found", status: 404 });
	});

	test("that is created gets an id of the server's making", async () => {
		const { collection } = planes();
		const [one, two] = await Promise.all([collection.create({ name: "one" }), collection.create({ name: "two" })]);
		expect(one.id).not.toBe(two.id);
		expect(await collection.get(one.id)).toEqual(one);
	});

	test("is patched by members: null takes away, undefined leaves, a list is replaced", async () => {
		const { collection } = planes();
		await collection.put("a", { name: "a", seats: 2, route: { from: "PEK", to: "SHA" }, crew: ["x", "y"] });
		const patch = { seats: null, name: undefined, route: { to: "CAN" }, crew: ["z"] };
		const patched = await collection.patch("a", patch);
		expect(patched).toMatchObject({ rev: 2 });
		expect(patched.data).toEqual({ name: "a", route: { from: "PEK", to: "CAN" }, crew: ["z"] });
		expect(await collection.get("a")).toEqual(patched);
	});

	test("that is deleted is absent, and says that it was there", async () => {
		const { collection } = planes();
		await collection.put("a", { name: "a" });
		expect(await collection.delete("a")).toBe(true);
		expect(await collection.delete("a")).toBe(false);
		expect(await collection.get("a")).toBeUndefined();
	});

	test("with a time to live says when it ends, and is absent then", async () => {
		const { collection } = planes();
		const put = await collection.put("a", { name: "a" }, { ttl: 1 });
		expect((put.expires ?? 0) - put.updated).toBe(1_000);
		expect(await collection.patch("a", { seats: 1 })).toMatchObject({ expires: put.expires });
		const kept = await collection.patch("a", { seats: 1 }, { ttl: 60 });
		expect((kept.expires ?? 0) - kept.updated).toBe(60_000);
		const created = await collection.create({ name: "b" }, { ttl: 1 });
		expect(created.expires).toBe(created.updated + 1_000);
		await until(async () => (await collection.get(created.id)) === undefined, "the record to expire");
		expect(await collection.put("a", { name: "a" })).not.toHaveProperty("expires");
	});
});

describe("a condition", () => {
	test("ifMatch writes only what is still as it was read; the error says how it is now", async () => {
		const { collection } = planes();
		const first = await collection.put("a", { name: "first" });
		const second = await collection.put("a", { name: "second" }, { ifMatch: first.etag });
		const refusal = { code: "condition_failed", status: 412, etag: second.etag, retryable: false };
		await expect(collection.put("a", { name: "third" }, { ifMatch: first.etag })).rejects.toMatchObject(refusal);
		await expect(collection.patch("a", { seats: 1 }, { ifMatch: first.etag })).rejects.toMatchObject({
			...refusal,
			state: { epoch: second.etag.slice(1).split(":")[0], rev: 2 },
		});
		await expect(collection.delete("a", { ifMatch: first.etag })).rejects.toMatchObject(refusal);
		expect(await collection.get("a")).toEqual(second);
		expect(await collection.patch("a", { seats: 1 }, { ifMatch: second.etag })).toMatchObject({ rev: 3 });
		expect(await collection.delete("a", { ifMatch: "*" })).toBe(true);
	});

	test("ifNoneMatch writes only what was not there: of many at once, one", async () => {
		const { collection } = planes();
		const tries = Array.from({ length: 10 }, (_, index) =>
			collection.put("a", { name: `${index}` }, { ifNoneMatch: "*" }).then(
				({ data }) => data.name,
				(error: { readonly code: string }) => error.code,
			),
		);
		const outcomes = await Promise.all(tries);
		const winners = outcomes.filter((outcome) => outcome !== "condition_failed");
		expect(winners).toHaveLength(1);
		expect((await collection.get("a"))?.data.name).toBe(winners[0]);
	});
});

describe("a list", () => {
	const ids = ["a", "b:1", "b:2", "b:3", "c"];

	test("comes in the order of the ids, in pages, with what each record says of itself", async () => {
		const { collection, filled } = planes(ids);
		const records = await filled;
		const page = await collection.list();
		expect(page.records.map(({ id }) => id)).toEqual(ids);
		expect(page).toMatchObject({ rev: 5, next: null });
		for (const record of page.records) expect(records).toContainEqual(record);
		const first = await collection.list({ limit: 2 });
		expect(first.records.map(({ id }) => id)).toEqual(["a", "b:1"]);
		const second = await collection.list({ limit: 2, cursor: first.next ?? "" });
		expect(second.records.map(({ id }) => id)).toEqual(["b:2", "b:3"]);
	});

	test("is iterated over all its pages, by prefix too, and an empty one ends at once", async () => {
		const { collection, filled } = planes(ids);
		await filled;
		const seen: string[] = [];
		for await (const { id } of collection.records({ limit: 2 })) seen.push(id);
		expect(seen).toEqual(ids);
		const some: string[] = [];
		for await (const { id } of collection.records({ limit: 1, prefix: "b:" })) some.push(id);
		expect(some).toEqual(["b:1", "b:2", "b:3"]);
		for await (const record of planes().collection.records()) throw new Error(`there is ${record.id}`);
	});

	test("names the ETag with which a record is written", async () => {
		const { collection, filled } = planes(["a"]);
		await filled;
		const [record] = (await collection.list()).records;
		await collection.put("a", { name: "next" }, { ifMatch: record?.etag });
		await expect(collection.put("a", { name: "late" }, { ifMatch: record?.etag })).rejects.toMatchObject({
			code: "condition_failed",
		});
	});
});

describe("what cannot be", () => {
	test.each(["", "a/b", "..", "a b", "a?b", "é"])(
		"a name that is none is refused before anything is sent: %j",
		async (name) => {
			const { collection } = planes();
			expect(() => client.space("collections").collection(name)).toThrow(expect.objectContaining({ code: "bad_name" }));
			await expect(collection.get(name)).rejects.toMatchObject({ code: "bad_name", status: undefined });
			await expect(collection.put(name, { name: "x" })).rejects.toMatchObject({ code: "bad_name", status: undefined });
		},
	);

	test("data that is no JSON object is refused with a code, and nothing is stored", async () => {
		const loose = client.space("collections").collection<object>("loose");
		await expect(loose.put("a", [1])).rejects.toMatchObject({ code: "bad_request", status: 400 });
		await expect(loose.put("a", () => 1)).rejects.toMatchObject({ code: "not_json", status: undefined });
		await expect(loose.put("a", { n: 2 ** 60 })).rejects.toMatchObject({ code: "not_json", status: 422 });
		await expect(loose.put("a", { text: "x".repeat(70_000) })).rejects.toMatchObject({ code: "too_big", status: 413 });
		expect(await loose.get("a")).toBeUndefined();
	});

	test("an aborted request rejects with the signal's reason", async () => {
		const { collection } = planes();
		const signal = AbortSignal.abort("enough");
		await expect(collection.get("a", { signal })).rejects.toBe("enough");
		await expect(collection.list({ signal })).rejects.toBe("enough");
		await expect(collection.delete("a", { signal })).rejects.toBe("enough");
	});
});

test("what a collection holds is known to the compiler", () => {
	const { collection } = planes();
	expectTypeOf(collection.get).returns.resolves.toEqualTypeOf<CollectionRecord<Plane> | undefined>();
	expectTypeOf(collection.put).parameter(1).toEqualTypeOf<Plane>();
	expectTypeOf<{ readonly route: { readonly to: null }; readonly seats: null }>().toExtend<MergePatch<Plane>>();
	expectTypeOf<{ readonly crew: string }>().not.toExtend<MergePatch<Plane>>();
	expectTypeOf<{ readonly route: { readonly to: number } }>().not.toExtend<MergePatch<Plane>>();
	expectTypeOf(client.space("s").collection("c").create).parameter(0).toEqualTypeOf<JsonObject>();
});
