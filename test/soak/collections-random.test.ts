import { expect, test } from "vitest";
import type { RecordOutcome, RecordWrite } from "../../worker/space/parts/collections/stage.ts";
import { Random } from "../helpers/random.ts";
import { CollectionsBench, dataOf, retained } from "../unit/space/collections-bench.ts";

const steps = 4_000;
const ids = ["a", "b", "c", "d:1", "d:2", "d:10", "e"];

type Document = { [key: string]: number };

interface Known {
	readonly document: Document;
	readonly expires: number | null;
}

/** What a collection must be, in the plainest words; it knows nothing of the product. */
class Model {
	head = 0;
	/** The last revision among dropped tombstones. */
	floor = 0;
	readonly rows = new Map<string, { rev: number; updated: number; known: Known | undefined }>();

	live(now: number): Map<string, { rev: number; known: Known }> {
		return new Map(
			[...this.rows]
				.flatMap(([id, { rev, known }]) => (known && isLive(known, now) ? [[id, { rev, known }] as const] : []))
				.sort(([a], [b]) => (a < b ? -1 : 1)),
		);
	}

	put(id: string, known: Known | undefined, now: number): number {
		this.head += 1;
		this.rows.set(id, { rev: this.head, updated: now, known });
		return this.head;
	}

	expire(now: number): number {
		const due = [...this.rows].filter(([, { known }]) => known && !isLive(known, now));
		for (const [id] of due) this.put(id, undefined, now);
		return due.length;
	}

	forget(now: number): void {
		for (const [id, { rev, updated, known }] of this.rows) {
			if (known || updated > now - retained) continue;
			this.rows.delete(id);
			this.floor = Math.max(this.floor, rev);
		}
	}
}

function isLive(known: Known, now: number): boolean {
	return known.expires === null || known.expires > now;
}

/** Somebody who keeps a copy: a snapshot, then the changes after it. */
class Follower {
	rev = 0;
	copy = new Map<string, Known>();
	resets = 0;
	replayed = 0;

	sync(bench: CollectionsBench, model: Model, random: Random): void {
		for (;;) {
			const size = { count: 1 + random.below(4), size: 1_000_000 };
			const changes = bench.collections.changes("carts", this.rev, size);
			expect(changes.ok).toBe(this.rev >= model.floor);
			if (!changes.ok) {
				this.resets += 1;
				this.#start(bench);
				continue;
			}
			for (const record of changes.records) {
				expect(record.rev).toBeGreaterThan(this.rev);
				this.rev = record.rev;
				this.replayed += 1;
				if (record.data === null) this.copy.delete(record.id);
				else this.copy.set(record.id, { document: JSON.parse(record.data) as Document, expires: record.expires });
			}
			this.rev = changes.to;
			if (changes.to === changes.head) return;
		}
	}

	/** Pages of a snapshot: at one moment here, so that its revision is that of every page. */
	#start(bench: CollectionsBench): void {
		this.copy = new Map();
		for (let after = "", more = true; more; ) {
			const page = bench.collections.page("carts", { prefix: "", after }, { count: 2, size: 1_000_000 });
			for (const record of page.records) {
				this.copy.set(record.id, { document: dataOf(record) as Document, expires: record.expires });
			}
			this.rev = page.head;
			after = page.records.at(-1)?.id ?? "";
			more = page.more;
		}
	}
}

