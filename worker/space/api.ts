/**
 * What the Worker may ask of a space. Routes know this and not the class. A Worker may be newer or older than the object
 * by one version, so a method's parameters and answers only ever gain optional fields.
 */
import type { Draft } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";

/** A publish over HTTP or raw TCP. */
export interface PublishRequest {
	readonly principal: string;
	readonly channel: string;
	readonly drafts: readonly Draft[];
	readonly idempotency?: { readonly key: string; readonly hash: string };
	readonly ifSeq?: number;
	/** The epoch that `ifSeq` belongs to, where it was given. */
	readonly ifEpoch?: string;
}

/** Where reading a channel stands. */
export interface ChannelState {
	readonly epoch: string;
	readonly floor: number;
	readonly head: number;
}

/** A refusal, with what the caller needs to go on. */
export interface Refusal {
	readonly ok: false;
	readonly code: ErrorCode;
	readonly message: string;
	readonly state?: ChannelState;
}

/** Stored: the seq of the first message and how many. */
export interface Published {
	readonly ok: true;
	readonly epoch: string;
	readonly first: number | null;
	readonly count: number;
	readonly duplicate: boolean;
}

/** Which messages of a channel. */
export interface HistoryRequest {
	readonly channel: string;
	/** Only messages after this seq; with `epoch`, checked against the space's and the floor. */
	readonly after?: { readonly seq: number; readonly epoch?: string };
	/** Only messages before this seq; checked likewise. */
	readonly before?: { readonly seq: number; readonly epoch?: string };
	/** Only messages stored at or after this time, in milliseconds since 1970. */
	readonly since?: number;
	readonly limit: number;
	readonly order: "asc" | "desc";
}

/** A page of a channel. */
export interface HistoryPage extends ChannelState {
	readonly ok: true;
	/** The messages as stored: JSON texts joined by `,\n`. */
	readonly body: string;
	/** The seq from which to go on: `after` it when ascending, `before` it when descending. */
	readonly next: number;
	/** Whether there is more in that direction now. */
	readonly more: boolean;
}

/** What is known of a channel. */
export interface ChannelInfo extends ChannelState {
	readonly name: string;
	readonly kind: string;
}

/** What is known of a space. */
export interface SpaceInfo {
	readonly name: string;
	readonly epoch: string;
	readonly sockets: number;
	readonly bytes: number;
	/** Rows written since the object woke: what storage costs. */
	readonly rowsWritten: number;
}

/** What the Worker may ask of a space. */
export interface SpaceApi {
	publish(request: PublishRequest): Promise<Published | Refusal>;
	history(request: HistoryRequest): Promise<HistoryPage | Refusal>;
	channel(name: string): Promise<ChannelInfo>;
	channels(after: string, limit: number): Promise<readonly string[]>;
	info(): Promise<SpaceInfo>;
	/** Drops all messages of a channel; its head stays. */
	purge(channel: string): Promise<ChannelInfo>;
	/** Drops everything and starts another epoch; every socket is closed. */
	wipe(): Promise<SpaceInfo>;
}
