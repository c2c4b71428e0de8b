/**
 * What travels in a frame, by its full names. The wire's short keys exist only in `protocol/codec/envelope.ts`; the page
 * to read is `docs/reference/protocol.md`.
 */
import type { ErrorCode } from "./errors.ts";
import type { Limits } from "./limits.ts";

/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One message of a channel, as every subscriber gets it. */
export interface Message<Data = Json> {
	/** Its number in the channel: 1, 2, 3 … never re-used within an epoch. */
	readonly seq: number;
	/** When it was stored, milliseconds since 1970; never less than that of the message before it. */
	readonly ts: number;
	/** `<client>/<n>` of who published it, unless the publisher gave one of its own. */
	readonly id: string;
	/** The principal that published it: taken from its token, never from the message. */
	readonly from: string;
	/** A word of the application for what kind of message it is. */
	readonly name?: string;
	/** What the message is about, on a keyed channel. */
	readonly key?: string;
	readonly data: Data;
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
}

/** From a client to the server. */
export type ClientEnvelope =
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
			readonly limits: Limits;
			readonly features: readonly string[];
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
	/** An unsubscribe is done. */
	| { readonly type: "done"; readonly ref: number }
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
	  }
	/** Accounts for every seq in (after, to]: what is not among the entries was withheld, not lost. */
	| {
			readonly type: "messages";
			readonly channel: string;
			readonly after: number;
			readonly to: number;
			readonly entries: readonly Message[];
	  }
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
