import { expect, test } from "vitest";
import type { Fault } from "../../../protocol/result.ts";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { textsOf } from "../../../worker/space/parts/log/segments.ts";
import type { Append, ChannelKind, Outcome } from "../../../worker/space/ports.ts";
import { Random } from "../../helpers/random.ts";
import { freshSql } from "./sqlite.ts";

const end = Number.POSITIVE_INFINITY;
const everything = { age: end, messages: end, bytes: end };

interface Stored {
	readonly seq: number;
	readonly key?: string;
	readonly data: number;
}

class Bench {
	readonly sql = freshSql();
	now = 1_700_000_000_000;
	full: Fault | undefined;
	kind: ChannelKind = "keyed";
	retention = everything;
	log = this.wake();

	/** A log with nothing in memory, as after sleep. */
	wake(): Log {
		let ids = 0;
		const rule = () => ({ kind: this.kind, retention: this.retention });
		this.log = new Log(
			this.sql,
			() => this.now,
			() => `id-${ids++}`,
			rule,
			() => this.full,
		);
		return this.log;
	}

	append(...appends: readonly Append[]): readonly Outcome[] {
		const appended = this.sql.transact(() => this.log.append(appends));
		appended.apply();
		return appended.outcomes;
	}

	purge(): void {
		this.log.set(this.sql.transact(() => this.log.purge(this.channel, this.now)));
	}

	trim(): number | undefined {
		const { next, apply } = this.sql.transact(() => this.log.trim());
		apply();
		return next;
	}

	get channel() {
		return this.log.channel("prices");
	}

	/** All that a reader after a seq gets, in pages of about `size` characters, and where it then stands. */
	read(after = 0, size = 4_000): { readonly messages: readonly Stored[]; readonly to: number } {
		const messages: Stored[] = [];
		let to = after;
		for (;;) {
			const page = this.log.page(this.channel, { after: to, before: end }, { count: end, size });
			if (!page) return { messages, to };
			messages.push(...textsOf(page).map((text) => JSON.parse(text) as Stored));
			to = page.to;
		}
	}

	rows(table: string): number {
		return Number(this.sql.all<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)[0]?.count);
	}
}

function message(key: string, data: unknown, more: Partial<Append> = {}): Append {
	return { principal: "p", channel: "prices", drafts: [{ key, data: JSON.stringify(data) }], ...more };
}

function by(client: string, n: number): Partial<Append> {
	return { producer: { client, n, previous: n - 1 } };
}

test("after 100,000 messages on 50 keys a reader from the start gets 50, and all seqs are accounted for", {
	timeout: 60_000,
}, () => {
	const bench = new Bench();
	for (let from = 0; from < 100_000; from += 1_000) {
		const flush = Array.from({ length: 1_000 }, (_, index) => message(`k${(from + index) % 50}`, from + index));
		bench.append(...flush);
	}
	expect(bench.rows("keyed")).toBe(50);
	for (const wake of [false, true]) {
		if (wake) bench.wake();
		const { messages, to } = bench.read();
		expect(messages.map(({ data }) => data)).toEqual(Array.from({ length: 50 }, (_, index) => 99_950 + index));
		expect([to, bench.channel.head, bench.channel.floor]).toEqual([100_000, 100_000, 1]);
		expect(bench.read(99_990).messages.length).toBe(10);
		expect(bench.read(40_000, 1).messages.length).toBe(50);
	}
});

test("a message without a key is refused, and null is a value like any other", () => {
	const bench = new Bench();
	const [keyless] = bench.append({ principal: "p", channel: "prices", drafts: [{ data: "1" }] });
	expect(keyless).toMatchObject({ ok: false, code: "bad_request" });
	expect(bench.append(message("a", 1), message("a", null))).toMatchObject([{ first: 1 }, { first: 2 }]);
	expect(bench.read().messages).toMatchObject([{ seq: 2, key: "a", data: null }]);
});

test("each start of a subscription counts the messages that are kept", () => {
	const bench = new Bench();
	for (const key of ["a", "b", "a", "c", "b", "a"]) {
		bench.now += 1_000;
		bench.append(message(key, bench.now));
	}
	const after = (start: Parameters<Log["locate"]>[1]) => bench.log.locate(bench.channel, start, "e");
	expect(bench.read().messages.map(({ seq }) => seq)).toEqual([4, 5, 6]);
	expect(after({ from: "last", count: 0 })).toEqual({ after: 6 });
	expect(after({ from: "last", count: 1 })).toEqual({ after: 5 });
	expect(after({ from: "last", count: 2 })).toEqual({ after: 4 });
	expect(after({ from: "last", count: 9 })).toEqual({ after: 0 });
	expect(after({ from: "since", ts: bench.now - 1_000 })).toEqual({ after: 4 });
	expect(after({ from: "since", ts: bench.now + 1 })).toEqual({ after: 6 });
	// What stood there was superseded: that is no other log.
	expect(after({ from: "position", epoch: "e", seq: 3, id: "id-2" })).toEqual({ after: 3 });
	expect(after({ from: "position", epoch: "e", seq: 4, id: "id-3" })).toEqual({ after: 4 });
	expect(after({ from: "position", epoch: "e", seq: 4, id: "another" })).toEqual({ reset: "epoch" });
});

