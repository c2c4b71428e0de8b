import type { Draft } from "../protocol/envelopes.ts";

/** One publish that has no outcome yet, as a stored queue keeps it. */
export interface StoredPublish {
	/** Its number among the publishes of the client on the channel. */
	readonly n: number;
	readonly draft: Draft;
	/** UTF-8 bytes of its data. */
	readonly bytes: number;
	/** The head it asks for. */
	readonly ifSeq?: number | undefined;
	/** When it may have been sent first, in milliseconds since 1970; undefined while it certainly was not. */
	readonly sentFirst?: number | undefined;
	/** The epoch in which that was. */
	readonly epoch?: string | undefined;
}

/** What an earlier run left of one channel. */
export interface StoredLane {
	/** The last number it used. */
	readonly last: number;
	/** In the order of their numbers. */
	readonly publishes: readonly StoredPublish[];
}

/**
 * Where publishes wait so that they outlive the program: `openQueue` of `aerogram/queue` makes one over any storage. What
 * waits belongs to one client id, which no other running program may have.
 */
export interface PublishQueue {
	/** The client whose publishes these are. */
	readonly client: string;
	/** The spaces in which an earlier run left some. */
	readonly spaces: readonly string[];
	/** What it left in a space, by channel. */
	read(space: string): Iterable<readonly [channel: string, lane: StoredLane]>;
	/** Keeps one, or keeps it anew. Resolves once it would be found by the next run: only then is it sent. */
	write(space: string, channel: string, publish: StoredPublish): Promise<void>;
	/** It has its outcome. That it is forgotten may take its time: it would be sent again, and be stored once all the same. */
	remove(space: string, channel: string, n: number): void;
	/** This run is over. */
	close(): void;
}
