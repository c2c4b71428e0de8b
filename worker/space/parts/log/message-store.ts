import type { Retention, Run } from "../../ports.ts";
import type { Channel, StoredKind } from "./channel.ts";
import type { Producer } from "./producers.ts";
import type { Search, Sought } from "./search.ts";

/** Where a channel stands, as it is stored. */
export type StoredState = Pick<Channel, "head" | "floor" | "ts" | "tail">;

/** A message that is to be stored. */
export interface StagedMessage {
	readonly seq: number;
	/** As it is stored and sent. */
	readonly text: string;
	/** What it is about; on a keyed channel always there. */
	readonly key: string | undefined;
	/** The publish that made it, by its `producerKey`. */
	readonly producer: readonly [string, Producer] | undefined;
}

/** What dedup knows at the end of a flush. The first question reads what is stored, so ask before anything is written. */
export interface KnownProducers {
	/** The seq up to which the checkpoint tells of all producers. */
	checkpoint(): number;
	/** The last publish of a producer. */
	last(key: string): Producer | undefined;
}

/** Messages before a seq, the newest first. */
export interface Backwards {
	readonly texts: readonly string[];
	/** All that there are of [from, before) are among them. */
	readonly from: number;
}

/** Which messages of a channel: those with a seq after one and before another. */
export interface Span {
	readonly after: number;
	readonly before: number;
}

/** How much is read at once: what is passed first ends it, but one message always is. */
export interface Most {
	readonly count: number;
	/** Characters of JSON, about. */
	readonly size: number;
}

/**
 * How channels of one kind are stored and read. A channel's number is its `number`, which is not 0. Whatever writes runs
 * inside a transaction of the caller, and returns the channel as it then is.
 */
export interface MessageStore {
	/** Where a channel stands; undefined where nothing of it was ever stored. */
	state(number: number): StoredState | undefined;
	/** The next messages of a span; nothing where there is nothing more in it. */
	page(channel: Channel, span: Span, most: Most): Run | undefined;
	/** The newest messages of a span. */
	newest(channel: Channel, span: Span, most: Most): Backwards;
	/** The message at a seq, if it is retained. */
	at(channel: Channel, seq: number): string | undefined;
	/** The seq after which the last `count` messages stand. */
	beforeLast(channel: Channel, count: number): number;
	/** The seq before the first message stored at or after `ts`. */
	beforeTime(channel: Channel, ts: number): number;
	/** The publishes that the messages after a seq tell of, the later of a producer after the earlier. */
	producersAfter(number: number, seq: number): Iterable<readonly [string, Producer]>;
	/** The seq of an earlier publish, if its message is still to be found without a long search. */
	find(number: number, sought: Sought, search: Search): number | null;
	/** Stores consecutive messages after the head. `grown`: enough for retention to be looked at. */
	add(
		channel: Channel,
		messages: readonly StagedMessage[],
		ts: number,
		known: KnownProducers,
	): { readonly channel: Channel; readonly grown: boolean };
	/** The floor by retention, never below the one it has, and the bytes that are stored from there on. */
	retained(channel: Channel, retention: Retention, now: number): { readonly floor: number; readonly bytes: number };
	/** Deletes everything before a seq, at most all. The head stays. */
	dropBefore(channel: Channel, floor: number): Channel;
}

/** The stores of a space, by kind. */
export type MessageStores = { readonly [Kind in StoredKind]: MessageStore };