/** A random write, what it must come to, and what the model is then. */
function randomWrite(
	random: Random,
	model: Model,
	now: number,
): { write: RecordWrite; expected: object; done(): void } {
	const id = random.pick(ids);
	const current = model.live(now).get(id);
	const revs = [current?.rev ?? 0, model.head, random.below(model.head + 2)];
	const condition = random.pick<Pick<RecordWrite, "match" | "noneMatch">>([
		{},
		{},
		{},
		{ match: "any" },
		{ noneMatch: "any" },
		{ match: [random.pick(revs), random.pick(revs)] },
		{ noneMatch: [random.pick(revs)] },
	]);
	const ttl = random.below(3) === 0 ? 1 + random.below(3_000) : undefined;
	const number = random.below(1_000);
	const kind = random.pick(["put", "put", "patch", "delete"] as const);
	const action = {
		put: { kind, data: JSON.stringify({ n: number }) },
		patch: { kind, patch: random.below(2) === 0 ? { m: number } : { n: null } },
		delete: { kind },
	}[kind] as RecordWrite["action"];
	const write = { collection: "carts", id, action, ...condition, ...(ttl !== undefined && { ttl }) };

	const holds = (revisions: "any" | readonly number[]) =>
		current !== undefined && (revisions === "any" || revisions.includes(current.rev));
	if (!current && kind !== "put") return { write, expected: { ok: false, code: "not_found" }, done() {} };
	if ((condition.match && !holds(condition.match)) || (condition.noneMatch && holds(condition.noneMatch))) {
		return { write, expected: { ok: false, code: "condition_failed" }, done() {} };
	}
	const document: Document = { ...(action.kind === "put" ? { n: number } : current?.known.document) };
	if (action.kind === "patch" && "m" in (action.patch as Document)) document.m = number;
	else if (action.kind === "patch") delete document.n;
	const kept = kind === "patch" ? (current?.known.expires ?? null) : null;
	const known = kind === "delete" ? undefined : { document, expires: ttl === undefined ? kept : now + ttl };
	return {
		write,
		expected: { ok: true, created: kind === "put" && !current, record: { id, rev: model.head + 1 } },
		done: () => void model.put(id, known, now),
	};
}

test.each([1, 2, 3, 20_261_123])(
	"whatever happens in whatever order, a collection is what it must be, and who follows it has it (seed %i)",
	(seed) => {
		const random = new Random(seed);
		const bench = new CollectionsBench();
		const model = new Model();
		const followers = [new Follower(), new Follower()];
		const outcomes = { stored: 0, refused: 0, expired: 0, undone: 0 };

		const compare = () => {
			const live = model.live(bench.now);
			const page = bench.collections.page("carts", { prefix: "", after: "" }, { count: 1_000, size: 1_000_000 });
			expect(page.head).toBe(model.head);
			expect(page.records.map(({ id, rev }) => [id, rev])).toEqual([...live].map(([id, { rev }]) => [id, rev]));
			expect(page.records.map(dataOf)).toEqual([...live.values()].map(({ known }) => known.document));
			const prefix = random.pick(["d", "d:1", "e"]);
			expect(Object.keys(bench.list(prefix))).toEqual([...live.keys()].filter((id) => id.startsWith(prefix)));
			const id = random.pick(ids);
			const read = bench.collections.record({ collection: "carts", id });
			expect(dataOf(read)).toEqual(live.get(id)?.known.document);
		};

		for (let step = 0; step < steps; step++) {
			bench.now += random.below(300);
			if (random.below(10) === 0) bench.wake();
			const kind = random.below(20);
			if (kind < 14) {
				const { write, expected, done } = randomWrite(random, model, bench.now);
				const [outcome] = bench.write(write) as [RecordOutcome];
				expect(outcome).toMatchObject(expected);
				if (outcome.ok) done();
				outcomes[outcome.ok ? "stored" : "refused"] += 1;
			} else if (kind === 14) {
				const expired = bench.expire().length;
				expect(expired).toBe(model.expire(bench.now));
				outcomes.expired += expired;
				const next = bench.collections.nextExpiry();
				const expiries = [...model.live(bench.now).values()].flatMap(({ known }) => known.expires ?? []);
				expect(next).toBe(expiries.length === 0 ? undefined : Math.min(...expiries));
			} else if (kind === 15) {
				if (random.below(4) === 0) bench.now += retained;
				bench.forget();
				model.forget(bench.now);
			} else if (kind === 16) {
				const undone = new Error("undone");
				const stage = bench.collections.stage();
				expect(() =>
					bench.sql.transact(() => {
						for (let count = 0; count < 3; count++) stage.write(randomWrite(random, model, bench.now).write);
						throw undone;
					}),
				).toThrow(undone);
				outcomes.undone += 1;
			} else {
				const follower = random.pick(followers);
				follower.sync(bench, model, random);
				expect(follower.rev).toBe(model.head);
				const seen = [...follower.copy]
					.filter(([, known]) => isLive(known, bench.now))
					.sort(([a], [b]) => (a < b ? -1 : 1));
				expect(seen.map(([id, { document }]) => [id, document])).toEqual(
					[...model.live(bench.now)].map(([id, { known }]) => [id, known.document]),
				);
			}
			compare();
		}
		for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(100);
		for (const { resets, replayed } of followers) {
			expect(resets).toBeGreaterThan(5);
			expect(replayed).toBeGreaterThan(500);
		}
	},
);
