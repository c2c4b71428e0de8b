import type { Json } from "../../../../protocol/envelopes.ts";
import { durations } from "../../../../protocol/limits.ts";
import type { Sql } from "../../ports.ts";
import { type Segments, textsOf } from "./segments.ts";

/** The last publish of one client on one channel. */
export interface Producer {
	readonly n: number;
	readonly seq: number;
	/** When it was stored. */
	readonly ts: number;
}

/** All producers of a channel, by `producerKey`. */
export type Producers = ReadonlyMap<string, Producer>;

/** A row holds at most 2 MB; so many producers stay far below. Beyond them, the one longest silent is forgotten. */
const mostProducers = 10_000;

/** A client is a producer only together with its principal: nobody can use up another's numbers. */
export function producerKey(principal: string, client: string): string {
	return `${principal}\n${client}`;
}

/** What a stored message says of the publish that made it: `<client>/<n>`. No name holds a `/`, so nobody can forge it. */
export function publishMark(client: string, n: number): string {
	return `${client}/${n}`;
}

interface StoredMessage {
	readonly seq: number;
	readonly ts: number;
	readonly id: string;
	readonly from: string;
	/** The publish mark, where the publisher gave the message an id of its own. */
	readonly by?: string;
	readonly data: Json;
}

/** The stored side of dedup: one checkpoint row a channel, and the segments after it. */
export class ProducerStore {
	readonly #sql: Sql;
	readonly #segments: Segments;

	constructor(sql: Sql, segments: Segments) {
		this.#sql = sql;
		this.#segments = segments;
	}

	/** Reads the producers of a channel: its checkpoint, then the messages after it. */
	load(channel: number): { readonly producers: Map<string, Producer>; readonly checkpoint: number } {
		if (channel === 0) return { producers: new Map(), checkpoint: 0 };
		const row = this.#sql.all<{ seq: number; state: string }>(
			"SELECT seq, state FROM checkpoints WHERE channel = ?",
			channel,
		)[0];
		const producers = new Map<string, Producer>();
		for (const [key, n, seq, ts] of JSON.parse(row?.state ?? "[]") as [string, number, number, number][]) {
			producers.set(key, { n, seq, ts });
		}
		const checkpoint = row?.seq ?? 0;
		for (const run of this.#segments.after(channel, checkpoint)) {
			for (const text of textsOf(run)) note(producers, JSON.parse(text) as StoredMessage);
		}
		return { producers, checkpoint };
	}

	/** Writes the producers of the last 24 h as of `seq`, in place of the checkpoint before. Returns what it kept. */
	save(channel: number, seq: number, producers: Producers, now: number): Map<string, Producer> {
		const recent = [...producers].filter(([, producer]) => producer.ts > now - durations.dedup);
		if (recent.length > mostProducers) recent.sort(([, a], [, b]) => b.ts - a.ts).length = mostProducers;
		const state = JSON.stringify(recent.map(([key, { n, seq: at, ts }]) => [key, n, at, ts]));
		this.#sql.run("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", channel, seq, state);
		return new Map(recent);
	}

	/** The seq of an earlier publish, if its message is among the newest `most` segments. */
	find(channel: number, principal: string, mark: string, most = 256): number | null {
		const needle = `"${mark}"`;
		let searched = 0;
		for (const run of this.#segments.before(channel, Number.POSITIVE_INFINITY)) {
			searched += 1;
			if (searched > most) break;
			if (!run.body.includes(needle)) continue;
			const seq = findIn(textsOf(run), principal, mark);
			if (seq !== null) return seq;
		}
		return null;
	}
}

/** The seq of the message that a publish made, among these. */
export function findIn(texts: readonly string[], principal: string, mark: string): number | null {
	for (const text of texts) {
		if (!text.includes(mark)) continue;
		const message = JSON.parse(text) as StoredMessage;
		if (message.from === principal && (message.by ?? message.id) === mark) return message.seq;
	}
	return null;
}

function note(producers: Map<string, Producer>, message: StoredMessage): void {
	const [client, n] = (message.by ?? message.id).split("/");
	if (client === undefined || n === undefined) return;
	producers.set(producerKey(message.from, client), { n: Number(n), seq: message.seq, ts: message.ts });
}
