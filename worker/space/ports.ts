/**
 * What the parts of a space are given instead of the platform and of one another. A part runs in a plain test with these.
 */
import type { Capability } from "../../protocol/capabilities.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Fault } from "../../protocol/result.ts";

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

/**
 * Why nothing more may be stored now: the space holds, or has written today, as much as it may. Undefined while there is room.
 * Asked once for many things where it can be: it is a query.
 */
export type Room = () => Fault | undefined;

/** A channel by number, as the index of subscribers and the attachments know it. */
export interface ChannelRef {
	readonly number: number;
	readonly name: string;
}

/** A client: a running program, and whom it speaks for. Clients of several principals may have the same id. */
export interface ClientRef {
	readonly principal: string;
	readonly client: string;
}

/** Calls back once after so many milliseconds, at most a second; what is written meanwhile is sent. Only while something is pending. */
export type Later = (delay: number, work: () => void) => void;
/** A collection by number, as the index of watches and the attachments know it. */
export interface CollectionRef {
	readonly number: number;
	readonly name: string;
}

/** One watch, as a socket keeps it while the object sleeps: of one record, of those whose id starts so, or of all. */
export interface KeptWatch {
	/** The number of the collection. */
	readonly collection: number;
	readonly id?: string;
	readonly prefix?: string;
}

/** A record as it was written, or what is left of one that is gone, as the JSON text that those who watch it get. */
export interface ChangedRecord {
	readonly id: string;
	readonly text: string;
}

/** What one transaction wrote in one collection: all of (after, to], in order. */
export interface ChangedRecords {
	readonly collection: CollectionRef;
	readonly after: number;
	readonly to: number;
	readonly records: readonly ChangedRecord[];
}

/** Consecutive messages of one channel as they are stored and sent: JSON texts joined by `,\n`, all of (after, to]. */
/** What a channel keeps of what is published to it: everything, the last message of each key, or nothing. */
export type ChannelKind = "log" | "keyed" | "ephemeral";

/** How long a channel keeps what it stores: what is passed first trims it. Infinity is no bound. */
export interface Retention {
	/** Milliseconds. */
	readonly age: number;
	readonly messages: number;
	readonly bytes: number;
}

/** What is said of the channels of a name. */
export interface ChannelRule {
	readonly kind: ChannelKind;
	readonly retention: Retention;
	/** Looks at each message before it is stored or passed on. Absent where nobody wants to. */
	readonly screen?: MessageScreen;
}

/** What is said of a channel, by its name. */
export type ChannelRules = (name: string) => ChannelRule;

/** A refusal of what was looked at. */
export interface Refused {
	readonly ok: false;
	readonly code: ErrorCode;
	readonly message: string;
	/** With `contract_violated`: JSON Pointer (RFC 6901) to what is wrong in the data. */
	readonly path?: string;
}

/**
 * Looks at a message on behalf of the application: the data as it is to be stored, or why it may not be. Synchronous, and
 * inside the transaction of the flush; never throws.
 */
export type MessageScreen = (message: {
	readonly principal: string;
	readonly channel: string;
	readonly draft: StoredDraft;
	readonly ephemeral: boolean;
}) => { readonly ok: true; readonly data: string } | Refused;

/** Looks at a write of a record likewise. `data` and `before` are JSON texts of objects, null where there is none. */
export type RecordScreen = (write: {
	readonly principal: string;
	readonly collection: string;
	readonly id: string;
	readonly before: string | null;
	readonly data: string | null;
}) => { readonly ok: true; readonly data: string | null } | Refused;

/** Looks at what a service is asked, or answers, likewise. */
export type CallScreen = (service: string, data: string) => { readonly ok: true; readonly data: string } | Refused;

/** Who looks at calls. Absent where nobody wants to. */
export interface CallScreens {
	readonly input?: CallScreen;
	readonly output?: CallScreen;
}

/** What looks at the writes of a collection, by its name; undefined where nobody wants to. */
export type RecordRules = (collection: string) => RecordScreen | undefined;

