import { expect, test } from "vitest";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { textsOf } from "../../../worker/space/parts/log/segments.ts";
import type { Append, Retention } from "../../../worker/space/ports.ts";
import { freshSql } from "./sqlite.ts";

const end = Number.POSITIVE_INFINITY;
const everything = { age: end, messages: end, bytes: end };
const kilobyte = JSON.stringify("x".repeat(1_000));

class Bench {
	readonly sql = freshSql();
	now = 1_000_000;
	/** By the name of a channel. */
	readonly retention: { [name: string]: Partial<Retention> } = {};
	log = this.wake();

	wake(): Log {
		let ids = 0;
		this.log = new Log(
			this.sql,
			() => this.now,
			() => `id-${ids++}`,
			(name) => ({ kind: "log", retention: { ...everything, ...this.retention[name] } }),
		);
		return this.log;
	}

	publish(channel: string, times = 1, more: Partial<Append> = {}) {
		return Array.from({ length: times }, () => {
			const append = { principal: "p", channel, drafts: [{ data: kilobyte }], ...more };
			const appended = this.sql.transact(() => this.log.append([append]));
			appended.apply();
			return appended;
		}).at(-1);
	}

	trim(): number | undefined {
		const { next, apply } = this.sql.transact(() => this.log.trim());
		apply();
		return next;
	}
}

test("a channel that nobody publishes to is trimmed by age, in whole segments, and then to the last message", () => {
	const bench = new Bench();
	bench.retention.chat = { age: 10_000 };
	bench.publish("chat", 40);
	bench.now += 5_000;
	bench.publish("chat", 1);
	bench.publish("kept", 3);
	expect(bench.trim()).toBe(1_010_000);
	bench.now = 1_010_000;
	const next = bench.trim();
	const { floor, head } = bench.log.channel("chat");
	expect(head).toBe(41);
	// The segment in which the last message stands holds older ones, too.
	expect(floor).toBeGreaterThan(20);
	expect(floor).toBeLessThan(42);
	expect(next).toBe(1_015_000);
	bench.now = 1_015_000;
	expect(bench.trim()).toBeUndefined();
	for (const wake of [false, true]) {
		if (wake) bench.wake();
		expect(bench.log.channel("chat")).toMatchObject({ floor: 42, head: 41 });
		expect(bench.log.channel("kept")).toMatchObject({ floor: 1, head: 3 });
	}
	expect(bench.publish("chat")?.outcomes).toMatchObject([{ first: 42 }]);
	expect(bench.log.channel("chat")).toMatchObject({ floor: 42, head: 42 });
});

test("each channel has a retention of its own, and a flush tells when the first of it is over", () => {
	const bench = new Bench();
	bench.retention.short = { age: 1_000 };
	bench.retention.long = { age: 60_000 };
	bench.retention.few = { messages: 20 };
	bench.retention.small = { bytes: 20_000 };
	expect(bench.publish("short")?.expires).toBe(1_001_000);
	expect(bench.publish("long")?.expires).toBe(1_060_000);
	expect(bench.publish("few", 100)?.expires).toBe(end);
	bench.publish("small", 100);
	const held = (name: string) => bench.log.channel(name).head - bench.log.channel(name).floor + 1;
	expect(held("few")).toBeGreaterThanOrEqual(20);
	expect(held("few")).toBeLessThan(60);
	expect(held("small")).toBeGreaterThanOrEqual(15);
	expect(held("small")).toBeLessThan(60);
	bench.now += 2_000;
	bench.trim();
	expect(["short", "long"].map(held)).toEqual([0, 1]);
});

test("dedup outlives a trim that takes every message, also one that nobody published since the wake", () => {
	const bench = new Bench();
	bench.retention.chat = { age: 1_000 };
	const once = { producer: { client: "c", n: 0, previous: -1 } };
	bench.publish("chat", 1, once);
	bench.wake();
	bench.now += 2_000;
	bench.trim();
	for (const wake of [false, true]) {
		if (wake) bench.wake();
		expect(bench.publish("chat", 1, once)?.outcomes).toMatchObject([{ duplicate: true, first: null }]);
	}
});

test("a trim that is undone leaves memory as it was", () => {
	const bench = new Bench();
	bench.retention.chat = { age: 1_000 };
	bench.publish("chat", 3);
	bench.now += 2_000;
	expect(() =>
		bench.sql.transact(() => {
			bench.log.trim();
			throw new Error("the disk is gone");
		}),
	).toThrow("the disk is gone");
	expect(bench.log.channel("chat")).toMatchObject({ floor: 1, head: 3 });
	expect(bench.publish("chat")?.outcomes).toMatchObject([{ first: 4 }]);
});

test("who reads on where messages were trimmed meanwhile is shown a gap, never a claim to have it all", () => {
	const bench = new Bench();
	bench.retention.chat = { messages: 20 };
	bench.publish("chat", 100);
	const { floor } = bench.log.channel("chat");
	const span = { after: 3, before: end };
	const page = bench.log.page(bench.log.channel("chat"), span, { count: end, size: 4_000 });
	expect(page?.after).toBe(floor - 1);
	expect(page && JSON.parse(textsOf(page)[0] ?? "")).toMatchObject({ seq: floor });
	bench.retention.chat = { age: 1_000 };
	bench.wake();
	bench.now += 2_000;
	bench.trim();
	expect(bench.log.page(bench.log.channel("chat"), span, { count: end, size: 4_000 })).toEqual({
		after: 100,
		to: 100,
		body: "",
	});
});
