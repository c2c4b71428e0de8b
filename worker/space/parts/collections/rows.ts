import type { Sql, SqlValue } from "../../ports.ts";
import type { LiveRecord, RecordKey, StoredRecord } from "./record.ts";

/** Sorts after every character that an id may hold, and before the end of what starts with them. */
const afterAll = "\x7f";
/** Sorts before every character that an id may hold. */
const beforeAll = " ";

/** Which records of a collection: one, those whose id starts so, or (neither) all. */
export interface Span {
	readonly id?: string;
	readonly prefix?: string;
}

/** Some of them, in order of id. */
export interface Range extends Span {
	/** Only ids after this one. Default: from the first on. */
	readonly after?: string;
	/** Only those that were last written at this revision or before. */
	readonly until?: number;
}

type Row = { [Field in keyof StoredRecord]: StoredRecord[Field] & SqlValue };

/** The rows of records. Every collection's stand together, in order of id. */
export class Rows {
	readonly #sql: Sql;

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** A record or tombstone, by the number of its collection. */
	get(collection: number, id: string): StoredRecord | undefined {
		const query = "SELECT id, rev, updated, expires, data FROM records WHERE collection = ? AND id = ?";
		return this.#sql.all<Row>(query, collection, id)[0];
	}

	/** A record or tombstone, by the name of its collection: without a look at the collection's head. */
	find({ collection, id }: RecordKey): StoredRecord | undefined {
		const query = `SELECT id, rev, updated, expires, data FROM records
			WHERE collection = (SELECT number FROM collections WHERE name = ?) AND id = ?`;
		return this.#sql.all<Row>(query, collection, id)[0];
	}

	/** Stores a record or tombstone in place of what stood there: one row. */
	put(collection: number, { id, rev, updated, expires, data }: StoredRecord): void {
		this.#sql.run(
			`INSERT INTO records VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
				SET rev = excluded.rev, updated = excluded.updated, expires = excluded.expires, data = excluded.data`,
			collection,
			id,
			rev,
			updated,
			expires,
			data,
		);
	}

	/** The records of a range that are there, in order of id, one at a time. */
	live(collection: number, { after = "", until, ...span }: Range, now: number): Iterable<LiveRecord> {
		const { from, before } = boundsOf(span);
		return this.#sql.each<Row & { data: string }>(
			`SELECT id, rev, updated, expires, data FROM records
				WHERE collection = ? AND id >= ? AND id < ? AND rev <= ? AND data IS NOT NULL
					AND (expires IS NULL OR expires > ?) ORDER BY id`,
			collection,
			after >= from ? after + beforeAll : from,
			before,
			until ?? Number.MAX_SAFE_INTEGER,
			now,
		);
	}

	/** What was written after a revision, tombstones too, in order of revision, up to `most`. Reads the whole span. */
	changed(collection: number, span: Span, after: number, most: number): Iterable<StoredRecord> {
		const { from, before } = boundsOf(span);
		const query = `SELECT id, rev, updated, expires, data FROM records
			WHERE collection = ? AND id >= ? AND id < ? AND rev > ? ORDER BY rev LIMIT ?`;
		// SQLite sorts only what the limit lets through: not all of a large collection with its data.
		return this.#sql.each<Row>(query, collection, from, before, after, most);
	}

	/** The records that expire first, up to `most`. Reads all records of the space. */
	expiring(most: number): readonly (RecordKey & { readonly expires: number })[] {
		return this.#sql.all<{ collection: string; id: string; expires: number }>(
			`SELECT name AS collection, id, expires FROM records JOIN collections ON number = collection
				WHERE expires IS NOT NULL ORDER BY expires LIMIT ?`,
			most,
		);
	}

	/** The last revision, by number of collection, among the tombstones that are no younger than a time. */
	oldTombstones(time: number): readonly { readonly number: number; readonly rev: number }[] {
		return this.#sql.all<{ number: number; rev: number }>(
			"SELECT collection AS number, max(rev) AS rev FROM records WHERE data IS NULL AND updated <= ? GROUP BY collection",
			time,
		);
	}

	/** Drops the tombstones that are no younger than a time. */
	dropTombstones(time: number): void {
		this.#sql.run("DELETE FROM records WHERE data IS NULL AND updated <= ?", time);
	}

	/** When the oldest tombstone was made. */
	oldestTombstone(): number | undefined {
		const query = "SELECT min(updated) AS updated FROM records WHERE data IS NULL";
		return this.#sql.all<{ updated: number | null }>(query)[0]?.updated ?? undefined;
	}
}

/** The ids of a span: from the first one on, and before the second. */
function boundsOf({ id, prefix = "" }: Span): { readonly from: string; readonly before: string } {
	return id === undefined ? { from: prefix, before: prefix + afterAll } : { from: id, before: id + beforeAll };
}
