import { byteLength } from "../../../../protocol/codec/json.ts";
import { durations, quotas } from "../../../../protocol/limits.ts";
import type { Clock, RecordRules, Room, Sql } from "../../ports.ts";
import { Expiries } from "./expiries.ts";
import { type Collection, Heads } from "./heads.ts";
import { isLive, type LiveRecord, type RecordKey, type StoredRecord } from "./record.ts";
import { type Range, Rows, type Span } from "./rows.ts";
import { Stage } from "./stage.ts";

/** How much one page holds: what is passed first ends it, but it always holds one. */
export interface PageSize {
	readonly count: number;
	/** Bytes of JSON. */
	readonly size: number;
}

/** Some records of a collection, in order of id. */
export interface RecordPage {
	/** The collection's last revision. All changes after it follow on this page's state. */
	readonly head: number;
	readonly records: readonly LiveRecord[];
	/** Whether there are more after the last of them. */
	readonly more: boolean;
}

/** What happened to a collection after a revision, in order; each record only as it was last written. */
export type Changes =
	/** Accounts for every revision in (after, to]; what is in that range and not here was overwritten later. */
	| { readonly ok: true; readonly records: readonly StoredRecord[]; readonly to: number; readonly head: number }
	/** It cannot be told whole: tombstones after that revision were dropped, or the revision was never reached. */
	| { readonly ok: false; readonly reset: "retention" | "ahead"; readonly head: number };

/** What holds for all collections of a space. */
export interface CollectionRules {
	/** How long a tombstone is kept, in milliseconds. Default: as shipped. */
	readonly retained?: number;
	/** Who looks at the writes of a collection before they are stored. Default: nobody. */
	readonly screens?: RecordRules;
	/** Whether more may be stored. Default: always. */
	readonly room?: Room;
	/** Records of one collection. Default: as shipped. */
	readonly most?: number;
}

/** The part that keeps the collections of a space: records, their revisions, and what was deleted of late. */
export class Collections {
	readonly #now: Clock;
	readonly #makeId: () => string;
	readonly #retained: number;
	readonly #screens: RecordRules;
	readonly #room: Room;
	readonly #most: number;
	readonly #heads: Heads;
	readonly #rows: Rows;
	readonly #expiries: Expiries;

	constructor(sql: Sql, now: Clock, makeId: () => string, rules: CollectionRules = {}) {
		const { retained = durations.changes, screens = () => undefined } = rules;
		const { room = () => undefined, most = quotas.recordsPerCollection } = rules;
		this.#room = room;
		this.#most = most;
		this.#now = now;
		this.#makeId = makeId;
		this.#retained = retained;
		this.#screens = screens;
		this.#heads = new Heads(sql);
		this.#rows = new Rows(sql);
		this.#expiries = new Expiries(this.#rows);
	}

	/** A collection as it is stored now. One that does not exist is empty, with number 0. */
	collection(name: string): Collection {
		return this.#heads.get(name);
	}

	/** The same; one that does not exist is given its number. */
	ensure(name: string): Collection {
		const collection = this.#heads.create(this.#heads.get(name));
		this.#heads.set(collection);
		return collection;
	}

	/** A collection by its number. */
	byNumber(number: number): Collection | undefined {
		return this.#heads.byNumber(number);
	}

	/** Names of collections after `after`, in order. */
	names(after: string, most: number): readonly string[] {
		return this.#heads.names(after, most);
	}

	/** A record that is there. */
	record(key: RecordKey): LiveRecord | undefined {
		const record = this.#rows.find(key);
		return isLive(record, this.#now()) ? record : undefined;
	}

	/** The records of a range that are there. */
	page(name: string, range: Range, most: PageSize): RecordPage {
		const { number, head } = this.#heads.get(name);
		const { kept, more } = take(this.#rows.live(number, range, this.#now()), most);
		return { head, records: kept, more };
	}

	/** What happened to a span after a revision: what somebody who knows it as of then has to be told. */
	changes(name: string, after: number, most: PageSize, span: Span = {}): Changes {
		const { number, head, floor } = this.#heads.get(name);
		if (after > head) return { ok: false, reset: "ahead", head };
		if (after < floor) return { ok: false, reset: "retention", head };
		const { kept, more } = take(this.#rows.changed(number, span, after, most.count + 1), most);
		const now = this.#now();
		// One that has expired looks as it will when the alarm comes, which will tell it once more.
		const records = kept.map((record) => (isLive(record, now) ? record : { ...record, expires: null, data: null }));
		return { ok: true, records, to: more ? (kept.at(-1)?.rev ?? head) : head, head };
	}

	/** Begins the writes of one transaction, which is the caller's. `tx`: its name, which the changes then have. */
	stage(tx?: string): Stage {
		return new Stage({
			heads: this.#heads,
			rows: this.#rows,
			expiries: this.#expiries,
			now: this.#now(),
			makeId: this.#makeId,
			full: this.#room(),
			most: this.#most,
			...(tx !== undefined && { tx }),
			screens: this.#screens,
		});
	}

	/** Makes tombstones of records that have expired, as many as are known. Runs inside the stage's transaction. */
	expire(stage: Stage): void {
		for (const expiry of this.#expiries.due(this.#now())) stage.expire(expiry);
	}

	/** When the next record expires; undefined when none does. */
	nextExpiry(): number | undefined {
		return this.#expiries.next();
	}

	/**
	 * Drops the tombstones that have been kept long enough. Runs inside one transaction of the caller; returns what to call
	 * once it stands.
	 */
	forget(): () => void {
		const time = this.#now() - this.#retained;
		for (const { number, rev } of this.#rows.oldTombstones(time)) this.#heads.raise(number, rev);
		this.#rows.dropTombstones(time);
		return () => this.#heads.clear();
	}

	/** When the oldest tombstone has been kept long enough; undefined when there is none. */
	nextForget(): number | undefined {
		const oldest = this.#rows.oldestTombstone();
		return oldest === undefined ? undefined : oldest + this.#retained;
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#heads.clear();
		this.#expiries.clear();
	}
}

/** The first records, and whether there are others. One is looked at that is not taken. */
function take<Some extends StoredRecord>(records: Iterable<Some>, { count, size }: PageSize) {
	const kept: Some[] = [];
	let bytes = 0;
	for (const record of records) {
		bytes += byteLength(record.data ?? "") + record.id.length + aroundData;
		if (kept.length > 0 && (kept.length >= count || bytes > size)) return { kept, more: true };
		kept.push(record);
	}
	return { kept, more: false };
}

/** The most that stands around the id and the data of a record, in bytes: member names, and three numbers. */
const aroundData = 100;
