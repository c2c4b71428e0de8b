import { limits, storage } from "../../../../protocol/limits.ts";
import type { Retention, Run } from "../../ports.ts";
import type { Channel } from "./channel.ts";
import type { Backwards, MessageStore, Most, Span, StagedMessage, StoredState } from "./message-store.ts";
import { type Producer, publishOf } from "./producers.ts";
import type { Search, Sought } from "./search.ts";
import { cutIntoRuns, fits, type Segments, separator, textsOf } from "./segments.ts";

/** Stores channels that keep every message: in segments, without holes. */
export class SegmentStore implements MessageStore {
	readonly #segments: Segments;

	constructor(segments: Segments) {
		this.#segments = segments;
	}

	state(number: number): StoredState | undefined {
		const newest = this.#segments.newest(number);
		if (!newest) return undefined;
		return {
			head: newest.last,
			floor: this.#segments.oldest(number)?.first ?? 1,
			ts: newest.ts,
			tail: { first: newest.first, size: newest.size },
		};
	}

	/** Joins what is stored, parses nothing. */
	page({ number }: Channel, { after, before }: Span, most: Most): Run | undefined {
		const bodies: string[] = [];
		const count = Math.min(most.count, before - after - 1);
		let size = 0;
		let to = after;
		for (const run of this.#segments.after(number, after)) {
			if (count <= 0 || (size > 0 && size + run.body.length > most.size)) break;
			const over = run.to - after - count;
			bodies.push(over > 0 ? textsOf(run).slice(0, -over).join(separator) : run.body);
			size += run.body.length;
			to = Math.min(run.to, after + count);
			if (over >= 0 || size >= most.size) break;
		}
		return bodies.length === 0 ? undefined : { after, to, body: bodies.join(separator) };
	}

	newest({ number }: Channel, { after, before }: Span, { count, size: most }: Most): Backwards {
		const texts: string[] = [];
		let size = 0;
		for (const run of this.#segments.before(number, before)) {
			if (size > 0 && size + run.body.length > most) break;
			size += run.body.length;
			const end = Math.min(run.to, before - 1) - run.after;
			const start = Math.max(0, after - run.after);
			texts.push(...textsOf(run).slice(start, end).reverse());
			if (texts.length >= count || run.after <= after) break;
		}
		return { texts: texts.slice(0, count), from: before - Math.min(texts.length, count) };
	}

	at(channel: Channel, seq: number): string | undefined {
		return this.page(channel, { after: seq - 1, before: seq + 1 }, { count: 1, size: 1 })?.body;
	}

	beforeLast({ floor, head }: Channel, count: number): number {
		return Math.max(floor - 1, head - count);
	}

	beforeTime(channel: Channel, ts: number): number {
		const segment = this.#segments.since(channel.number, ts);
		if (!segment) return channel.head;
		const span = { after: segment.first - 1, before: Number.POSITIVE_INFINITY };
		const first = this.page(channel, span, { count: Number.POSITIVE_INFINITY, size: 1 });
		const index = first ? textsOf(first).findIndex((text) => (JSON.parse(text) as { ts: number }).ts >= ts) : -1;
		return segment.first - 1 + Math.max(0, index);
	}

	*producersAfter(number: number, seq: number): Iterable<readonly [string, Producer]> {
		for (const run of this.#segments.after(number, seq)) {
			for (const text of textsOf(run)) {
				const publish = publishOf(text);
				if (publish) yield publish;
			}
		}
	}

	find(number: number, sought: Sought, search: Search): number | null {
		return search.find(number, sought, (seq) => {
			for (const run of this.#segments.before(number, seq + 1)) return run;
			return undefined;
		});
	}

	add(channel: Channel, messages: readonly StagedMessage[], ts: number) {
		const { number, head } = channel;
		const texts = messages.map(({ text }) => text);
		let { tail } = channel;
		let grown = false;
		const empty = tail?.size === 0;
		const room = tail && !empty ? storage.segmentBytes - tail.size : limits.pageBytes;
		for (const run of cutIntoRuns(head, texts, limits.pageBytes, room)) {
			if (tail && !grown && fits(tail.size, run.body.length)) {
				this.#segments.grow(number, tail.first, run, ts, tail.size === 0);
				tail = { first: tail.first, size: tail.size + run.body.length + separator.length };
			} else {
				this.#segments.start(number, run, ts);
				tail = { first: run.after + 1, size: run.body.length };
				grown = true;
			}
		}
		const bytes = channel.bytes === undefined ? undefined : channel.bytes + byteLength(texts.join(separator));
		return { channel: { ...channel, head: head + texts.length, ts, tail, bytes }, grown };
	}

	/** In whole segments. The newest one goes by age alone, when all of it is too old. */
	retained(channel: Channel, retention: Retention, now: number) {
		const { number, head, tail } = channel;
		const oldest = now - retention.age;
		let bytes = channel.bytes ?? this.#segments.bytes(number);
		let { floor } = channel;
		for (const segment of this.#segments.beforeNewest(number, tail?.first ?? 1)) {
			const old = segment.ts <= oldest;
			const many = head - segment.last >= retention.messages;
			if (!old && !many && bytes - segment.bytes < retention.bytes) return { floor, bytes };
			bytes -= segment.bytes;
			floor = segment.last + 1;
		}
		return channel.ts <= oldest ? { floor: head + 1, bytes: 0 } : { floor, bytes };
	}

	/** The newest segment holds the head: where it goes too, an empty one takes its place. */
	dropBefore(channel: Channel, floor: number): Channel {
		const { number, head, ts } = channel;
		if (floor <= head) {
			this.#segments.deleteBefore(number, floor);
			return { ...channel, floor };
		}
		this.#segments.empty(number, floor, head, ts);
		return { ...channel, floor, tail: { first: floor, size: 0 } };
	}
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
	return encoder.encode(text).length;
}
