import { describe, expect, test } from "vitest";
import { limits } from "../../../protocol/limits.ts";
import type { RecordWrite } from "../../../worker/space/parts/collections/stage.ts";
import { CollectionsBench, dataOf, everything, revOf } from "./collections-bench.ts";

test("writes are numbered 1, 2, 3 … in each collection, over wakes, and a refused one takes no number", () => {
	const bench = new CollectionsBench();
	for (let rev = 1; rev <= 30; rev++) {
		expect(revOf(bench.put(`id-${rev % 4}`, { rev }))).toBe(rev);
		expect(bench.put(`id-${rev % 4}`, {}, { noneMatch: "any" })).toMatchObject({ code: "condition_failed", rev });
		expect(revOf(bench.put("x", {}, { collection: `other-${rev}` }))).toBe(1);
		if (rev % 7 === 0) bench.wake();
	}
	expect(bench.collections.collection("carts")).toMatchObject({ head: 30, floor: 0 });
});

test("reading what does not exist finds nothing and stores nothing", () => {
	const bench = new CollectionsBench();
	expect(bench.collections.collection("carts")).toMatchObject({ number: 0, head: 0, floor: 0 });
	expect(bench.collections.record({ collection: "carts", id: "a" })).toBeUndefined();
	expect(bench.collections.page("carts", { prefix: "", after: "" }, everything)).toMatchObject({
		head: 0,
		records: [],
	});
	expect(bench.changes(0)).toEqual([]);
	expect(bench.delete("a")).toMatchObject({ ok: false, code: "not_found" });
	expect(bench.patch("a", {})).toMatchObject({ ok: false, code: "not_found" });
	expect([bench.count("collections"), bench.count("records")]).toEqual([0, 0]);
});

describe("a write", () => {
	test("creates once, replaces the whole document, and tells when it was", () => {
		const bench = new CollectionsBench();
		expect(bench.put("a", { x: 1, y: 2 })).toMatchObject({ created: true, record: { updated: bench.now } });
		bench.now += 5;
		expect(bench.put("a", { y: 3 })).toMatchObject({ created: false, record: { updated: bench.now } });
		expect(bench.list()).toEqual({ a: { y: 3 } });
		expect(bench.delete("a")).toMatchObject({ ok: true, record: { rev: 3, data: null } });
		expect(bench.list()).toEqual({});
		expect(bench.put("a", {})).toMatchObject({ created: true, record: { rev: 4 } });
	});

	test("patches as RFC 7396 says, and keeps -0 and __proto__", () => {
		const bench = new CollectionsBench();
		bench.put("a", { keep: 1, drop: 2, deep: { x: 1, y: 2 } });
		bench.patch("a", JSON.parse('{"drop":null,"deep":{"x":null,"z":-0},"__proto__":{"polluted":1}}'));
		const record = bench.collections.record({ collection: "carts", id: "a" });
		expect(record?.data).toBe('{"keep":1,"deep":{"y":2,"z":-0},"__proto__":{"polluted":1}}');
		expect(({} as { polluted?: number }).polluted).toBeUndefined();
	});

	test("without an id gets one that the server makes", () => {
		const bench = new CollectionsBench();
		const action = { kind: "put", data: "{}" } as const;
		const outcomes = bench.write({ collection: "carts", action }, { collection: "carts", action });
		expect(outcomes).toMatchObject([{ record: { id: "made-0" } }, { record: { id: "made-1" } }]);
	});

	test("of as many bytes as a record may have is stored, and of one more refused, by put and by patch", () => {
		const bench = new CollectionsBench();
		const data = { text: "é".repeat((limits.recordBytes - 11) / 2) };
		expect(new TextEncoder().encode(JSON.stringify(data)).length).toBe(limits.recordBytes - 1);
		expect(bench.put("a", { text: `${data.text}x` })).toMatchObject({ ok: true });
		const over = { text: `${data.text}xx` };
		expect(bench.put("b", over)).toMatchObject({ ok: false, code: "too_big" });
		expect(bench.patch("a", over)).toMatchObject({ ok: false, code: "too_big" });
		expect(bench.collections.collection("carts").head).toBe(1);
	});

	test("is refused where the collection holds as many as it may, until one is deleted or has expired, also after a sleep", () => {
		const bench = new CollectionsBench();
		bench.most = 3;
		bench.wake();
		for (const id of ["a", "b", "c"])
			expect(bench.put(id, {}, id === "c" ? { ttl: 1_000 } : {})).toMatchObject({ ok: true });
		for (const wake of [false, true]) {
			if (wake) bench.wake();
			expect(bench.put("d")).toMatchObject({ ok: false, code: "collection_full" });
			expect(bench.put("a", { again: wake })).toMatchObject({ ok: true });
			expect(bench.patch("b", { x: wake })).toMatchObject({ ok: true });
		}
		expect(bench.put("d", {}, { collection: "others" })).toMatchObject({ ok: true });
		expect(bench.delete("a")).toMatchObject({ ok: true });
		expect([bench.put("d").ok, bench.put("a")]).toMatchObject([true, { code: "collection_full" }]);
		bench.now += 1_001;
		const stage = bench.collections.stage();
		bench.sql.transact(() => bench.collections.expire(stage));
		stage.apply();
		expect([bench.put("a").ok, bench.put("c")]).toMatchObject([true, { code: "collection_full" }]);
		bench.wake();
		expect(bench.put("c")).toMatchObject({ code: "collection_full" });
	});

	test("is refused in a space that is full, but for a deletion", () => {
		const bench = new CollectionsBench();
		bench.put("a");
		bench.full = { code: "storage_full", message: "Full." };
		expect(bench.put("b")).toMatchObject({ ok: false, code: "storage_full" });
		expect(bench.patch("a", { x: 1 })).toMatchObject({ ok: false, code: "storage_full" });
		expect(dataOf(bench.collections.record({ collection: "carts", id: "a" }))).toEqual({});
		expect(bench.delete("a")).toMatchObject({ ok: true });
	});
});

