import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { limits } from "../../../protocol/limits.ts";
import { epoch, publish, put, TransactionsBench } from "./transactions-bench.ts";

/** A transaction that touches everything: two channels, a new one among them, two collections, a lock, a key. */
const rich = [
	publish("a", 1),
	put("stock", "x", { n: 1 }, { ttl: 60 }),
	publish("new", 2),
	publish("a", 3, { ifSeq: 2, lock: { name: "l", token: `${epoch}:1` } }),
	put("fresh", "y", { n: 2 }, { ifNoneMatch: "*" }),
	{ op: "write", collection: "stock", id: "x", action: { kind: "patch", patch: '{"m":1}' }, ifRev: 1 },
	{ op: "write", collection: "stock", id: "x", action: { kind: "delete" } },
] as const;
const idempotency = { key: "k", hash: "h" };

// What failed is printed for whoever runs the server.
beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

function prepared(): TransactionsBench {
	const bench = new TransactionsBench();
	bench.run([publish("a", 0), put("locks", "l", {})]);
	return bench;
}

describe("a transaction", () => {
	test("stores messages at adjacent seqs and records in order, each part with its id, and says where each is", () => {
		const bench = prepared();
		const done = bench.run(rich, { idempotency });
		expect(done).toEqual({
			ok: true,
			epoch,
			tx: "tx1",
			replayed: false,
			results: [
				{ channel: "a", seq: 2 },
				{ collection: "stock", id: "x", rev: 1, created: true },
				{ channel: "new", seq: 1 },
				{ channel: "a", seq: 3 },
				{ collection: "fresh", id: "y", rev: 1, created: true },
				{ collection: "stock", id: "x", rev: 2, created: false },
				{ collection: "stock", id: "x", rev: 3, created: false },
			],
		});
		expect(bench.messages("a").map(({ tx, data }) => [tx, data])).toEqual([
			["tx0", 0],
			["tx1", 1],
			["tx1", 3],
		]);
		expect(bench.records("fresh")).toEqual([{ id: "y", rev: 1, data: { n: 2 } }]);
		expect(bench.run(rich, { idempotency })).toEqual({ ...done, replayed: true });
		expect(bench.run(rich, { idempotency: { key: "k", hash: "other" } })).toMatchObject({
			code: "idempotency_mismatch",
		});
	});

	test("whichever of its statements fails, nothing of it is there, in memory or stored; or, after that, all", () => {
		let fired = 0;
		let whole = 0;
		for (let statement = 0; ; statement++) {
			const bench = prepared();
			bench.sql.statements = 0;
			bench.sql.failAfter = statement;
			let outcome: unknown;
			try {
				outcome = bench.run(rich, { idempotency });
			} catch (error) {
				// The look at the key, before anything is written.
				outcome = error;
			}
			bench.sql.failAfter = Number.POSITIVE_INFINITY;
			if ((outcome as { ok?: boolean }).ok) break;
			if (!(outcome instanceof Error)) expect(outcome).toMatchObject({ ok: false, code: "internal" });
			fired += 1;
			const look = () => [bench.messages("a").length, bench.messages("new").length, bench.records("fresh").length];
			// A failure after the transaction stands ends the object, which starts again from what is stored.
			whole += bench.givenUp;
			if (bench.givenUp > 0) bench.wake();
			const expected = bench.givenUp > 0 ? [3, 1, 1] : [1, 0, 0];
			expect(look(), `statement ${statement}`).toEqual(expected);
			bench.wake();
			expect(look(), `statement ${statement}`).toEqual(expected);
			// What was sent again is stored once.
			expect(bench.run(rich, { idempotency })).toMatchObject({ ok: true, replayed: expected[0] === 3 });
			expect(look()).toEqual([3, 1, 1]);
		}
		console.log(`statements that failed, one after another: ${fired}, of them after the transaction stood: ${whole}`);
		expect(fired).toBeGreaterThan(20);
		expect(whole).toBeGreaterThan(0);
		expect(fired - whole).toBeGreaterThan(15);
	});

	test("is refused for its first item that cannot be stored, whatever kind that and the others are", () => {
		const bench = prepared();
		const lock = { lock: { name: "l", token: `${epoch}:2` } };
		const early = publish("a", 9, { ifSeq: 7 });
		const absent = { op: "write", collection: "stock", id: "z", action: { kind: "delete" } } as const;
		expect(bench.run([publish("a", 1), absent, early])).toMatchObject({ ok: false, code: "not_found", item: 1 });
		expect(bench.run([publish("n", 1), early, absent])).toMatchObject({
			code: "condition_failed",
			item: 1,
			state: { epoch, floor: 1, head: 1 },
		});
		expect(bench.run([put("s", "a", {}), put("s", "a", {}, { ifRev: 2 })])).toMatchObject({
			code: "condition_failed",
			item: 1,
			state: { epoch, rev: 1 },
		});
		expect(bench.run([publish("a", 1), publish("a", 1, lock)])).toMatchObject({ code: "lock_lost", item: 1 });
		expect(bench.run([put("s", "a", {}, lock), absent])).toMatchObject({ code: "lock_lost", item: 0 });
		const other = { ifSeq: 1, ifEpoch: "0mws8cs1x68xynmjz" };
		expect(bench.run([publish("a", 1, other)])).toMatchObject({ code: "condition_failed", item: 0 });
		const big = { op: "publish", channel: "a", draft: { data: "x".repeat(limits.messageBytes) } } as const;
		expect(bench.run([put("s", "a", {}), big])).toMatchObject({ code: "too_big", item: 1 });
		const passing = { op: "publish", channel: "a", draft: { data: 1, ephemeral: true } } as const;
		expect(bench.run([passing])).toMatchObject({ code: "bad_request", item: 0 });
		expect(bench.messages("a")).toHaveLength(1);
		expect(bench.messages("n")).toEqual([]);
		expect(bench.records("s")).toEqual([]);
		// A channel that only what was undone had made is made again, and not remembered with a number that nobody has.
		expect(bench.run([publish("n", 1)])).toMatchObject({ results: [{ channel: "n", seq: 1 }] });
		bench.wake();
		expect(bench.messages("n")).toHaveLength(1);
	});

	test("sees its own writes: a lock that it releases is not held after that", () => {
		const bench = prepared();
		const lock = { lock: { name: "l", token: `${epoch}:1` } };
		const release = { op: "write", collection: "locks", id: "l", action: { kind: "delete" } } as const;
		expect(bench.run([publish("a", 1, lock), release, publish("a", 1, lock)])).toMatchObject({
			code: "lock_lost",
			item: 2,
		});
		expect(bench.run([publish("a", 1, lock), release])).toMatchObject({ ok: true });
	});
});

describe("a reader", () => {
	const big = (channel: string) => ({ op: "publish", channel, draft: { data: "x".repeat(60_000) } }) as const;

	test("whose window is open gets all parts of a transaction in one turn, however short its credit", () => {
		const bench = prepared();
		const { reader, outbox, log } = bench;
		for (const name of ["a", "b", "c"]) outbox.subscribe(reader, log.ensure(name), log.channel(name).head);
		bench.run([...Array(3)].flatMap(() => [big("a"), big("b"), big("c")]));
		expect(reader.frames).toHaveLength(1);
		expect(reader.frames[0]?.map((text) => (JSON.parse(text) as { ch: string }).ch)).toEqual(["a", "b", "c"]);
		// Now the window is shut, for all of it alike.
		bench.run([publish("a", 1), publish("b", 1)]);
		expect(reader.frames).toHaveLength(1);
		for (const name of ["a", "b", "c"]) outbox.credit(reader, log.channel(name).number, log.channel(name).head);
		reader.send();
		const seqs = reader.frames.flat().flatMap((text) => (JSON.parse(text) as { e: { seq: number }[] }).e);
		expect(seqs).toHaveLength(11);
	});
});
