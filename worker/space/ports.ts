/**
 * What the parts of a space are given instead of the platform and of one another. A part runs in a plain test with these.
 */
import type { ErrorCode } from "../../protocol/errors.ts";

/** A value SQLite stores or returns. */
export type SqlValue = string | number | null;

/** The object's SQLite database. Everything is synchronous. */
export interface Sql {
	/** All rows of a query. */
	all<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Row[];
	/** The rows of a query, one at a time; leaving the loop early reads no further. */
	each<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Iterable<Row>;
	/** Runs a statement. Outside `transact` a later throw does not undo it. */
	run(query: string, ...bindings: readonly SqlValue[]): void;
	/** Bytes the database takes on disk. */
	size(): number;
}

/** Milliseconds since 1970. */
export type Clock = () => number;

/** The platform's one alarm. */
export interface Alarm {
	/** Sets it to a time in milliseconds since 1970, or takes it away. */
	set(due: number | undefined): void;
}

/** A channel by number, as the index of subscribers and the attachments know it. */
export interface ChannelRef {
	readonly number: number;
	readonly name: string;
}

/** Consecutive messages of one channel as they are stored and sent: JSON texts joined by `,\n`, all of (after, to]. */
export interface Run {
	readonly after: number;
	readonly to: number;
	readonly body: string;
}

/** The messages that one flush added to one channel. */
export interface Added extends Run {
	readonly channel: ChannelRef;
}

/** What a request asks the log to store: one message, or up to 100 with adjacent seqs, all or none. */
export interface Append {
	readonly principal: string;
	readonly channel: string;
	readonly drafts: readonly StoredDraft[];
	/** Dedup of a client's publishes; `n` counts per client and channel. */
	readonly producer?: { readonly client: string; readonly n: number; readonly previous: number };
	/** Dedup by a key that is used once. `hash` tells whether the request is the same. */
	readonly idempotency?: { readonly key: string; readonly hash: string };
	/** Store only while the head is this seq. */
	readonly ifSeq?: number;
}

/** A message to be stored; `data` is its compact JSON text. */
export interface StoredDraft {
	readonly data: string;
	readonly name?: string;
	readonly key?: string;
	readonly id?: string;
}

/** What became of an append. */
export type Outcome =
	/** Stored. `first` is the seq of its first message, null for a duplicate that is no longer retained. */
	| { readonly ok: true; readonly first: number | null; readonly count: number; readonly duplicate: boolean }
	| {
			readonly ok: false;
			readonly code: ErrorCode;
			readonly message: string;
			/** With `out_of_order`: the last `n` stored. */
			readonly last?: number;
			/** With `condition_failed`: the head. */
			readonly head?: number;
	  };

/** Whom messages are handed to: today a socket's session, later perhaps a relay. */
export interface Receiver {
	/** Adds one envelope to what leaves in this turn. */
	write(envelope: string): void;
	/** Ends the receiver with a code of the error table. */
	close(code: ErrorCode): void;
}