describe("a condition", () => {
	// The record `there` is at revision 2, `absent` was never written.
	test.each<[string, Partial<RecordWrite>, "there" | "absent", boolean]>([
		["its revision", { match: [2] }, "there", true],
		["one of several", { match: [1, 2, 9] }, "there", true],
		["another revision", { match: [1] }, "there", false],
		["no revision at all", { match: [] }, "there", false],
		["any", { match: "any" }, "there", true],
		["any, of what is absent", { match: "any" }, "absent", false],
		["a revision, of what is absent", { match: [2] }, "absent", false],
		["revision 0, of what is absent", { match: [0] }, "absent", false],
		["not any", { noneMatch: "any" }, "there", false],
		["not any, of what is absent", { noneMatch: "any" }, "absent", true],
		["not its revision", { noneMatch: [1, 2] }, "there", false],
		["not another revision", { noneMatch: [1] }, "there", true],
		["not a revision, of what is absent", { noneMatch: [2] }, "absent", true],
		["any, and not its revision", { match: "any", noneMatch: [2] }, "there", false],
	])("of %s", (_, condition, id, holds) => {
		const bench = new CollectionsBench();
		bench.put("other");
		bench.put("there", { x: 1 });
		const outcome = bench.put(id, { x: 2 }, condition);
		expect(outcome.ok).toBe(holds);
		if (!outcome.ok) expect(outcome).toMatchObject({ code: "condition_failed" });
		if (!outcome.ok) expect(outcome.rev).toBe(id === "there" ? 2 : undefined);
		expect(bench.list().there).toEqual(id === "there" && holds ? { x: 2 } : { x: 1 });
	});

	test("holds for a patch and a deletion too, and what is absent is not found whatever it says", () => {
		const bench = new CollectionsBench();
		bench.put("a", { x: 1 });
		expect(bench.patch("a", { x: 2 }, { match: [7] })).toMatchObject({ code: "condition_failed", rev: 1 });
		expect(bench.delete("a", { match: [7] })).toMatchObject({ code: "condition_failed", rev: 1 });
		expect(bench.patch("a", { x: 2 }, { match: [1] })).toMatchObject({ ok: true });
		expect(bench.delete("a", { match: [2] })).toMatchObject({ ok: true });
		expect(bench.patch("a", { x: 3 }, { match: [3] })).toMatchObject({ code: "not_found" });
		expect(bench.delete("a", { match: [3] })).toMatchObject({ code: "not_found" });
	});
});

