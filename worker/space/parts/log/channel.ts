import type { ChannelKind, MessageScreen, Retention } from "../../ports.ts";
import type { Producer } from "./producers.ts";

/** How the messages of a channel are stored: all of them in segments, or the last one of each key. */
export type StoredKind = "log" | "keyed";

/** What the log keeps in memory of one channel. A copy is worked on; the original changes once a flush is stored. */
export interface Channel {
	/** 0 until it has a row. */
	readonly number: number;
	readonly name: string;
	/** What it keeps of what is published to it now. */
	readonly kind: ChannelKind;
	/** How what it holds is stored. It stays as its first message was stored, until the channel is purged. */
	readonly stored: StoredKind;
	readonly retention: Retention;
	/** Looks at each message before it is stored or passed on. */
	readonly screen: MessageScreen | undefined;
	readonly head: number;
	/** The oldest seq retained; head + 1 when nothing is. */
	readonly floor: number;
	/** When the head was stored. No message is older than the one before it, whatever the clock does. */
	readonly ts: number;
	/** The segment that grows, in characters. */
	readonly tail: { readonly first: number; readonly size: number } | undefined;
	/** Bytes of all its segments, once they were needed. */
	readonly bytes: number | undefined;
	/** The seq up to which the stored checkpoint knows the producers. */
	readonly checkpoint: number;
	/** By `producerKey`; loaded at its first publish. The one thing here that is changed in place: a copy a flush is dear. */
	readonly producers: Map<string, Producer> | undefined;
}
