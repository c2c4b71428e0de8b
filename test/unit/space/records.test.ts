import { expect, test } from "vitest";
import { durations, quotas } from "../../../protocol/limits.ts";
import type { RecordWriteRequest } from "../../../worker/space/api.ts";
import { Collections } from "../../../worker/space/parts/collections/collections.ts";
import { Jobs } from "../../../worker/space/parts/jobs/jobs.ts";
import { Keys } from "../../../worker/space/parts/log/keys.ts";
import { Rates } from "../../../worker/space/parts/rates/rates.ts";
import { Watchers } from "../../../worker/space/parts/watchers/watchers.ts";
import { Records } from "../../../worker/space/records.ts";
import { watchedCollections } from "../../../worker/space/watched-collections.ts";
import { freshSql } from "./sqlite.ts";

const epoch = "0mws8iikc9alb9adv";

/** Records over SQLite in memory, with a budget of ten writes at once and ten a second. */
class Bench {
	readonly sql = freshSql();
	time = 1_700_000_000_000;
	alarm: number | undefined;
	stored = 0;
	readonly records: Records;

	constructor() {
		const now = () => this.time;
		const alarm = {
			set: (due: number | undefined) => {
				this.alarm = due;
			},
		};
		const collections = new Collections(this.sql, now, () => "made");
		this.records = new Records({
			database: this.sql,
			collections,
			keys: new Keys(this.sql),
			jobs: new Jobs(this.sql, now, alarm),
			rates: new Rates({ ...quotas, publishRate: 10, publishBurst: 10 }, now),
			fanOut: { ofRecord: () => 1 },
			watchers: new Watchers(watchedCollections(collections), now, durations.slow),
			durations,
			now,
			checkLock: () => undefined,
			epoch: () => epoch,
			stored: () => {
				this.stored += 1;
			},
			send: () => {},
		});
	}

	write(more: Partial<RecordWriteRequest> = {}) {
		const action = { kind: "put", data: "{}" } as const;
		return this.records.write({ principal: "p", collection: "carts", id: "a", action, ...more });
	}
}

test("a principal that writes too much is told when to come back, and what it wrote with a key is still answered", () => {
	const bench = new Bench();
	const idempotency = { key: "k", hash: "h" };
	for (let rev = 1; rev <= 10; rev++) expect(bench.write(rev === 1 ? { idempotency } : {})).toMatchObject({ rev });
	expect(bench.write()).toMatchObject({ ok: false, code: "rate_limited", state: { retryAfter: 1 } });
	expect(bench.write({ action: { kind: "delete" } })).toMatchObject({ code: "rate_limited" });
	expect(bench.write({ idempotency })).toMatchObject({ ok: true, rev: 1, replayed: true });
	expect(bench.write({ principal: "q" })).toMatchObject({ ok: true, rev: 11 });
	bench.time += 1_000;
	expect(bench.write()).toMatchObject({ ok: true, rev: 12 });
	expect(bench.stored).toBe(12);
});

test("the alarm is set for what a write leaves to be done: the first expiry, the first tombstone to be dropped", () => {
	const bench = new Bench();
	bench.write();
	expect(bench.alarm).toBeUndefined();
	bench.write({ action: { kind: "delete" } });
	expect(bench.alarm).toBe(bench.time + durations.changes);
	bench.write({ id: "b", ttl: 60 });
	bench.write({ id: "c", ttl: 30 });
	bench.write({ id: "d", ttl: 90 });
	expect(bench.alarm).toBe(bench.time + 30_000);
	bench.write({ id: "c", ttl: 100 });
	bench.time += 30_000;
	expect(bench.records.expire()).toBe(bench.time + 30_000);
	bench.time += 30_000;
	expect(bench.records.expire()).toBe(bench.time + 30_000);
	expect(bench.records.read({ collection: "carts", id: "b" })).toMatchObject({ code: "not_found" });
	expect(bench.records.forget()).toBe(bench.time - 60_000 + durations.changes);
});

test("tombstones are looked for no more often than the space is swept", () => {
	const bench = new Bench();
	bench.write();
	bench.write({ action: { kind: "delete" } });
	bench.time += 1_000;
	bench.write({ id: "b" });
	bench.write({ id: "b", action: { kind: "delete" } });
	bench.time += durations.changes - 1_000;
	expect(bench.records.forget()).toBe(bench.time + durations.sweep);
	bench.time += durations.sweep;
	expect(bench.records.forget()).toBeUndefined();
	expect(bench.sql.all("SELECT floor FROM collections")).toEqual([{ floor: 4 }]);
});
