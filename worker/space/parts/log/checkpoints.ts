import { byteLength, exceedsBytes } from "../../../../protocol/codec/json.ts";
import { durations, storage } from "../../../../protocol/limits.ts";
import type { Sql } from "../../ports.ts";
import type { MessageStore } from "./message-store.ts";
import { type Producer, type Producers, readProducers, writeProducers } from "./producers.ts";

/** The stored side of dedup: one checkpoint row a channel, and the messages after it. */
export class Checkpoints {
	readonly #sql: Sql;

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** Reads the producers of a channel: its checkpoint, then the messages after it. */
	load(
		channel: number,
		store: Pick<MessageStore, "producersAfter">,
	): { readonly producers: Map<string, Producer>; readonly checkpoint: number } {
		if (channel === 0) return { producers: new Map(), checkpoint: 0 };
		const row = this.#sql.all<{ seq: number; state: string }>(
			"SELECT seq, state FROM checkpoints WHERE channel = ?",
			channel,
		)[0];
		const producers = readProducers(row?.state ?? "[]");
		const checkpoint = row?.seq ?? 0;
		for (const [key, producer] of store.producersAfter(channel, checkpoint)) producers.set(key, producer);
		return { producers, checkpoint };
	}

	/** Writes the producers of the last 24 h as of `seq`, in place of the checkpoint before. Returns what it kept. */
	save(channel: number, seq: number, producers: Producers, now: number): Map<string, Producer> {
		let kept: readonly Entry[] = [...producers].filter(([, producer]) => producer.ts > now - durations.dedup);
		let state = writeProducers(kept);
		if (kept.length > storage.checkpointProducers || exceedsBytes(state, storage.checkpointBytes)) {
			kept = newestOf(kept);
			state = writeProducers(kept);
		}
		this.#sql.run("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", channel, seq, state);
		return new Map(kept);
	}
}

type Entry = readonly [string, Producer];

/** Those that published last: as many as may be kept, and as fit a checkpoint. */
function newestOf(entries: readonly Entry[]): readonly Entry[] {
	const sorted = [...entries].sort(([, a], [, b]) => b.ts - a.ts).slice(0, storage.checkpointProducers);
	let bytes = 1;
	const over = sorted.findIndex((entry) => {
		// In a list of its own it has two brackets, among others one comma.
		bytes += byteLength(writeProducers([entry])) - 1;
		return bytes > storage.checkpointBytes;
	});
	return over < 0 ? sorted : sorted.slice(0, over);
}
