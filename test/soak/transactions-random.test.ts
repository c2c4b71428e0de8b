import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { TransactionItem } from "../../worker/space/api/transactions.ts";
import { Random } from "../helpers/random.ts";
import { epoch, publish, put, TransactionsBench } from "../unit/space/transactions-bench.ts";

/** Transactions of one seed; four seeds make ten thousand. */
const transactions = 2_500;
const channels = ["a", "b", "c:1"];
const collections = ["stock", "locks"];
const ids = ["x", "y", "z"];

// What failed is printed for whoever runs the server.
beforeAll(() => void vi.spyOn(console, "error").mockImplementation(() => {}));
afterAll(() => void vi.restoreAllMocks());

interface Known {
	readonly rev: number;
	readonly data: { readonly [key: string]: number };
}

/** What a space must hold, in the plainest words; it knows nothing of the product. */
class Model {
	heads = new Map<string, number>();
	messages = new Map<string, readonly number[]>();
	records = new Map<string, Known>();

	copy(): Model {
		const copy = new Model();
		copy.heads = new Map(this.heads);
		copy.messages = new Map(this.messages);
		copy.records = new Map(this.records);
		return copy;
	}

	/** Does an item; says why it cannot be done. */
	take(item: TransactionItem): string | undefined {
		if (item.lock) {
			const held = this.records.get(`locks/${item.lock.name}`);
			if (!held || item.lock.token !== `${epoch}:${held.rev}`) return "lock_lost";
		}
		if (item.op === "publish") {
			const before = this.messages.get(item.channel) ?? [];
			if (item.ifEpoch !== undefined && item.ifEpoch !== epoch) return "condition_failed";
			if (item.ifSeq !== undefined && item.ifSeq !== before.length) return "condition_failed";
			this.messages.set(item.channel, [...before, item.draft.data as number]);
			return undefined;
		}
		const place = `${item.collection}/${item.id}`;
		const current = this.records.get(place);
		const { action } = item;
		if (!current && action.kind !== "put") return "not_found";
		const tag = `${epoch}:${current?.rev}`;
		if (item.ifRev !== undefined && item.ifRev !== current?.rev) return "condition_failed";
		if (item.ifMatch && !(current && (item.ifMatch === "*" || item.ifMatch.includes(tag)))) return "condition_failed";
		if (item.ifNoneMatch && current) return "condition_failed";
		const rev = (this.heads.get(item.collection) ?? 0) + 1;
		this.heads.set(item.collection, rev);
		if (action.kind === "delete") this.records.delete(place);
		else if (action.kind === "put") this.records.set(place, { rev, data: JSON.parse(action.data) as Known["data"] });
		else this.records.set(place, { rev, data: { ...current?.data, ...(JSON.parse(action.patch) as Known["data"]) } });
		return undefined;
	}
}

/** Compares by value: as JSON first, which is much faster where it is the same. */
function same(actual: unknown, expected: unknown): void {
	if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}

/** A random item, whose conditions hold more often than not. */
function randomItem(random: Random, model: Model): TransactionItem {
	const number = random.below(1_000);
	const name = random.pick(ids);
	const held = model.records.get(`locks/${name}`);
	const token = `${random.pick([epoch, epoch, epoch, "0mws8cs1x68xynmjz"])}:${held?.rev ?? 1}`;
	const lock = random.below(5) === 0 ? { lock: { name, token } } : {};
	if (random.below(2) === 0) {
		const channel = random.pick(channels);
		const head = (model.messages.get(channel)?.length ?? 0) + random.pick([0, 0, 0, 1]);
		const otherEpoch = { ifSeq: head, ifEpoch: "0mws8cs1x68xynmjz" };
		const condition = random.pick([{}, {}, {}, { ifSeq: head }, { ifSeq: head, ifEpoch: epoch }, otherEpoch]);
		return publish(channel, number, { ...condition, ...lock });
	}
	const [collection, id] = [random.pick(collections), random.pick(ids)];
	const rev = (model.records.get(`${collection}/${id}`)?.rev ?? 1) + random.pick([0, 0, 0, 1]);
	const more = {
		...random.pick<object>([
			{},
			{},
			{},
			{},
			{ ifRev: rev },
			{ ifMatch: [`${epoch}:${rev}`] },
			{ ifMatch: "*" },
			{ ifNoneMatch: "*" },
		]),
		...lock,
	};
	const action = random.pick(["put", "put", "put", "patch", "delete"] as const);
	if (action === "put") return put(collection, id, { n: number }, more);
	if (action === "delete") return { op: "write", collection, id, action: { kind: action }, ...more };
	return { op: "write", collection, id, action: { kind: action, patch: `{"m":${number}}` }, ...more };
}