test("pages of history hold whole counts, both ways, and never claim what they do not hold", () => {
	const bench = new Bench();
	for (let index = 0; index < 300; index++) bench.append(message(`k${index % 40}`, index));
	const seqs = Array.from({ length: 40 }, (_, index) => 261 + index);
	const most = { count: 7, size: 1_000_000 };
	const forwards: number[] = [];
	for (let after = 0; after < 300; ) {
		const page = bench.log.page(bench.channel, { after, before: end }, most);
		const found = page ? textsOf(page).map((text) => (JSON.parse(text) as Stored).seq) : [];
		expect(found.length).toBeLessThanOrEqual(7);
		forwards.push(...found);
		after = page?.to ?? end;
	}
	expect(forwards).toEqual(seqs);
	const backwards: number[] = [];
	for (let before = 301; before > 1; ) {
		const { texts, from } = bench.log.newest(bench.channel, { after: 0, before }, most);
		backwards.push(...texts.map((text) => (JSON.parse(text) as Stored).seq));
		expect(from).toBeLessThan(before);
		before = from;
	}
	expect(backwards.reverse()).toEqual(seqs);
	const middle = bench.log.page(bench.channel, { after: 265, before: 268 }, most);
	expect(middle).toMatchObject({ after: 265, to: 267 });
	expect(middle && textsOf(middle).length).toBe(2);
});

test("retention drops the oldest messages by age, count and bytes, and tells the floor", () => {
	const count = new Bench();
	count.retention = { ...everything, messages: 100 };
	for (let index = 0; index < 1_024; index++) count.append(message(`k${index}`, index));
	expect(count.rows("keyed")).toBe(100);
	expect([count.channel.floor, count.wake().channel("prices").floor]).toEqual([925, 925]);

	const bytes = new Bench();
	bytes.retention = { ...everything, bytes: 50_000 };
	for (let index = 0; index < 512; index++) bytes.append(message(`k${index}`, "x".repeat(1_000)));
	expect(bytes.rows("keyed")).toBeLessThan(50);

	const age = new Bench();
	age.retention = { ...everything, age: 10_000 };
	age.append(message("a", 1));
	age.now += 6_000;
	age.append(message("b", 2));
	expect(age.trim()).toBe(1_700_000_010_000);
	age.now += 5_000;
	expect(age.trim()).toBe(1_700_000_016_000);
	expect([age.read().messages.map(({ key }) => key), age.channel.floor]).toEqual([["b"], 2]);
	age.now += 50_000;
	expect(age.trim()).toBeUndefined();
	for (const wake of [false, true]) {
		if (wake) age.wake();
		expect(age.channel).toMatchObject({ head: 2, floor: 3 });
	}
	expect(age.append(message("c", 3))).toMatchObject([{ first: 3 }]);
});

test("a channel keeps its kind until it is purged, and what is ephemeral by its kind is not stored", () => {
	const bench = new Bench();
	bench.kind = "log";
	bench.log.ensure("prices");
	bench.kind = "keyed";
	bench.wake();
	bench.append(message("a", 1), message("a", 2));
	bench.kind = "log";
	bench.wake();
	expect(bench.channel).toMatchObject({ kind: "keyed", head: 2 });
	bench.append(message("a", 3));
	expect(bench.read().messages.map(({ seq }) => seq)).toEqual([3]);
	bench.purge();
	bench.wake();
	expect(bench.channel).toMatchObject({ kind: "log", head: 3, floor: 4 });
	bench.append(message("a", 4), message("a", 5));
	expect(bench.read().messages.map(({ seq }) => seq)).toEqual([4, 5]);
	bench.kind = "keyed";
	bench.wake();
	bench.purge();
	bench.append(message("a", 6), message("a", 7));
	expect(bench.wake().channel("prices")).toMatchObject({ kind: "keyed", head: 7, floor: 6 });
	expect(bench.read().messages.map(({ seq }) => seq)).toEqual([7]);
});

test("dedup outlives superseding, sleep, trims and purges: 20 runs of random publishes and repetitions", () => {
	let repeated = 0;
	let superseded = 0;
	for (let seed = 1; seed <= 20; seed++) {
		const random = new Random(seed);
		const bench = new Bench();
		bench.retention = { ...everything, messages: 5, age: 500_000 };
		const next = new Map<string, number>();
		const last = new Map<string, number>();
		for (let step = 0; step < 400; step++) {
			bench.now += 1_000;
			const chance = random.next();
			if (chance < 0.05) bench.wake();
			else if (chance < 0.07) bench.purge();
			else if (chance < 0.1) bench.trim();
			const flush: Append[] = [];
			const expected: object[] = [];
			let head = bench.channel.head;
			for (let index = random.below(4); index >= 0; index--) {
				const client = `c${random.below(8)}`;
				const n = next.get(client) ?? 0;
				if (n > 0 && random.next() < 0.4) {
					flush.push(message(`k${random.below(6)}`, step, { producer: { client, n: random.below(n), previous: -1 } }));
					expected.push({ ok: true, duplicate: true });
					repeated += 1;
					continue;
				}
				flush.push(message(`k${random.below(6)}`, step, by(client, n)));
				head += 1;
				expected.push({ ok: true, duplicate: false, first: head });
				next.set(client, n + 1);
				last.set(client, head);
			}
			expect([seed, step, bench.append(...flush)]).toMatchObject([seed, step, expected]);
		}
		const kept = new Set(bench.read().messages.map(({ seq }) => seq));
		superseded += [...last.values()].filter((seq) => !kept.has(seq)).length;
	}
	console.log(`repetitions: ${repeated}; producers whose last message was superseded at the end: ${superseded}`);
	expect(repeated).toBeGreaterThan(1_000);
	expect(superseded).toBeGreaterThan(50);
});

test("a space that is full takes no message of a key that it holds, either", () => {
	const bench = new Bench();
	bench.append(message("a", 1, by("c", 0)));
	bench.full = { code: "storage_full", message: "Full." };
	expect(bench.append(message("a", 2), message("a", 1, by("c", 0)))).toMatchObject([
		{ ok: false, code: "storage_full" },
		{ ok: true, first: 1, duplicate: true },
	]);
});
