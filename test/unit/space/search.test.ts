import { expect, test } from "vitest";
import { limits, storage } from "../../../protocol/limits.ts";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { publishOf } from "../../../worker/space/parts/log/producers.ts";
import type { Append, ChannelKind, Outcome } from "../../../worker/space/ports.ts";
import { freshSql } from "./sqlite.ts";

const end = Number.POSITIVE_INFINITY;
const retention = { age: end, messages: end, bytes: end };

class Bench {
	readonly sql = freshSql();
	readonly kind: ChannelKind;
	/** Characters of message bodies that were read. */
	read = 0;
	log: Log;

	constructor(kind: ChannelKind = "log") {
		this.kind = kind;
		const rows = this.sql.each.bind(this.sql);
		this.sql.each = <Row extends Record<string, string | number | null>>(...query: Parameters<typeof rows>) =>
			this.#counted(rows<Row>(...query));
		this.log = this.wake();
	}

	/** A log with nothing in memory, as after sleep. */
	wake(): Log {
		const rules = () => ({ kind: this.kind, retention });
		this.log = new Log(
			this.sql,
			() => 1_700_000_000_000,
			() => "an-id",
			rules,
		);
		return this.log;
	}

	append(...appends: readonly Append[]): readonly Outcome[] {
		const appended = this.sql.transact(() => this.log.append(appends));
		appended.apply();
		return appended.outcomes;
	}

	*#counted<Row extends Record<string, unknown>>(rows: Iterable<Row>): Iterable<Row> {
		for (const row of rows) {
			if (typeof row.body === "string") this.read += row.body.length;
			yield row;
		}
	}
}

function publish(client: string, n: number, size: number, key?: string): Append {
	const draft = { data: JSON.stringify("x".repeat(size)), ...(key !== undefined && { key }) };
	return { principal: "p", channel: "chat", drafts: [draft], producer: { client, n, previous: -1 } };
}

/** What those are answered that a client sends again after a sleep: a frame in a flush, or as much as one takes. */
function sentAgain(bench: Bench, client: string, count: number, size: number) {
	const seqs: (number | null)[] = [];
	const step = Math.min(limits.frameEnvelopes, Math.ceil(storage.flushBytes / size));
	for (let from = 0; from < count; from += step) {
		const numbers = Array.from({ length: Math.min(step, count - from) }, (_, index) => from + index);
		for (const outcome of bench.append(...numbers.map((n) => publish(client, n, size)))) {
			expect(outcome).toMatchObject({ ok: true, duplicate: true });
			if (outcome.ok) seqs.push(outcome.first);
		}
	}
	return seqs;
}

test("all that a socket may have unanswered is told its seqs when it is sent again, among three times as much of others", () => {
	const bench = new Bench();
	const seqs: number[] = [];
	for (let n = 0; n < limits.inFlight; n++) {
		const others = ["b", "c", "d"].map((client) => publish(client, n, 900));
		const outcomes = bench.append(publish("a", n, 900), ...others);
		seqs.push(outcomes[0]?.ok ? (outcomes[0].first ?? 0) : 0);
	}
	// What others published while it was away is not looked through.
	for (let n = limits.inFlight; n < 5_000; n++) bench.append(publish("b", n, 900));
	bench.wake();
	bench.append(publish("c", limits.inFlight, 900));
	bench.read = 0;
	expect(sentAgain(bench, "a", limits.inFlight, 900)).toEqual(seqs);
	expect(bench.read).toBeLessThan(6 * (storage.searchedSize + limits.pageBytes));
});

test("who is alone on a channel is told the seqs of all, however large they are", () => {
	const bench = new Bench();
	for (let n = 0; n < 100; n++) bench.append(publish("a", n, 60_000));
	bench.wake();
	expect(sentAgain(bench, "a", 100, 60_000)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
});

test("a flush reads only so much in search of publishes that never were, and answers them without a seq", () => {
	const bench = new Bench();
	bench.append(publish("a", 1_000_000, 10));
	for (let n = 0; n < 6_000; n++) bench.append(publish("b", n, 900));
	bench.append(publish("a", 1_000_001, 10));
	bench.read = 0;
	const outcomes = bench.append(...Array.from({ length: 512 }, (_, n) => publish("a", 500_000 + n, 10)));
	const nowhere = { ok: true, first: null, count: 1, duplicate: true };
	expect(outcomes).toEqual(Array.from({ length: 512 }, () => nowhere));
	expect(bench.read).toBeLessThan(storage.searchedSize + limits.pageBytes);
	// What is near is found as before.
	expect(bench.append(publish("b", 5_990, 10), publish("a", 1_000_001, 10))).toMatchObject([
		{ first: 5_992, duplicate: true },
		{ first: 6_002, duplicate: true },
	]);
});

test("a keyed channel looks for a publish where its key stands, and nowhere else", () => {
	const bench = new Bench("keyed");
	for (let n = 0; n < 300; n++) bench.append(publish("a", n, 100, `k${n % 200}`));
	bench.wake();
	bench.append(publish("b", 0, 100, "another"));
	bench.sql.queries.length = 0;
	const again = bench.append(...[0, 99, 100, 150, 298, 299].map((n) => publish("a", n, 100, `k${n % 200}`)));
	expect(again.map((outcome) => outcome.ok && outcome.first)).toEqual([null, null, 101, 151, 299, 300]);
	const bodies = bench.sql.queries.filter((query) => query.includes("body"));
	expect(bodies.length).toBeGreaterThan(0);
	for (const query of bodies) expect(query).toContain("key = ?");
});

test("what is staged in the same flush is found by its number, and nothing that only looks like it", () => {
	for (const kind of ["log", "keyed"] as const) {
		const bench = new Bench(kind);
		const flush = [publish("a", 0, 1, "k"), publish("b", 0, 1, "k"), publish("a", 2, 1, "k"), publish("a", 0, 1, "k")];
		expect(bench.append(...flush, publish("a", 1, 1, "k"))).toMatchObject(
			[1, 2, 3, 1, null].map((first) => ({ ok: true, first })),
		);
		expect(bench.append(publish("a", 1, 1, "k"))).toMatchObject([{ ok: true, first: null, duplicate: true }]);
	}
});

test("a stored message tells the publish that made it, whatever else it says", () => {
	const rest = `"data":{"by":"x/1","id":"x/2","from":"x"}}`;
	const made = { n: 7, seq: 3, ts: 5 };
	const from = JSON.stringify('"p\\"');
	for (const text of [
		`{"seq":3,"ts":5,"id":"c/7","from":${from},${rest}`,
		`{"seq":3,"ts":5,"id":"c/7","from":${from},"name":"n","key":"k","tx":"t",${rest}`,
		`{"seq":3,"ts":5,"id":"own","from":${from},"by":"c/7",${rest}`,
		`{"seq":3,"ts":5,"id":"own","from":${from},"key":"k","by":"c/7","tx":"t",${rest}`,
	]) {
		expect(publishOf(text)).toEqual(['"p\\"\nc', made]);
	}
	expect(publishOf(`{"seq":3,"ts":5,"id":"own","from":${from},"name":"n",${rest}`)).toBeUndefined();
	expect(publishOf(`{"seq":3,"ts":5,"id":"own","from":"p","tx":"t",${rest}`)).toBeUndefined();
});
