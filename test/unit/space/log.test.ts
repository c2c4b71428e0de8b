import { expect, test } from "vitest";
import type { Fault } from "../../../protocol/result.ts";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { textsOf } from "../../../worker/space/parts/log/segments.ts";
import type { Append, Outcome } from "../../../worker/space/ports.ts";
import { freshSql, type MemorySql } from "./sqlite.ts";

const everything = {
	age: Number.POSITIVE_INFINITY,
	messages: Number.POSITIVE_INFINITY,
	bytes: Number.POSITIVE_INFINITY,
};

const end = Number.POSITIVE_INFINITY;

class Bench {
	readonly sql: MemorySql = freshSql();
	now = 1_700_000_000_000;
	full: Fault | undefined;
	log: Log;
	readonly retention;

	constructor(retention = everything) {
		this.retention = retention;
		this.log = this.wake();
	}

	/** A log with nothing in memory, as after sleep. */
	wake(): Log {
		let ids = 0;
		this.log = new Log(
			this.sql,
			() => this.now,
			() => `id-${ids++}`,
			() => ({ kind: "log", retention: this.retention }),
			() => this.full,
		);
		return this.log;
	}

	append(...appends: readonly Append[]): readonly Outcome[] {
		const appended = this.sql.transact(() => this.log.append(appends));
		appended.apply();
		return appended.outcomes;
	}

	seqs(channel = "chat"): readonly number[] {
		const texts: string[] = [];
		for (let after = 0; ; ) {
			const page = this.log.page(this.log.channel(channel), { after, before: end }, { count: end, size: 4_000 });
			if (!page) return texts.map((text) => (JSON.parse(text) as { seq: number }).seq);
			texts.push(...textsOf(page));
			after = page.to;
		}
	}

	rows(table: string): number {
		return Number(this.sql.all<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)[0]?.count);
	}
}

function message(data = "x", more: Partial<Append> = {}): Append {
	return { principal: "p", channel: "chat", drafts: [{ data: JSON.stringify(data) }], ...more };
}

const kilobyte = "x".repeat(1_000);

test("messages are numbered from 1 without a gap, over many segments and wakes", () => {
	const bench = new Bench();
	for (let index = 0; index < 100; index++) {
		bench.append(message(kilobyte));
		if (index % 7 === 0) bench.wake();
	}
	expect(bench.seqs()).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
	expect(bench.rows("segments")).toBeLessThan(10);
});

test("a page may start at any seq and end at any count", () => {
	const bench = new Bench();
	for (let index = 0; index < 60; index++) bench.append(message(kilobyte));
	const channel = bench.log.channel("chat");
	for (let after = 0; after < 60; after++) {
		const page = bench.log.page(channel, { after, before: end }, { count: 3, size: 1 });
		const seqs = page ? textsOf(page).map((text) => (JSON.parse(text) as { seq: number }).seq) : [];
		expect(seqs[0]).toBe(after + 1);
		expect(seqs.length).toBe((page?.to ?? 0) - after);
		expect(seqs.length).toBeLessThanOrEqual(3);
	}
	expect(bench.log.page(channel, { after: 60, before: end }, { count: 3, size: 1 })).toBeUndefined();
});

test("reading backwards gives the same messages as reading forwards", () => {
	const bench = new Bench();
	for (let index = 0; index < 60; index++) bench.append(message(kilobyte));
	const channel = bench.log.channel("chat");
	const backwards = bench.log
		.newest(channel, { after: 0, before: 61 }, { count: 60, size: 1_000_000 })
		.texts.map((text) => (JSON.parse(text) as { seq: number }).seq);
	expect([...backwards].reverse()).toEqual(bench.seqs());
	const some = bench.log
		.newest(channel, { after: 30, before: 40 }, { count: 5, size: 1_000_000 })
		.texts.map((text) => (JSON.parse(text) as { seq: number }).seq);
	expect(some).toEqual([39, 38, 37, 36, 35]);
});

test("retention by count drops only whole segments, never a message within it, and tells the floor", () => {
	const bench = new Bench({ ...everything, messages: 50 });
	for (let index = 0; index < 400; index++) bench.append(message(kilobyte));
	const { floor, head } = bench.log.channel("chat");
	expect(head).toBe(400);
	expect(head - floor + 1).toBeGreaterThanOrEqual(50);
	expect(head - floor + 1).toBeLessThan(50 + 2 * 16);
	expect(bench.seqs()[0]).toBe(floor);
	expect(bench.wake().channel("chat")).toMatchObject({ floor, head });
});

test("retention by bytes and by age drop the oldest segments when a new one starts", () => {
	const bytes = new Bench({ ...everything, bytes: 100_000 });
	for (let index = 0; index < 400; index++) bytes.append(message(kilobyte));
	const kept = bytes.log.channel("chat");
	expect((kept.head - kept.floor) * 1_000).toBeGreaterThan(80_000);
	expect((kept.head - kept.floor) * 1_000).toBeLessThan(140_000);

	const age = new Bench({ ...everything, age: 1_000 });
	for (let index = 0; index < 50; index++) age.append(message(kilobyte));
	age.now += 2_000;
	for (let index = 0; index < 50; index++) age.append(message(kilobyte));
	expect(age.log.channel("chat").floor).toBeGreaterThan(30);
});

