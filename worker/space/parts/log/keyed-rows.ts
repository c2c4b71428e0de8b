import type { Sql } from "../../ports.ts";

/** The last message of a key. */
export interface KeyedRow {
	readonly key: string;
	readonly seq: number;
	/** When it was stored. */
	readonly ts: number;
	/** The publishes that nothing but this row tells of, as `writeProducers` has it; null where there are none. */
	readonly producers: string | null;
	readonly body: string;
}

/** Where a message stands. */
export interface Place {
	readonly key: string;
	readonly seq: number;
}

/** How many places are looked up at once when messages are read backwards. */
const batch = 1_000;

/** The `keyed` table: one row a key. It has no index on seq, which would cost a row a write: what is read in order is sorted. */
export class KeyedRows {
	readonly #sql: Sql;

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** The last seq and time of a channel; null where it holds nothing. */
	newest(channel: number): { readonly seq: number | null; readonly ts: number | null } {
		const query = "SELECT max(seq) AS seq, max(ts) AS ts FROM keyed WHERE channel = ?";
		return this.#sql.all<{ seq: number | null; ts: number | null }>(query, channel)[0] ?? { seq: null, ts: null };
	}

	/** The message of a key, if there is one. */
	bodyOf(channel: number, key: string): string | undefined {
		const query = "SELECT body FROM keyed WHERE channel = ? AND key = ?";
		return this.#sql.all<{ body: string }>(query, channel, key)[0]?.body;
	}

	/** What is told of publishes by the row of a key. */
	producersOf(channel: number, key: string): string | null {
		const query = "SELECT producers FROM keyed WHERE channel = ? AND key = ?";
		return this.#sql.all<{ producers: string | null }>(query, channel, key)[0]?.producers ?? null;
	}

	/** What is told of publishes by the rows after a seq, in order of seq. */
	producersAfter(channel: number, seq: number): readonly string[] {
		return this.#sql
			.all<{ producers: string }>(
				"SELECT producers FROM keyed WHERE channel = ? AND seq > ? AND producers IS NOT NULL ORDER BY seq",
				channel,
				seq,
			)
			.map(({ producers }) => producers);
	}

	/** Stores a message in place of the one before it of the same key: one row. */
	put(channel: number, { key, seq, ts, producers, body }: KeyedRow): void {
		this.#sql.run(
			`INSERT INTO keyed VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
				SET seq = excluded.seq, ts = excluded.ts, producers = excluded.producers, body = excluded.body`,
			channel,
			key,
			seq,
			ts,
			producers,
			body,
		);
	}

	/** The message of a key, if its seq is still this one. */
	bodyAt(channel: number, { key, seq }: Place): string | undefined {
		const query = "SELECT body FROM keyed WHERE channel = ? AND key = ? AND seq = ?";
		return this.#sql.all<{ body: string }>(query, channel, key, seq)[0]?.body;
	}

	/** The message with a seq, if there is one. */
	at(channel: number, seq: number): string | undefined {
		const query = "SELECT body FROM keyed WHERE channel = ? AND seq = ?";
		return this.#sql.all<{ body: string }>(query, channel, seq)[0]?.body;
	}

	/** Where the first `most` messages stand that have a seq after one and up to another, in order of seq. */
	places(channel: number, after: number, to: number, most: number): readonly Place[] {
		const query = "SELECT key, seq FROM keyed WHERE channel = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?";
		return this.#sql.all<{ key: string; seq: number }>(query, channel, after, to, most);
	}

	/** The messages with a seq after one and before another, the newest first, one at a time. */
	*backwards(channel: number, after: number, before: number): Iterable<{ seq: number; body: string }> {
		for (let high = Math.min(before, Number.MAX_SAFE_INTEGER); ; ) {
			const places = this.#sql.all<{ key: string; seq: number }>(
				`SELECT key, seq FROM keyed WHERE channel = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ${batch}`,
				channel,
				after,
				high,
			);
			for (const { key, seq } of places) yield { seq, body: this.bodyOf(channel, key) ?? "" };
			const last = places.at(-1)?.seq;
			if (places.length < batch || last === undefined) return;
			high = last;
		}
	}

	/** The seq of the newest message but `count`; null where there are not so many. */
	seqBeforeLast(channel: number, count: number): number | null {
		const query = "SELECT seq FROM keyed WHERE channel = ? ORDER BY seq DESC LIMIT 1 OFFSET ?";
		return this.#sql.all<{ seq: number }>(query, channel, count)[0]?.seq ?? null;
	}

	/** The seq of the oldest message stored at or after `ts`. */
	since(channel: number, ts: number): number | null {
		const query = "SELECT min(seq) AS seq FROM keyed WHERE channel = ? AND ts >= ?";
		return this.#sql.all<{ seq: number | null }>(query, channel, ts)[0]?.seq ?? null;
	}

	/** How many messages a channel holds, and their bytes. */
	size(channel: number): { readonly messages: number; readonly bytes: number } {
		const query =
			"SELECT count(*) AS messages, coalesce(sum(octet_length(body)), 0) AS bytes FROM keyed WHERE channel = ?";
		return this.#sql.all<{ messages: number; bytes: number }>(query, channel)[0] ?? { messages: 0, bytes: 0 };
	}

	/** The messages of a channel, oldest first, without their bodies. */
	oldest(channel: number): Iterable<{ seq: number; ts: number; bytes: number }> {
		const query = "SELECT seq, ts, octet_length(body) AS bytes FROM keyed WHERE channel = ? ORDER BY seq";
		return this.#sql.each<{ seq: number; ts: number; bytes: number }>(query, channel);
	}

	/** Deletes the messages before a seq. */
	deleteBefore(channel: number, seq: number): void {
		this.#sql.run("DELETE FROM keyed WHERE channel = ? AND seq < ?", channel, seq);
	}
}
