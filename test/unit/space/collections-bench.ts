import type { Json } from "../../../protocol/envelopes.ts";
import type { Fault } from "../../../protocol/result.ts";
import { Collections } from "../../../worker/space/parts/collections/collections.ts";
import type { Change, LiveRecord } from "../../../worker/space/parts/collections/record.ts";
import type { RecordOutcome, RecordWrite } from "../../../worker/space/parts/collections/stage.ts";
import { freshSql, type MemorySql } from "./sqlite.ts";

/** How long tombstones are kept here, in milliseconds. */
export const retained = 10_000;

/** Room for everything. */
export const everything = { count: 1_000_000, size: 1_000_000_000 };

/** The part with SQLite in memory, and a clock that only the test moves. */
export class CollectionsBench {
	readonly sql: MemorySql = freshSql();
	now = 1_700_000_000_000;
	/** Why nothing more may be stored. */
	full: Fault | undefined;
	/** Records that a collection may hold, from the next wake on. */
	most = 100_000;
	collections: Collections;
	#ids = 0;

	constructor() {
		this.collections = this.wake();
	}

	/** Collections with nothing in memory, as after sleep. */
	wake(): Collections {
		const now = () => this.now;
		this.collections = new Collections(this.sql, now, () => `made-${this.#ids++}`, {
			retained,
			room: () => this.full,
			most: this.most,
		});
		return this.collections;
	}

	/** Writes in one transaction. */
	write(...writes: readonly RecordWrite[]): readonly RecordOutcome[] {
		const stage = this.collections.stage();
		const outcomes = this.sql.transact(() => writes.map((write) => stage.write(write)));
		stage.apply();
		return outcomes;
	}

	put(id: string, data: unknown = {}, more: Partial<RecordWrite> = {}): RecordOutcome {
		const action = { kind: "put", data: JSON.stringify(data) } as const;
		return this.#one({ collection: "carts", id, action, ...more });
	}

	patch(id: string, patch: Json, more: Partial<RecordWrite> = {}): RecordOutcome {
		return this.#one({ collection: "carts", id, action: { kind: "patch", patch }, ...more });
	}

	delete(id: string, more: Partial<RecordWrite> = {}): RecordOutcome {
		return this.#one({ collection: "carts", id, action: { kind: "delete" }, ...more });
	}

	/** What the alarm does for records that have expired. */
	expire(): readonly Change[] {
		const stage = this.collections.stage();
		this.sql.transact(() => this.collections.expire(stage));
		stage.apply();
		return stage.changes;
	}

	forget(): void {
		this.sql.transact(() => this.collections.forget())();
	}

	/** The records of a range, by id, with their data. */
	list(prefix = "", after = ""): Record<string, unknown> {
		const { records } = this.collections.page("carts", { prefix, after }, everything);
		return Object.fromEntries(records.map((record) => [record.id, dataOf(record)]));
	}

	/** What happened after a revision: `id@rev`, with a `-` before what is gone. */
	changes(after: number, name = "carts"): readonly string[] | string {
		const changes = this.collections.changes(name, after, everything);
		if (!changes.ok) return changes.reset;
		return changes.records.map(({ id, rev, data }) => `${data === null ? "-" : ""}${id}@${rev}`);
	}

	count(table: string): number {
		return Number(this.sql.all<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)[0]?.count);
	}

	#one(write: RecordWrite): RecordOutcome {
		const [outcome] = this.write(write);
		if (!outcome) throw new Error("a write has no outcome");
		return outcome;
	}
}

/** The document of a record. */
export function dataOf(record: LiveRecord | undefined): unknown {
	return record && JSON.parse(record.data);
}

/** The revision of a write that was stored. */
export function revOf(outcome: RecordOutcome | undefined): number {
	if (!outcome?.ok) throw new Error(`refused: ${JSON.stringify(outcome)}`);
	return outcome.record.rev;
}