describe("a page", () => {
	const ids = ["a", "a-1", "a:1", "a:10", "a:2", "b", "~"].sort();

	test.each([
		["", "", ids],
		["a:", "", ["a:1", "a:10", "a:2"]],
		["a", "", ["a", "a-1", "a:1", "a:10", "a:2"]],
		["", "a:1", ["a:10", "a:2", "b", "~"]],
		["a:", "a:1", ["a:10", "a:2"]],
		["a:1", "a:1", ["a:10"]],
		["a:", "a", ["a:1", "a:10", "a:2"]],
		["a:", "b", []],
		["b", "a:1", ["b"]],
		["c", "", []],
		["", "~", []],
	])("of what starts with %j, after %j", (prefix, after, expected) => {
		const bench = new CollectionsBench();
		for (const id of [...ids].reverse()) bench.put(id);
		bench.put("b", {}, { collection: "zzz" });
		expect(Object.keys(bench.list(prefix, after))).toEqual(expected);
	});

	test("ends at its count and its size, says whether there is more, and always holds one", () => {
		const bench = new CollectionsBench();
		for (let index = 0; index < 10; index++) bench.put(`id-${index}`, { text: "x".repeat(1_000) });
		const page = (count: number, size: number, after = "") => {
			const { records, more } = bench.collections.page("carts", { prefix: "", after }, { count, size });
			return [records.length, more];
		};
		expect(page(3, 1e9)).toEqual([3, true]);
		expect(page(10, 1e9)).toEqual([10, false]);
		expect(page(100, 3_500)).toEqual([3, true]);
		expect(page(100, 1)).toEqual([1, true]);
		expect(page(100, 1, "id-8")).toEqual([1, false]);
	});
});

describe("writes of one transaction", () => {
	const put = (id: string, more: Partial<RecordWrite> = {}): RecordWrite => ({
		collection: "carts",
		id,
		action: { kind: "put", data: "{}" },
		...more,
	});

	test("see one another, over several collections, and are told in order", () => {
		const bench = new CollectionsBench();
		const stage = bench.collections.stage();
		const outcomes = bench.sql.transact(() =>
			[
				put("a"),
				put("a", { match: [1] }),
				put("a", { collection: "stock", ttl: 9 }),
				put("a", { match: [1] }),
				{ ...put("a", { match: [2] }), action: { kind: "delete" } as const },
				put("a", { noneMatch: "any" }),
			].map((write) => stage.write(write)),
		);
		expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, false, true, true]);
		stage.apply();
		expect(stage.changes.map(({ collection, record }) => [collection, record.id, record.rev])).toEqual([
			["carts", "a", 1],
			["carts", "a", 2],
			["stock", "a", 1],
			["carts", "a", 3],
			["carts", "a", 4],
		]);
		expect(bench.collections.collection("carts").head).toBe(4);
		expect(bench.collections.nextExpiry()).toBe(bench.now + 9);
		expect(bench.wake().collection("carts").head).toBe(4);
	});

	test("that are undone leave no trace in memory or on disk", () => {
		const bench = new CollectionsBench();
		bench.put("a", { x: 1 });
		expect(bench.collections.nextExpiry()).toBeUndefined();
		expect(() =>
			bench.sql.transact(() => {
				const stage = bench.collections.stage();
				stage.write(put("a", { ttl: 1 }));
				stage.write(put("b", { collection: "new" }));
				throw new Error("the disk is gone");
			}),
		).toThrow("the disk is gone");
		expect(bench.collections.collection("carts").head).toBe(1);
		expect(bench.collections.collection("new").number).toBe(0);
		expect(bench.collections.nextExpiry()).toBeUndefined();
		expect(revOf(bench.put("a", { x: 2 }))).toBe(2);
		expect(bench.list()).toEqual({ a: { x: 2 } });
	});
});
