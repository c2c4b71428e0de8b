import type { Json } from "./json-value.ts";

/** A record as a watch tells it. One without `data` is absent: it was deleted, or has expired. */
export interface RecordChange<Data = Json> {
	readonly id: string;
	/** The collection's change number of this write. */
	readonly rev: number;
	/** When it was written, milliseconds since 1970. */
	readonly updated: number;
	/** When it expires, milliseconds since 1970, where it has a time to live. */
	readonly expires?: number;
	/** The parts of one transaction have the same. */
	readonly tx?: string;
	readonly data?: Data;
}

/** Which records of a collection are watched: one, those whose id starts so, or (neither) all. */
export interface RecordSelector {
	readonly collection: string;
	readonly id?: string;
	readonly prefix?: string;
}

/** What can be watched. It is told as it is now, then as it changes. */
export type Watched =
	| { readonly kind: "members"; readonly channel: string }
	| { readonly kind: "occupancy"; readonly channel: string }
	| ({ readonly kind: "records" } & RecordSelector);

/** Where a watch starts. Absent: with everything there is. */
export type WatchStart =
	/** With what changes from now on. */
	| { readonly from: "live" }
	/**
	 * With what changed after a revision; `id`: in the middle of a snapshot at that revision, right after that record; an empty
	 * one: at its beginning.
	 */
	| { readonly from: "revision"; readonly epoch: string; readonly rev: number; readonly id?: string }
	/** Members: with nothing, if they are those of this digest. */
	| { readonly from: "digest"; readonly digest: string };

/** From a client to the server: what it wants to be told. A second watch of the same replaces the first. */
export type WatchRequest =
	| { readonly type: "watch"; readonly ref: number; readonly watched: Watched; readonly start?: WatchStart }
	| { readonly type: "unwatch"; readonly ref: number; readonly watched: Watched }
	/** Everything up to `rev` has been consumed; `id`: of a snapshot at that revision, up to that record. Never answered. */
	| {
			readonly type: "watch-credit";
			readonly selector: RecordSelector;
			readonly rev: number;
			readonly id?: string;
	  };

/** Why a watch could not go on where it was, and starts with everything there is. */
export type WatchReset = "epoch" | "retention" | "ahead";

/** From the server to whoever watches records. */
export type RecordNews =
	/**
	 * A part of all records that are watched, in order of id, as of the revision `to`; those written since come as changes
	 * after it. `next` is the id after which it goes on; the last part has none.
	 */
	| {
			readonly type: "records";
			readonly selector: RecordSelector;
			readonly snapshot: true;
			readonly to: number;
			readonly next?: string;
			readonly entries: readonly RecordChange[];
	  }
	/** Accounts for every revision in (after, to]: what is not among the entries is not watched, or was overwritten. */
	| {
			readonly type: "records";
			readonly selector: RecordSelector;
			readonly snapshot: false;
			readonly after: number;
			readonly to: number;
			readonly entries: readonly RecordChange[];
	  };