/** Messages of one channel as they are stored and sent: JSON texts joined by `,\n`, all that there are of (after, to]. */
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
	/** Messages that the log checks like the others and does not store: they leave once the others are stored. */
	readonly ephemeral?: readonly StoredDraft[];
	/** Dedup of a client's publishes; `n` counts per client and channel. */
	readonly producer?: { readonly client: string; readonly n: number; readonly previous: number };
	/** Dedup by a key that is used once. `hash` tells whether the request is the same. */
	readonly idempotency?: { readonly key: string; readonly hash: string };
	/** Why it may not be stored, unless it is stored already: looked at after dedup and before every other check. */
	readonly refused?: { readonly code: ErrorCode; readonly message: string };
	/**
	 * Asked after that and before every other check: how many milliseconds it is too early for this, or 0. Absent for what
	 * no rate bounds.
	 */
	readonly admit?: () => number;
	/** Store only while the head is this seq. */
	readonly ifSeq?: number;
	/** Asked inside the transaction, before `ifSeq`: why it may not be stored, where a condition on something else fails. */
	readonly guard?: () => Fault | undefined;
	/** The transaction that these messages are parts of: they say so. */
	readonly tx?: string;
}

/** A message as it is stored, or as it leaves; `data` is its compact JSON text. */
export interface StoredDraft {
	readonly data: string;
	readonly name?: string;
	readonly key?: string;
	readonly id?: string;
	/** Where it stood among several of one request, from 0. */
	readonly index?: number;
}

/** What became of an append. */
export type Outcome =
	/**
	 * Stored. `first` is the seq of its first message: null for a duplicate that is no longer retained, and where there was
	 * nothing to store.
	 */
	| {
			readonly ok: true;
			readonly first: number | null;
			readonly count: number;
			readonly duplicate: boolean;
			/** The ephemeral messages as they leave, where they were changed on the way. */
			readonly passes?: readonly StoredDraft[];
	  }
	| {
			readonly ok: false;
			readonly code: ErrorCode;
			readonly message: string;
			/** With `contract_violated`: JSON Pointer (RFC 6901) to what is wrong in the data. */
			readonly path?: string;
			/** Which of several messages it is about, from 0. */
			readonly index?: number;
			/** With `out_of_order`: the last `n` stored. */
			readonly last?: number;
			/** With `condition_failed`: the head. */
			readonly head?: number;
			/** With `rate_limited` and `budget_spent`: milliseconds to wait. */
			readonly retryAfter?: number;
	  };

/** Whom messages are handed to: today a socket's session, later perhaps a relay. */
export interface Receiver {
	/** Whose it is: the same for each receiver of one client. */
	readonly client?: string;
	/** Bytes that were sent to it and that the network has not taken yet, where the platform tells. */
	readonly unsent?: number;
	/** Adds one envelope to what leaves in this turn. */
	write(envelope: string): void;
	/** Ends the receiver with a code of the error table. */
	close(code: ErrorCode): void;
}

/** What a socket may do, and until when, as it is kept while the object sleeps. */
export interface KeptAuthority {
	/** Its capabilities, or, where they are long, the number under which they are stored. */
	readonly may: readonly Capability[] | number;
	/** When it ends, in milliseconds since 1970. Absent: it does not. */
	readonly ends?: number;
	/** What it can be revoked by, as `Identity` of `protocol/identity.ts` has it. */
	readonly key?: string;
	readonly token?: string;
	readonly issued?: number;
}

/** What a socket keeps of calls while the object sleeps. */
export interface KeptCalls {
	/** The services that it takes calls of. */
	readonly serves?: readonly KeptService[];
	/** The calls that were handed to it, by number, each with its attempt. */
	readonly holds?: readonly (readonly [number: number, attempt: number])[];
	/** The calls of other clients whose results it waits for, by number. */
	readonly awaits?: readonly number[];
}

/** A service that a socket takes calls of. */
export interface KeptService {
	readonly service: string;
	/** So many at a time. */
	readonly concurrency: number;
	/** It takes one call, and holds it for so many milliseconds, whether the socket stands or not. */
	readonly lease?: number;
}
