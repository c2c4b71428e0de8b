/**
 * What travels in a frame, by its full names. The wire's short keys exist only in `protocol/codec/envelope.ts`
 * and `serving.ts`; the page to read is `docs/reference/protocol.md`.
 */
import type { CallNews, CallRequest } from "./calls.ts";
import type { ErrorCode } from "./errors.ts";
import type { Json } from "./json-value.ts";
import type { Limits } from "./limits.ts";
import type { LockHold } from "./locks.ts";
import type { PresenceNews, PresenceRequest } from "./presence.ts";
import type { RecordNews, WatchRequest } from "./watch.ts";

export type { Json };

/** One message of a channel, as every subscriber gets it. */
export interface Message<Data = Json> {
	/** Its number in the channel: 1, 2, 3 … never re-used within an epoch. */
	readonly seq: number;
	/** When it was stored, milliseconds since 1970; never less than that of the message before it. */
	readonly ts: number;
	/** `<client>/<n>` of who published it, unless the publisher gave one of its own. */
	readonly id: string;
	/** `<client>/<n>` of who published it, where `id` is one of its own. */
	readonly by?: string;
	/** The principal that published it: taken from its token, never from the message. */
	readonly from: string;
	/** A word of the application for what kind of message it is. */
	readonly name?: string;
	/** What the message is about, on a keyed channel. */
	readonly key?: string;
	/** The parts of one transaction have the same. */
	readonly tx?: string;
	/** It was delivered live and is stored nowhere: its `seq` is 0, which is no position. Absent on every other message. */
	readonly ephemeral?: true;
	readonly data: Data;
}

/** A message that is not stored: it has no seq, and an id only where its publisher gave one. */
export interface EphemeralMessage {
	/** When the server took it, milliseconds since 1970. */
	readonly ts: number;
	readonly id?: string;
	/** The principal that published it. */
	readonly from: string;
	readonly name?: string;
	readonly key?: string;
	readonly data: Json;
}

/** Where a subscription starts. */
export type Start =
	/** The oldest message retained. */
	| { readonly from: "start" }
	/** Only what comes from now on. */
	| { readonly from: "live" }
	/** The last `count` messages, then live. */
	| { readonly from: "last"; readonly count: number }
	/** Everything stored at or after `ts` (milliseconds since 1970). */
	| { readonly from: "since"; readonly ts: number }
	/** Right after a position. `id`, where given, is that of the message at `seq`: another one there is a reset. */
	| { readonly from: "position"; readonly epoch: string; readonly seq: number; readonly id?: string };

/** Why a subscription ended although its client did not ask for it. It may subscribe again, elsewhere. */
export type ResetReason =
	/** The position belongs to another life of the space. */
	| "epoch"
	/** What follows the position was trimmed. */
	| "retention"
	/** The position is ahead of the log. */
	| "ahead"
	/** The channel was purged. */
	| "purged"
	/** The right to read it ended. */
	| "forbidden";

/** What is published. */
export interface Draft {
	readonly data: Json;
	readonly name?: string;
	readonly key?: string;
	readonly id?: string;
	/** Deliver it to whoever is subscribed and up to date, and store it nowhere. */
	readonly ephemeral?: true;
	/** Store it only while its publisher holds this lock. On the wire it stands among the conditions, not in the message. */
	readonly lock?: LockHold;
}

/** From a client to the server. */
export type ClientEnvelope = ChannelRequest | LiveRequest | AuthRequest;

/** Says who is on the connection, for the first time; or, of the same principal, with what it may do from now on. */
export interface AuthRequest {
	readonly type: "auth";
	readonly ref: number;
	/** A token, or a key. */
	readonly token: string;
}

/** What a client sends for presence, watches and calls: `protocol/codec/live.ts` writes it. */
export type LiveRequest = PresenceRequest | WatchRequest | CallRequest;

/** What the server tells of presence, watches and calls: `protocol/codec/live.ts` reads it. */
export type LiveNews = PresenceNews | RecordNews | CallNews;

/** What a client sends for channels. */
export type ChannelRequest =
	| { readonly type: "subscribe"; readonly ref: number; readonly channel: string; readonly start: Start }
	| { readonly type: "unsubscribe"; readonly ref: number; readonly channel: string }
	| {
			readonly type: "publish";
			readonly ref: number;
			readonly channel: string;
			readonly draft: Draft;
			/** The number of this publish among those of this client on this channel, from 0; with it, it is stored once. */
			readonly n?: number;
			/** `n` of the nearest earlier publish that has not failed for good; -1, or absent, when there is none. */
			readonly previous?: number;
			/** Store it only while the channel's head is this seq. */
			readonly ifSeq?: number;
			/** Only of an ephemeral one: the client that publishes it does not get it. */
			readonly echo?: false;
	  }
	/** Everything of the channel up to `seq` has been consumed. Cumulative, never answered. */
	| { readonly type: "credit"; readonly channel: string; readonly seq: number };

/** From the server to a client. */
export type ServerEnvelope =
	| {
			readonly type: "welcome";
			readonly greeting: string;
			readonly epoch: string;
			readonly connection: string;
			/** The quotas, too, of this server: a client keeps to what it is told. */
			readonly limits: Limits;
			readonly features: readonly string[];
			/** Milliseconds until the token of the connection ends; absent where it does not. */
			readonly endsIn?: number;
	  }
	/** A publish is stored. `seq` is null for a duplicate whose message is no longer retained. */
	| { readonly type: "published"; readonly ref: number; readonly seq: number | null; readonly duplicate: boolean }
	/** A subscription stands: what follows starts after `after`. `recovered`: it goes on exactly where it was asked to. */
	| {
			readonly type: "subscribed";
			readonly ref: number;
			readonly epoch: string;
			readonly head: number;
			readonly after: number;
			readonly recovered: boolean;
	  }
	/** What was asked for is done; `says`: what else there is to know of it, by the wire's own names. */
	| { readonly type: "done"; readonly ref: number; readonly says?: { readonly [key: string]: Json } }
	/** News of presence, watches or calls, as it stands in the frame: `readLiveNews` of `protocol/codec/live.ts` reads it. */
	| { readonly type: "live"; readonly fields: { readonly [key: string]: Json } }
	| {
			readonly type: "error";
			/** Absent when the frame was too broken to say whose fault it is. */
			readonly ref?: number;
			readonly code: ErrorCode;
			readonly message: string;
			/** With `out_of_order`: the last `n` that is stored. */
			readonly last?: number;
			/** With `condition_failed`: the channel's head. */
			readonly head?: number;
			/** With `contract_violated`: JSON Pointer (RFC 6901) to what is wrong in `data`. */
			readonly path?: string;
			/** With `rate_limited` and `budget_spent`: seconds to wait. */
			readonly retryAfter?: number;
	  }
	/** Accounts for every seq in (after, to]: what is not among the entries was withheld, not lost. */
	| {
			readonly type: "messages";
			readonly channel: string;
			readonly after: number;
			readonly to: number;
			readonly entries: readonly Message[];
	  }
	/** Messages that are not stored. They move no position, and come after all that was stored before them. */
	| { readonly type: "ephemeral"; readonly channel: string; readonly entries: readonly EphemeralMessage[] }
	/** A subscription ended, or (with `ref`) could not start where it was asked to. */
	| {
			readonly type: "reset";
			readonly ref?: number;
			readonly channel: string;
			readonly reason: ResetReason;
			readonly epoch: string;
			readonly floor: number;
			readonly head: number;
	  }
	/** The last word before the server closes the socket. */
	| { readonly type: "bye"; readonly code: ErrorCode; readonly message: string };
