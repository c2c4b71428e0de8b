import { limits, storage } from "../../../../protocol/limits.ts";
import type { Added, Append } from "../../ports.ts";
import type { Channel, Channels } from "./channels.ts";
import { findIn, type Producer, type ProducerStore, producerKey, publishMark } from "./producers.ts";
import { cutIntoRuns, fits, type Segments, separator } from "./segments.ts";

/** What one channel keeps. */
export interface Retention {
	/** Milliseconds. */
	readonly age: number;
	readonly messages: number;
	readonly bytes: number;
}

/** What a staged channel needs to be written. */
export interface Stores {
	readonly channels: Channels;
	readonly segments: Segments;
	readonly producers: ProducerStore;
	readonly retention: Retention;
}

/**
 * One channel during one flush: what is being added to it, beside what is stored. Nothing here reaches memory that
 * outlives the flush before `apply`, which is called once the transaction stands.
 */
export class StagedChannel {
	readonly #stores: Stores;
	#channel: Channel;
	#head: number;
	#ts: number;
	readonly #texts: string[] = [];
	readonly #staged = new Map<string, Producer>();

	constructor(stores: Stores, name: string) {
		this.#stores = stores;
		this.#channel = stores.channels.get(name);
		this.#head = this.#channel.head;
		this.#ts = this.#channel.ts;
	}

	/** The last seq, counting what is staged. */
	get head(): number {
		return this.#head;
	}

	/** The last publish of a client, counting what is staged. */
	producer(key: string): Producer | undefined {
		return this.#staged.get(key) ?? this.#producers().get(key);
	}

	/** The seq of an earlier publish, staged or stored; null when its message is gone. */
	seqOf(principal: string, client: string, n: number): number | null {
		const last = this.producer(producerKey(principal, client));
		if (last?.n === n) return last.seq >= this.#channel.floor ? last.seq : null;
		const mark = publishMark(client, n);
		return findIn(this.#texts, principal, mark) ?? this.#stores.producers.find(this.#channel.number, principal, mark);
	}

	/** Stages the messages of an append; returns the seq of the first. */
	add(append: Append, now: number, makeId: () => string): number {
		const first = this.#head + 1;
		this.#ts = Math.max(this.#ts, now);
		const { producer, principal } = append;
		const mark = producer && publishMark(producer.client, producer.n);
		for (const draft of append.drafts) {
			this.#head += 1;
			const { id = mark ?? makeId(), name, key, data } = draft;
			const optional =
				(name === undefined ? "" : `,"name":"${name}"`) +
				(key === undefined ? "" : `,"key":"${key}"`) +
				(mark === undefined || draft.id === undefined ? "" : `,"by":"${mark}"`);
			const from = JSON.stringify(principal);
			this.#texts.push(`{"seq":${this.#head},"ts":${this.#ts},"id":"${id}","from":${from}${optional},"data":${data}}`);
		}
		if (producer) {
			const staged = { n: producer.n, seq: this.#head, ts: this.#ts };
			this.#staged.set(producerKey(principal, producer.client), staged);
		}
		return first;
	}

	/** Writes what is staged, inside the transaction. Returns what was added, for the channel's subscribers. */
	write(now: number): Added | undefined {
		if (this.#texts.length === 0) return undefined;
		const after = this.#channel.head;
		const body = this.#texts.join(separator);
		const channel = this.#stores.channels.create(this.#channel);
		const { tail, started } = this.#writeRuns(channel);
		const written: Channel = {
			...channel,
			head: this.#head,
			ts: this.#ts,
			tail,
			bytes: channel.bytes === undefined ? undefined : channel.bytes + byteLength(body),
		};
		this.#channel = started ? this.#retain(written, now) : written;
		return { channel, after, to: this.#head, body };
	}

	/** Takes what was written over into memory, once the transaction stands. */
	apply(): void {
		if (this.#channel.number === 0) return;
		for (const [key, producer] of this.#staged) this.#channel.producers?.set(key, producer);
		this.#stores.channels.set(this.#channel);
	}

	#writeRuns(channel: Channel): { readonly tail: Channel["tail"]; readonly started: boolean } {
		const { segments } = this.#stores;
		let tail = channel.tail;
		let started = false;
		const empty = tail?.size === 0;
		const room = tail && !empty ? storage.segmentBytes - tail.size : limits.pageBytes;
		for (const run of cutIntoRuns(channel.head, this.#texts, limits.pageBytes, room)) {
			if (tail && !started && fits(tail.size, run.body.length)) {
				segments.grow(channel.number, tail.first, run, this.#ts, tail.size === 0);
				tail = { first: tail.first, size: tail.size + run.body.length + separator.length };
			} else {
				segments.start(channel.number, run, this.#ts);
				tail = { first: run.after + 1, size: run.body.length };
				started = true;
			}
		}
		return { tail, started };
	}

	/** When a segment starts: drops the oldest ones beyond retention, never the newest, never past the checkpoint. */
	#retain(channel: Channel, now: number): Channel {
		const { segments, retention } = this.#stores;
		// Read before anything is deleted: what made the messages between the checkpoint and the floor must not be forgotten.
		const producers = this.#producers();
		const { checkpoint } = this.#channel;
		const newest = channel.tail?.first ?? 1;
		let bytes = channel.bytes ?? segments.bytes(channel.number);
		let floor = channel.floor;
		for (const segment of segments.beforeNewest(channel.number, newest)) {
			const old = segment.ts <= now - retention.age;
			const many = channel.head - segment.last >= retention.messages;
			if (!old && !many && bytes - segment.bytes < retention.bytes) break;
			bytes -= segment.bytes;
			floor = segment.last + 1;
		}
		const due = channel.head - checkpoint >= storage.checkpointMessages;
		if (floor > channel.floor) segments.deleteBefore(channel.number, floor);
		if (!due && floor - 1 <= checkpoint) return { ...channel, producers, checkpoint, bytes, floor };
		const all = new Map([...producers, ...this.#staged]);
		const kept = this.#stores.producers.save(channel.number, channel.head, all, now);
		return { ...channel, producers: kept, checkpoint: channel.head, bytes, floor };
	}

	#producers(): Map<string, Producer> {
		if (this.#channel.producers) return this.#channel.producers;
		const { producers, checkpoint } = this.#stores.producers.load(this.#channel.number);
		this.#channel = { ...this.#channel, producers, checkpoint };
		return producers;
	}
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
	return encoder.encode(text).length;
}
