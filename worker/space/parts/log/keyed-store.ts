import { storage } from "../../../../protocol/limits.ts";
import type { Retention, Run } from "../../ports.ts";
import type { Channel } from "./channel.ts";
import { KeyedPlaces } from "./keyed-places.ts";
import type { KeyedRows } from "./keyed-rows.ts";
import type {
	Backwards,
	KnownProducers,
	MessageStore,
	Most,
	Span,
	StagedMessage,
	StoredState,
} from "./message-store.ts";
import { type Producer, publishOf, readProducers, writeProducers } from "./producers.ts";
import type { Sought } from "./search.ts";
import { type Segments, separator } from "./segments.ts";

/**
 * Stores channels that keep the last message of each key: one row a key. What was superseded leaves a hole in the seqs. An
 * empty segment holds the floor, and the head where no message does; there is one from the first trim or purge on.
 */
export class KeyedStore implements MessageStore {
	readonly #rows: KeyedRows;
	readonly #places: KeyedPlaces;
	readonly #segments: Segments;

	constructor(rows: KeyedRows, segments: Segments) {
		this.#rows = rows;
		this.#places = new KeyedPlaces(rows);
		this.#segments = segments;
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#places.clear();
	}

	state(number: number): StoredState | undefined {
		const { seq, ts } = this.#rows.newest(number);
		const empty = this.#segments.newest(number);
		if (seq === null && !empty) return undefined;
		return {
			head: Math.max(seq ?? 0, empty?.last ?? 0),
			floor: empty?.first ?? 1,
			ts: Math.max(ts ?? 0, empty?.ts ?? 0),
			tail: undefined,
		};
	}

	page({ number, head }: Channel, { after, before }: Span, most: Most): Run | undefined {
		const texts: string[] = [];
		let size = 0;
		let to = after;
		for (const { seq, body } of this.#places.messages(number, after, Math.min(head, before - 1), most.count)) {
			if (texts.length >= most.count || (size > 0 && size + body.length > most.size)) {
				return { after, to, body: texts.join(separator) };
			}
			texts.push(body);
			size += body.length;
			to = seq;
		}
		// There is nothing more: whatever else was in the span was superseded.
		to = Math.min(head, before - 1);
		return to > after ? { after, to, body: texts.join(separator) } : undefined;
	}

	newest({ number }: Channel, { after, before }: Span, most: Most): Backwards {
		const texts: string[] = [];
		let size = 0;
		let from = before;
		for (const { seq, body } of this.#rows.backwards(number, after, before)) {
			if (texts.length >= most.count || (size > 0 && size + body.length > most.size)) return { texts, from };
			texts.push(body);
			size += body.length;
			from = seq;
		}
		return { texts, from: after + 1 };
	}

	at({ number }: Channel, seq: number): string | undefined {
		return this.#rows.at(number, seq);
	}

	beforeLast({ number, floor, head }: Channel, count: number): number {
		if (count === 0) return head;
		return this.#rows.seqBeforeLast(number, count) ?? floor - 1;
	}

	beforeTime({ number, head }: Channel, ts: number): number {
		return (this.#rows.since(number, ts) ?? head + 1) - 1;
	}

	*producersAfter(number: number, seq: number): Iterable<readonly [string, Producer]> {
		for (const text of this.#rows.producersAfter(number, seq)) yield* readProducers(text);
	}

	/** A publish that is sent again has the key that it had: unless another message took its place, it stands there. */
	find(number: number, { producer, n, key }: Sought): number | null {
		const [made, publish] = publishOf(this.#rows.bodyOf(number, key ?? "") ?? "") ?? [];
		return made === producer && publish?.n === n ? publish.seq : null;
	}

	/**
	 * A message that is superseded takes along what it says of its publish, and a checkpoint comes only now and then. So the
	 * message that supersedes it says it too, unless its producer has published since.
	 */
	add(channel: Channel, messages: readonly StagedMessage[], ts: number, known: KnownProducers) {
		const { number, head } = channel;
		const checkpoint = known.checkpoint();
		const byKey = new Map<string, StagedMessage[]>();
		for (const message of messages) {
			const same = byKey.get(message.key ?? "");
			if (same) same.push(message);
			else byKey.set(message.key ?? "", [message]);
		}
		const isNeeded = ([key, { seq }]: readonly [string, Producer]) => seq > checkpoint && known.last(key)?.seq === seq;
		for (const [key, same] of byKey) {
			const newest = same.at(-1);
			if (!newest) continue;
			const stored = this.#rows.producersOf(number, key);
			const told = same.flatMap(({ producer }) => (producer ? [producer] : []));
			const needed = [...(stored === null ? [] : readProducers(stored)), ...told].filter(isNeeded);
			const producers = needed.length === 0 ? null : writeProducers(needed);
			this.#rows.put(number, { key, seq: newest.seq, ts, producers, body: newest.text });
		}
		const written = { ...channel, head: head + messages.length, ts };
		return { channel: written, grown: written.head - checkpoint >= storage.checkpointMessages };
	}

	retained(channel: Channel, retention: Retention, now: number) {
		let { messages, bytes } = this.#rows.size(channel.number);
		let { floor } = channel;
		for (const row of this.#rows.oldest(channel.number)) {
			const old = row.ts <= now - retention.age;
			if (!old && messages <= retention.messages && bytes <= retention.bytes) break;
			messages -= 1;
			bytes -= row.bytes;
			floor = row.seq + 1;
		}
		return { floor, bytes };
	}

	dropBefore(channel: Channel, floor: number): Channel {
		this.#rows.deleteBefore(channel.number, floor);
		this.#segments.empty(channel.number, floor, channel.head, channel.ts);
		return { ...channel, floor };
	}
}
