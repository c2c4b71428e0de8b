import { describe, expect, test } from "vitest";
import { CollectionsBench, everything, retained, revOf } from "./collections-bench.ts";

describe("a record that has expired", () => {
	test("is absent at once for every read, list and condition, before any alarm came", () => {
		const bench = new CollectionsBench();
		const expires = bench.now + 1_000;
		bench.put("a", { x: 1 }, { ttl: 1_000 });
		bench.put("b", { x: 1 });
		bench.now = expires - 1;
		expect(Object.keys(bench.list())).toEqual(["a", "b"]);
		expect(bench.patch("a", { y: 1 })).toMatchObject({ ok: true, record: { expires } });
		bench.now = expires;
		for (const wake of [false, true]) {
			if (wake) bench.wake();
			expect(bench.collections.record({ collection: "carts", id: "a" })).toBeUndefined();
			expect(Object.keys(bench.list())).toEqual(["b"]);
			expect(bench.changes(0)).toEqual(["b@2", "-a@3"]);
			expect(bench.patch("a", {})).toMatchObject({ code: "not_found" });
			expect(bench.delete("a")).toMatchObject({ code: "not_found" });
			expect(bench.put("a", {}, { match: "any" })).toMatchObject({ code: "condition_failed" });
			expect(bench.put("a", {}, { match: [3] })).toMatchObject({ code: "condition_failed" });
		}
		expect(bench.put("a", { x: 2 }, { noneMatch: "any" })).toMatchObject({ created: true, record: { rev: 4 } });
		expect(bench.expire()).toEqual([]);
		expect(bench.list()).toEqual({ a: { x: 2 }, b: { x: 1 } });
	});

	test("becomes a tombstone with a revision of its own when the alarm comes, once", () => {
		const bench = new CollectionsBench();
		bench.put("a", {}, { ttl: 1_000 });
		bench.put("b", {}, { ttl: 2_000 });
		bench.put("a", {}, { collection: "stock", ttl: 500 });
		expect(bench.wake().nextExpiry()).toBe(bench.now + 500);
		bench.now += 1_000;
		expect(bench.expire().map(({ collection, record }) => [collection, record.id, record.rev, record.data])).toEqual([
			["stock", "a", 2, null],
			["carts", "a", 3, null],
		]);
		expect(bench.expire()).toEqual([]);
		expect(bench.collections.nextExpiry()).toBe(bench.now + 1_000);
		expect(bench.changes(0)).toEqual(["b@2", "-a@3"]);
		expect(bench.changes(1, "stock")).toEqual(["-a@2"]);
	});

	test("expires no more when a put says nothing of it, later when a patch does, and as before when that does not", () => {
		const bench = new CollectionsBench();
		for (const id of ["put", "patch", "kept"]) bench.put(id, {}, { ttl: 100 });
		bench.put("put");
		bench.patch("patch", { x: 1 }, { ttl: 200 });
		bench.patch("kept", { x: 1 });
		bench.now += 100;
		expect(bench.expire().map(({ record }) => record.id)).toEqual(["kept"]);
		bench.now += 100;
		expect(bench.expire().map(({ record }) => record.id)).toEqual(["patch"]);
		expect(bench.collections.nextExpiry()).toBeUndefined();
		expect(Object.keys(bench.list())).toEqual(["put"]);
	});

	test("is made a tombstone however many there are, with one look at all records for a thousand of them", () => {
		const bench = new CollectionsBench();
		const count = 5_500;
		bench.sql
			.transact(() => {
				const stage = bench.collections.stage();
				for (let index = 0; index < count; index++) {
					// Every tenth in the same millisecond.
					const ttl = 1 + (index % 10 === 0 ? 2_500 : (index * 7_919) % count);
					stage.write({ collection: "carts", id: `id-${index}`, action: { kind: "put", data: "{}" }, ttl });
				}
				return stage;
			})
			.apply();
		bench.wake();
		bench.sql.queries.length = 0;
		let expired = 0;
		let alarms = 0;
		for (let due = bench.collections.nextExpiry(); due !== undefined; due = bench.collections.nextExpiry()) {
			// Alarms come late, now and then by a lot.
			bench.now = Math.max(bench.now, due + (alarms % 5 === 0 ? 300 : 0));
			expired += bench.expire().length;
			alarms += 1;
			if (alarms % 400 === 0) bench.wake();
		}
		expect(expired).toBe(count);
		expect(bench.count("records WHERE data IS NULL")).toBe(count);
		const looks = bench.sql.queries.filter((query) => query.includes("ORDER BY expires")).length;
		expect(looks).toBeLessThanOrEqual(2 + count / 1_000 + 2 * (alarms / 400));
	});

	test("is known after a wake, although one that expires later was written since", () => {
		const bench = new CollectionsBench();
		bench.put("a", {}, { ttl: 1_000 });
		bench.wake();
		bench.put("b", {}, { ttl: 2_000 });
		expect(bench.collections.nextExpiry()).toBe(bench.now + 1_000);
	});

	test("that is renewed again and again, among thousands of others, is still there", () => {
		const bench = new CollectionsBench();
		expect(bench.collections.nextExpiry()).toBeUndefined();
		for (let round = 0; round < 5_000; round++) {
			bench.put("lock", { round }, { ttl: 30 });
			bench.put(`other-${round}`, {}, { ttl: 20_000 });
			bench.now += 1;
			const next = bench.collections.nextExpiry();
			if (next !== undefined && next <= bench.now) bench.expire();
		}
		expect(bench.list("lock")).toEqual({ lock: { round: 4_999 } });
		bench.now += 29;
		expect(bench.expire().map(({ record }) => record.id)).toEqual(["lock"]);
	});
});

