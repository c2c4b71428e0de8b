import { expect, test } from "vitest";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { textsOf } from "../../../worker/space/parts/log/segments.ts";
import type { Append } from "../../../worker/space/ports.ts";
import { Random } from "../../helpers/random.ts";
import { freshSql } from "./sqlite.ts";

const end = Number.POSITIVE_INFINITY;
const retention = { age: end, messages: end, bytes: end };

interface Stored {
	readonly seq: number;
	readonly key: string;
	readonly data: unknown;
}

class Bench {
	readonly sql = freshSql();
	readonly log = new Log(
		this.sql,
		() => 1_700_000_000_000,
		() => "an-id",
		() => ({ kind: "keyed", retention }),
	);

	put(channel: string, ...keys: readonly string[]): void {
		const appends = keys.map((key): Append => ({ principal: "p", channel, drafts: [{ key, data: "1" }] }));
		const appended = this.sql.transact(() => this.log.append(appends));
		appended.apply();
	}

	page(name: string, after: number, count: number, before = end) {
		const page = this.log.page(this.log.channel(name), { after, before }, { count, size: end });
		const messages = page ? textsOf(page).map((text) => JSON.parse(text) as Stored) : [];
		return { to: page?.to, messages, seqs: messages.map(({ seq }) => seq) };
	}

	/** How often a channel was sorted. */
	get sorts(): number {
		return this.sql.queries.filter((query) => query.includes("ORDER BY seq")).length;
	}

	/** How often a message was looked up where one stands, or stood. */
	get lookups(): number {
		return this.sql.queries.filter((query) => query.endsWith("key = ? AND seq = ?")).length;
	}

	/** Reads a channel from its start to its head; returns how many messages that were. */
	join(name: string): number {
		let read = 0;
		for (let after = 0; ; ) {
			const { to, seqs } = this.page(name, after, 500);
			if (to === undefined) return read;
			read += seqs.length;
			after = to;
		}
	}
}

test("a replay sorts a keyed channel once in 10,000 messages, not for every page, however many read at once", () => {
	const bench = new Bench();
	const keys = Array.from({ length: 25_000 }, (_, index) => `k${index}`);
	for (let from = 0; from < keys.length; from += 1_000) bench.put("prices", ...keys.slice(from, from + 1_000));
	bench.sql.queries.length = 0;
	const places = [0, 0, 0];
	for (let again = true; again; ) {
		again = false;
		for (const [reader, after] of places.entries()) {
			const { to, seqs } = bench.page("prices", after, 97);
			if (to === undefined) continue;
			expect(seqs).toEqual(Array.from({ length: Math.min(97, 25_000 - after) }, (_, index) => after + index + 1));
			places[reader] = to;
			again = true;
		}
	}
	expect(places).toEqual([25_000, 25_000, 25_000]);
	expect(bench.sorts).toBe(3);
});

test("who joins a channel whose keys are all written again looks up few messages that are no longer there", () => {
	const bench = new Bench();
	const keys = Array.from({ length: 5_000 }, (_, index) => `k${index}`);
	for (let round = 1; round <= 5; round++) {
		bench.put("prices", ...keys);
		bench.sql.queries.length = 0;
		let read = 0;
		for (let joiner = 1; joiner <= 3; joiner++) read += bench.join("prices");
		expect(read).toBe(15_000);
		// Those that are looked up in vain by the first one, and one a page, which is the first of the next.
		expect([round, bench.lookups - read]).toEqual([round, expect.toSatisfy((most: number) => most <= 1_001 + 3 * 10)]);
		expect([round, bench.sorts]).toEqual([round, expect.toSatisfy((most: number) => most <= 2)]);
	}
});

test.each([
	["of one message", 1, 1],
	["of what is new", 1_480, end],
])("a small read, %s, takes no room from a long replay", (_, after, count) => {
	const bench = new Bench();
	const keys = Array.from({ length: 1_500 }, (_, index) => `k${index}`);
	const others = ["a", "b", "c", "d", "e"];
	for (const name of ["prices", ...others]) bench.put(name, ...keys);
	const { to = 0 } = bench.page("prices", 0, 97);
	for (const name of others) expect(bench.page(name, after, count).seqs.at(0)).toBe(after + 1);
	bench.sql.queries.length = 0;
	expect(bench.page("prices", to, 97).seqs.at(0)).toBe(98);
	expect(bench.sorts).toBe(0);
});

test("whatever is published, dropped or wiped between two pages, a reader has what there is at the end, in order", () => {
	for (let seed = 1; seed <= 40; seed++) {
		const random = new Random(seed);
		const bench = new Bench();
		const readers = Array.from({ length: 6 }, (_, index) => ({
			name: `c${index % 5}`,
			at: 0,
			has: new Map<string, number>(),
		}));
		const read = (reader: (typeof readers)[number], count: number) => {
			const { to, messages } = bench.page(reader.name, reader.at, count);
			let last = reader.at;
			for (const { key, seq } of messages) {
				expect(seq).toBeGreaterThan(last);
				last = seq;
				reader.has.set(key, seq);
			}
			expect(to ?? reader.at).toBeGreaterThanOrEqual(last);
			reader.at = to ?? reader.at;
			return to !== undefined;
		};
		for (let step = 0; step < 300; step++) {
			const chance = random.next();
			const reader = readers[random.below(readers.length)];
			if (!reader) continue;
			if (chance < 0.4)
				bench.put(reader.name, ...Array.from({ length: 1 + random.below(5) }, () => `k${random.below(30)}`));
			else if (chance < 0.42) bench.sql.run("DELETE FROM keyed WHERE key = ?", `k${random.below(30)}`);
			else if (chance < 0.43) {
				// The same seqs are given again.
				bench.sql.run("DELETE FROM keyed");
				bench.log.clear();
				for (const each of readers) {
					each.at = 0;
					each.has.clear();
				}
			} else if (chance < 0.5) {
				const [after, before] = [random.below(40), 20 + random.below(60)];
				for (const seq of bench.page(reader.name, after, end, before).seqs) expect(seq).toBeLessThan(before);
			} else read(reader, 1 + random.below(4));
		}
		for (const reader of readers) {
			while (read(reader, 3)) {}
			const kept = bench.page(reader.name, 0, end).messages;
			for (const { key, seq } of kept) expect([seed, key, reader.has.get(key)]).toEqual([seed, key, seq]);
		}
	}
});
