import type { Added, Append } from "../../ports.ts";
import type { Channel } from "./channel.ts";
import type { Channels } from "./channels.ts";
import type { MessageStore, StagedMessage } from "./message-store.ts";
import { type Producer, producerKey, publishMark } from "./producers.ts";
import type { Search } from "./search.ts";
import { separator } from "./segments.ts";
import { type TrimStores, trimChannel } from "./trim.ts";

/** What a staged channel needs to be written. */
export interface Stores extends TrimStores {
	readonly channels: Channels;
	/** The search of the flush, for all its channels. */
	readonly search: Search;
}

/**
 * One channel during one flush: what is being added to it, beside what is stored. Nothing here reaches memory that
 * outlives the flush before `apply`, which is called once the transaction stands.
 */
export class StagedChannel {
	readonly #stores: Stores;
	#channel: Channel;
	#ts: number;
	readonly #messages: StagedMessage[] = [];
	readonly #staged = new Map<string, Producer>();

	constructor(stores: Stores, name: string) {
		this.#stores = stores;
		this.#channel = stores.channels.get(name);
		this.#ts = this.#channel.ts;
	}

	/** The channel: before `write` as it was stored last, after it as it is then. */
	get channel(): Channel {
		return this.#channel;
	}

	/** The last seq, counting what is staged. */
	get head(): number {
		return this.#messages.at(-1)?.seq ?? this.#channel.head;
	}

	/** The last publish of a client, counting what is staged. */
	producer(key: string): Producer | undefined {
		return this.#staged.get(key) ?? this.#load().producers.get(key);
	}

	/** The seq of an earlier publish, staged or stored; null when its message is gone. `key`: that of its message. */
	seqOf(producer: string, n: number, key: string | undefined): number | null {
		if (this.#staged.has(producer)) {
			const same = this.#messages.find((message) => message.producer?.[0] === producer && message.producer[1].n === n);
			if (same) return same.seq;
		}
		const last = this.#load().producers.get(producer);
		if (!last || n > last.n || last.seq < this.#channel.floor) return null;
		if (n === last.n) return last.seq;
		return this.#store.find(this.#channel.number, { producer, n, key, last }, this.#stores.search);
	}

	/** Stages the messages of an append; returns the seq of the first. */
	add(append: Append, now: number, makeId: () => string): number {
		const first = this.head + 1;
		this.#ts = Math.max(this.#ts, now);
		const { producer, principal, tx } = append;
		const mark = producer && publishMark(producer.client, producer.n);
		for (const draft of append.drafts) {
			const seq = this.head + 1;
			const { id = mark ?? makeId(), name, key, data } = draft;
			const optional =
				(name === undefined ? "" : `,"name":"${name}"`) +
				(key === undefined ? "" : `,"key":"${key}"`) +
				(mark === undefined || draft.id === undefined ? "" : `,"by":"${mark}"`) +
				(tx === undefined ? "" : `,"tx":"${tx}"`);
			const from = JSON.stringify(principal);
			const text = `{"seq":${seq},"ts":${this.#ts},"id":"${id}","from":${from}${optional},"data":${data}}`;
			const publish = producer && { n: producer.n, seq, ts: this.#ts };
			const made = publish && ([producerKey(principal, producer.client), publish] as const);
			this.#messages.push({ seq, text, key, producer: made });
			if (made) this.#staged.set(...made);
		}
		return first;
	}

	/** Writes what is staged, inside the transaction. Returns what was added, for the channel's subscribers. */
	write(now: number): Added | undefined {
		if (this.#messages.length === 0) return undefined;
		const after = this.#channel.head;
		const body = this.#messages.map(({ text }) => text).join(separator);
		const known = { last: (key: string) => this.producer(key), checkpoint: () => this.#load().checkpoint };
		const channel = this.#stores.channels.create(this.#channel);
		const { channel: written, grown } = this.#store.add(channel, this.#messages, this.#ts, known);
		// What was loaded meanwhile stands in the channel as it was.
		const { producers, checkpoint } = grown ? this.#load() : this.#channel;
		this.#channel = { ...written, producers, checkpoint };
		if (grown) this.#channel = trimChannel(this.#stores, this.#channel, () => this.#all(), now);
		return { channel, after, to: this.head, body };
	}

	/** Takes what was written over into memory, once the transaction stands. */
	apply(): void {
		if (this.#channel.number === 0) return;
		for (const [key, producer] of this.#staged) this.#channel.producers?.set(key, producer);
		this.#stores.channels.set(this.#channel);
	}

	#all(): ReadonlyMap<string, Producer> {
		return new Map([...this.#load().producers, ...this.#staged]);
	}

	#load(): { readonly producers: Map<string, Producer>; readonly checkpoint: number } {
		const { producers, checkpoint, number } = this.#channel;
		if (producers) return { producers, checkpoint };
		const loaded = this.#stores.checkpoints.load(number, this.#store);
		this.#channel = { ...this.#channel, ...loaded };
		return loaded;
	}

	get #store(): MessageStore {
		return this.#stores.messages[this.#channel.stored];
	}
}
