import type { Sql } from "../../ports.ts";

/** What is known of a collection. A copy is worked on; the original changes once the transaction stands. */
export interface Collection {
	/** 0 until its first record is written. */
	readonly number: number;
	readonly name: string;
	/** The revision of its last change; 0 when there was none. */
	readonly head: number;
	/** How many records it holds, those that have expired and are not tombstones yet among them. */
	readonly records: number;
	/** The last revision among the tombstones that were dropped: what happened up to there can no longer be told whole. */
	readonly floor: number;
}

/** Above this many, what is kept in memory is dropped; it is read again when needed. */
const mostInMemory = 10_000;

/** The collections of a space and their heads. Reading one that does not exist makes nothing. */
export class Heads {
	readonly #sql: Sql;
	#loaded = new Map<string, Collection>();

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** A collection by name, as last stored. */
	get(name: string): Collection {
		return this.#loaded.get(name) ?? this.#load(name);
	}

	/** A collection by its number. */
	byNumber(number: number): Collection | undefined {
		const rows = this.#sql.all<{ name: string }>("SELECT name FROM collections WHERE number = ?", number);
		return rows[0] && this.get(rows[0].name);
	}

	/** Gives a collection its row, and with it its number. */
	create(collection: Collection): Collection {
		if (collection.number !== 0) return collection;
		const query = "INSERT INTO collections (name, floor) VALUES (?, ?) RETURNING number";
		const rows = this.#sql.all<{ number: number }>(query, collection.name, collection.floor);
		return { ...collection, number: rows[0]?.number ?? 0 };
	}

	/** Takes over what has been stored. */
	set(collection: Collection): void {
		if (this.#loaded.size >= mostInMemory) this.#loaded.clear();
		this.#loaded.set(collection.name, collection);
	}

	/** Stores that the tombstones up to a revision are gone. What is in memory is forgotten by `clear`. */
	raise(number: number, floor: number): void {
		this.#sql.run("UPDATE collections SET floor = max(floor, ?) WHERE number = ?", floor, number);
	}

	/** Forgets what is in memory. */
	clear(): void {
		this.#loaded = new Map();
	}

	/** Names after `after`, in order of name: of those in which something was written. */
	names(after: string, most: number): readonly string[] {
		const query = `SELECT name FROM collections
			WHERE name > ? AND (floor > 0 OR EXISTS (SELECT 1 FROM records WHERE collection = number)) ORDER BY name LIMIT ?`;
		return this.#sql.all<{ name: string }>(query, after, most).map((row) => row.name);
	}

	/**
	 * The head stands nowhere, because it would cost a row a write: each revision ever given either has a row, or was
	 * overwritten by a later one of the same record, or was dropped as a tombstone and is not above the floor.
	 */
	#load(name: string): Collection {
		const query = `SELECT number, floors.floor AS floor, max(rev) AS last, count(data) AS records
			FROM collections AS floors LEFT JOIN records ON collection = number WHERE name = ? GROUP BY number`;
		const row = this.#sql.all<{ number: number; floor: number; last: number | null; records: number }>(query, name)[0];
		if (!row) return { number: 0, name, head: 0, records: 0, floor: 0 };
		const { number, floor, records } = row;
		const collection = { number, name, head: Math.max(floor, row.last ?? 0), records, floor };
		this.set(collection);
		return collection;
	}
}
