import { storage } from "../../../../protocol/limits.ts";
import type { Run, Sql } from "../../ports.ts";

/** Seqs a channel can have: the lower half of a segment's key. */
const span = 2 ** 32;
/** Between two messages in a body. Compact JSON holds no raw newline, so every newline is one of these. */
export const separator = ",\n";

/** One stored segment, without its body. */
export interface SegmentRow {
	readonly first: number;
	readonly last: number;
	/** When its last message was stored. */
	readonly ts: number;
	/** Characters of its body. */
	readonly size: number;
}

type StoredRow = { k: number; last: number; ts: number; size: number };

/** The `segments` table: runs of consecutive messages of one channel, as the very text that goes on the wire. */
export class Segments {
	readonly #sql: Sql;

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** The newest segment of a channel: it holds the head, and is never deleted. */
	newest(channel: number): SegmentRow | undefined {
		return this.#one(channel, "ORDER BY k DESC LIMIT 1");
	}

	/** The oldest segment of a channel: it holds the floor. */
	oldest(channel: number): SegmentRow | undefined {
		return this.#one(channel, "ORDER BY k LIMIT 1");
	}

	/** The oldest segment with a message stored at or after `ts`. */
	since(channel: number, ts: number): SegmentRow | undefined {
		return this.#one(channel, "AND ts >= ? ORDER BY k LIMIT 1", ts);
	}

	/** Bytes of all segments of a channel. Reads no body. */
	bytes(channel: number): number {
		const rows = this.#sql.all<{ bytes: number | null }>(
			"SELECT sum(octet_length(body)) AS bytes FROM segments WHERE k >= ? AND k < ?",
			...range(channel),
		);
		return rows[0]?.bytes ?? 0;
	}

	/** Adds messages to the newest segment; `empty` says that its body is. */
	grow(channel: number, first: number, run: Run, ts: number, empty: boolean): void {
		const body = empty ? "?" : `body || '${separator}' || ?`;
		this.#sql.run(
			`UPDATE segments SET last = ?, ts = ?, body = ${body} WHERE k = ?`,
			run.to,
			ts,
			run.body,
			key(channel, first),
		);
	}

	/** Starts a new segment. */
	start(channel: number, run: Run, ts: number): void {
		this.#sql.run("INSERT INTO segments VALUES (?, ?, ?, ?)", key(channel, run.after + 1), run.to, ts, run.body);
	}

	/** The segments before the newest, oldest first, with the bytes of each. */
	*beforeNewest(channel: number, newest: number): Iterable<{ first: number; last: number; ts: number; bytes: number }> {
		const rows = this.#sql.each<{ k: number; last: number; ts: number; bytes: number }>(
			"SELECT k, last, ts, octet_length(body) AS bytes FROM segments WHERE k >= ? AND k < ? ORDER BY k",
			key(channel, 0),
			key(channel, newest),
		);
		for (const { k, ...row } of rows) yield { first: k - key(channel, 0), ...row };
	}

	/** Deletes every segment of a channel that starts before `first`. */
	deleteBefore(channel: number, first: number): void {
		this.#sql.run("DELETE FROM segments WHERE k >= ? AND k < ?", key(channel, 0), key(channel, first));
	}

	/** Deletes every segment of a channel, and leaves an empty one that holds its floor and its head. */
	empty(channel: number, floor: number, head: number, ts: number): void {
		this.#sql.run("DELETE FROM segments WHERE k >= ? AND k < ?", ...range(channel));
		this.#sql.run("INSERT INTO segments VALUES (?, ?, ?, '')", key(channel, floor), head, ts);
	}

	/** What a channel holds after `after`, a stored segment at a time; the first is cut to start there. */
	*after(channel: number, after: number): Iterable<Run> {
		const start = this.#one(channel, "AND k <= ? ORDER BY k DESC LIMIT 1", key(channel, after + 1));
		const rows = this.#sql.each<{ k: number; last: number; body: string }>(
			"SELECT k, last, body FROM segments WHERE k >= ? AND k < ? ORDER BY k",
			key(channel, start?.first ?? 0),
			key(channel + 1, 0),
		);
		for (const row of rows) {
			const run = { after: row.k - key(channel, 0) - 1, to: row.last, body: row.body };
			if (run.to > after && run.body !== "") yield skipTo(run, after);
		}
	}

	/** What a channel holds before `before`, a stored segment at a time, the newest first. */
	*before(channel: number, before: number): Iterable<Run> {
		const rows = this.#sql.each<{ k: number; last: number; body: string }>(
			"SELECT k, last, body FROM segments WHERE k >= ? AND k < ? ORDER BY k DESC",
			key(channel, 0),
			Math.min(key(channel, before), key(channel + 1, 0)),
		);
		for (const row of rows) {
			if (row.body !== "") yield { after: row.k - key(channel, 0) - 1, to: row.last, body: row.body };
		}
	}

	#one(channel: number, condition: string, ...bindings: readonly number[]): SegmentRow | undefined {
		const rows = this.#sql.all<StoredRow>(
			`SELECT k, last, ts, length(body) AS size FROM segments WHERE k >= ? AND k < ? ${condition}`,
			...range(channel),
			...bindings,
		);
		const row = rows[0];
		return row && { first: row.k - key(channel, 0), last: row.last, ts: row.ts, size: row.size };
	}
}

/** The messages of a run, each as its JSON text. */
export function textsOf(run: Run): readonly string[] {
	return run.body === "" ? [] : run.body.split(separator);
}

/** Cuts off what a run holds up to and including `after`. */
function skipTo(run: Run, after: number): Run {
	if (after <= run.after) return run;
	let index = 0;
	for (let seq = run.after; seq < after; seq++) index = run.body.indexOf("\n", index) + 1;
	return { after, to: run.to, body: run.body.slice(index) };
}

/** Cuts messages into runs that each make one row: none longer than a page, unless one message alone is. */
export function cutIntoRuns(after: number, texts: readonly string[], most: number, firstMost: number): readonly Run[] {
	const runs: Run[] = [];
	let from = 0;
	let size = 0;
	texts.forEach((text, index) => {
		const room = runs.length === 0 ? firstMost : most;
		if (index > from && size + text.length > room) {
			runs.push({ after: after + from, to: after + index, body: texts.slice(from, index).join(separator) });
			from = index;
			size = 0;
		}
		size += text.length + separator.length;
	});
	if (from < texts.length) {
		runs.push({ after: after + from, to: after + texts.length, body: texts.slice(from).join(separator) });
	}
	return runs;
}

/** Whether a body of `size` characters may take `more`. */
export function fits(size: number, more: number): boolean {
	return size === 0 || size + more <= storage.segmentBytes;
}

function key(channel: number, seq: number): number {
	return channel * span + seq;
}

function range(channel: number): readonly [number, number] {
	return [key(channel, 0), key(channel + 1, 0)];
}