describe("a tombstone", () => {
	test("is kept as long as it must be, and then dropped without its revision ever being used again", () => {
		const bench = new CollectionsBench();
		bench.put("a");
		bench.put("b");
		bench.delete("a");
		bench.delete("b");
		expect(bench.collections.nextForget()).toBe(bench.now + retained);
		bench.now += retained - 1;
		bench.forget();
		expect(bench.changes(2)).toEqual(["-a@3", "-b@4"]);
		bench.now += 1;
		bench.forget();
		expect(bench.collections.nextForget()).toBeUndefined();
		expect(bench.count("records")).toBe(0);
		for (const wake of [false, true]) {
			if (wake) bench.wake();
			expect(bench.collections.collection("carts")).toMatchObject({ head: 4, floor: 4 });
		}
		expect(revOf(bench.put("a"))).toBe(5);
	});

	test("that was dropped cannot be told any more: who knows less than it starts anew, who knows it goes on", () => {
		const bench = new CollectionsBench();
		bench.put("a");
		bench.put("b");
		bench.delete("a");
		bench.now += retained;
		bench.put("c");
		bench.delete("b");
		bench.forget();
		expect(bench.collections.collection("carts")).toMatchObject({ head: 5, floor: 3 });
		expect(bench.changes(2)).toBe("retention");
		expect(bench.changes(3)).toEqual(["c@4", "-b@5"]);
		expect(bench.changes(5)).toEqual([]);
		expect(bench.changes(6)).toBe("ahead");
	});

	test("is replaced by a record that is written again, which no sweep drops", () => {
		const bench = new CollectionsBench();
		bench.put("a");
		bench.delete("a");
		bench.put("a", { x: 1 });
		bench.now += retained;
		bench.forget();
		expect(bench.list()).toEqual({ a: { x: 1 } });
		expect(bench.collections.collection("carts")).toMatchObject({ head: 3, floor: 0 });
	});

	test("lowers no floor, although the clock went back between two deletions", () => {
		const bench = new CollectionsBench();
		bench.put("a");
		bench.put("b");
		bench.delete("a");
		bench.now -= 5_000;
		bench.delete("b");
		for (const time of [retained, 5_000]) {
			bench.now += time;
			bench.forget();
			expect(bench.collections.collection("carts")).toMatchObject({ head: 4, floor: 4 });
		}
		expect(bench.count("records")).toBe(0);
	});
});

test("changes come in pages that account for every revision, and end where they are cut", () => {
	const bench = new CollectionsBench();
	for (let index = 0; index < 50; index++) bench.put(`id-${index % 20}`, { index });
	bench.delete("id-3");
	const seen: number[] = [];
	for (let after = 0, pages = 0; after < 51; pages++) {
		const changes = bench.collections.changes("carts", after, { count: 7, size: 1e9 });
		if (!changes.ok) throw new Error(changes.reset);
		expect(changes.head).toBe(51);
		expect(changes.records.every(({ rev }) => rev > after && rev <= changes.to)).toBe(true);
		seen.push(...changes.records.map(({ rev }) => rev));
		after = changes.to;
		expect(pages).toBeLessThan(4);
	}
	expect(seen).toEqual([...seen].sort((a, b) => a - b));
	expect(seen).toHaveLength(20);
	const one = bench.collections.changes("carts", 0, { ...everything, size: 1 });
	expect(one).toMatchObject({ ok: true, to: seen[0], records: [{ rev: seen[0] }] });
});