test("dedup outlives trimming, sleep and a purge", () => {
	const bench = new Bench({ ...everything, messages: 20 });
	const publish = (n: number) => bench.append(message(kilobyte, { producer: { client: "c", n, previous: n - 1 } }))[0];
	for (let n = 0; n < 200; n++) expect(publish(n)).toMatchObject({ first: n + 1, duplicate: false });
	for (const wake of [false, true]) {
		if (wake) bench.wake();
		expect(publish(0)).toMatchObject({ first: null, duplicate: true });
		expect(publish(199)).toMatchObject({ first: 200, duplicate: true });
		expect(publish(190)).toMatchObject({ first: 191, duplicate: true });
	}
	bench.log.set(bench.sql.transact(() => bench.log.purge(bench.log.channel("chat"), bench.now)));
	bench.wake();
	expect(publish(199)).toMatchObject({ first: null, duplicate: true });
	expect(publish(200)).toMatchObject({ first: 201, duplicate: false });
});

test("a producer that was silent for a day is forgotten at the next checkpoint, and then told so", () => {
	const bench = new Bench();
	bench.append(message("x", { producer: { client: "old", n: 0, previous: -1 } }));
	bench.now += 86_400_001;
	for (let n = 0; n < 400; n++) bench.append(message(kilobyte, { producer: { client: "new", n, previous: n - 1 } }));
	bench.wake();
	const [outcome] = bench.append(message("x", { producer: { client: "old", n: 1, previous: 0 } }));
	expect(outcome).toMatchObject({ ok: false, code: "producer_unknown" });
});

test("a flush that throws leaves no trace in memory or on disk", () => {
	const bench = new Bench();
	bench.append(message("before", { producer: { client: "c", n: 0, previous: -1 } }));
	expect(() =>
		bench.sql.transact(() => {
			bench.log.append([
				message("lost", { producer: { client: "c", n: 1, previous: 0 } }),
				message("x", { channel: "new" }),
			]);
			throw new Error("the disk is gone");
		}),
	).toThrow("the disk is gone");
	expect(bench.log.channel("chat").head).toBe(1);
	expect(bench.log.channel("new").number).toBe(0);
	expect(bench.append(message("again", { producer: { client: "c", n: 1, previous: 0 } }))[0]).toMatchObject({
		first: 2,
		duplicate: false,
	});
	expect(bench.seqs()).toEqual([1, 2]);
});

test("no message is older than the one before it, whatever the clock does", () => {
	const bench = new Bench();
	const times = [5, 3, 9, 1, 9].map((ms) => {
		bench.now = ms;
		bench.append(message("x"));
		const most = { count: 1, size: 1_000_000 };
		const { texts } = bench.log.newest(bench.log.channel("chat"), { after: 0, before: end }, most);
		return (JSON.parse(texts[0] ?? "{}") as { ts: number }).ts;
	});
	expect(times).toEqual([5, 5, 9, 9, 9]);
});

test("a space that is full refuses new messages and still answers duplicates and reads", () => {
	const bench = new Bench();
	const publish = () => bench.append(message("x", { producer: { client: "c", n: 0, previous: -1 } }))[0];
	publish();
	bench.full = { code: "storage_full", message: "Full." };
	expect(bench.append(message("y"))[0]).toMatchObject({ ok: false, code: "storage_full" });
	expect(publish()).toMatchObject({ ok: true, first: 1, duplicate: true });
	expect(bench.seqs()).toEqual([1]);
});

test("a message that is too big is refused by its bytes, at the limit and one over", () => {
	const bench = new Bench();
	const fits = JSON.stringify("é".repeat((65_536 - 2) / 2));
	expect(bench.append({ ...message(), drafts: [{ data: fits }] })[0]).toMatchObject({ ok: true });
	const over = JSON.stringify(`${"é".repeat((65_536 - 2) / 2)}x`);
	expect(bench.append({ ...message(), drafts: [{ data: over }] })[0]).toMatchObject({ ok: false, code: "too_big" });
});

test("texts in every script and with every escape come back as they were sent", () => {
	const bench = new Bench();
	const data = ["你好,服务器!", "a\nb\r\nc", '"\\,\n{"seq":1}', "\u0000\u001f\u2028", "😀".repeat(5_000), "__proto__"];
	for (const text of data) bench.append(message(text));
	bench.wake();
	const most = { count: 99, size: 1_000_000 };
	const { texts } = bench.log.newest(bench.log.channel("chat"), { after: 0, before: end }, most);
	expect(texts.map((text) => (JSON.parse(text) as { data: string }).data).reverse()).toEqual(data);
});

test("dedup outlives a trim that meets the producers before they were read again", () => {
	const bench = new Bench({ ...everything, messages: 20 });
	const publish = () => bench.append(message("x", { producer: { client: "c", n: 0, previous: -1 } }))[0];
	expect(publish()).toMatchObject({ first: 1, duplicate: false });
	bench.wake();
	for (let index = 0; index < 100; index++) bench.append(message(kilobyte));
	expect(bench.log.channel("chat").floor).toBeGreaterThan(1);
	bench.wake();
	expect(publish()).toMatchObject({ first: null, duplicate: true });
});