test.each([1, 2, 3, 20_261_125])(
	`${transactions} random transactions with conditions that fail and statements that fail: all of each, or nothing (seed %i)`,
	{ timeout: 120_000 },
	(seed) => {
		const random = new Random(seed);
		const bench = new TransactionsBench();
		let model = new Model();
		const done = { stored: 0, refused: 0, lockLost: 0, failed: 0, failedLate: 0, woken: 0, items: 0 };
		let statements = 20;

		const everything = { count: 100, size: 1_000_000 };
		const compare = () => {
			for (const channel of channels) {
				const expected = model.messages.get(channel) ?? [];
				const { head } = bench.log.channel(channel);
				if (head !== expected.length) expect(head).toBe(expected.length);
				const page = bench.log.page(
					bench.log.channel(channel),
					{ after: Math.max(0, head - 12), before: head + 1 },
					everything,
				);
				const stored = (JSON.parse(`[${page?.body ?? ""}]`) as { data: number }[]).map(({ data }) => data);
				same(stored, expected.slice(-12));
			}
			for (const collection of collections) {
				expect(bench.collections.collection(collection).head).toBe(model.heads.get(collection) ?? 0);
				const expected = ids.flatMap((id) => {
					const record = model.records.get(`${collection}/${id}`);
					return record ? [{ id, ...record }] : [];
				});
				same(bench.records(collection), expected);
			}
		};

		for (let count = 0; count < transactions; count++) {
			if (random.below(10) === 0) {
				bench.wake();
				done.woken += 1;
			}
			const after = model.copy();
			let expected: { code: string; item: number } | undefined;
			const items: TransactionItem[] = [];
			for (let size = 1 + random.below(random.below(20) === 0 ? 100 : 8); items.length < size; ) {
				const item = randomItem(random, after);
				// A transaction of many items would hardly ever have none that fails.
				const code = after.copy().take(item);
				if (code && items.length > 0 && random.below(10) > 0) continue;
				items.push(item);
				if (expected) continue;
				if (code) expected = { code, item: items.length - 1 };
				else after.take(item);
			}
			const failing = random.below(3) === 0;
			bench.sql.statements = 0;
			bench.sql.failAfter = failing ? random.below(statements + 3) : Number.POSITIVE_INFINITY;
			const before = bench.givenUp;
			const outcome = bench.run(items);
			bench.sql.failAfter = Number.POSITIVE_INFINITY;
			statements = bench.sql.statements;
			done.items += items.length;
			if (!outcome.ok && outcome.code === "internal") {
				done.failed += 1;
				if (bench.givenUp > before) {
					done.failedLate += 1;
					model = after;
					bench.wake();
				}
			} else if (expected) {
				expect(outcome).toMatchObject({ ok: false, ...expected });
				done[expected.code === "lock_lost" ? "lockLost" : "refused"] += 1;
			} else {
				expect(outcome).toMatchObject({ ok: true });
				expect(outcome.ok && outcome.results).toHaveLength(items.length);
				done.stored += 1;
				model = after;
			}
			compare();
		}
		console.log(`seed ${seed}: ${transactions} transactions, ${JSON.stringify(done)}`);
		// Few statements come after the transaction stands: transactions.test.ts lets each of them fail.
		const { failedLate: _, ...often } = done;
		for (const [what, count] of Object.entries(often)) expect(count, what).toBeGreaterThan(100);
	},
);
