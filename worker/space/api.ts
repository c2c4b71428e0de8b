/**
 * What the Worker may ask of a space. Routes know this and not the class. A Worker may be newer or older than the object
 * by one version, so a method's parameters and answers only ever gain optional fields.
 */
import type { Draft } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { LockHold } from "../../protocol/locks.ts";
import type { Revocation } from "../directory/revocation.ts";
import type { CallAnswer, CallAsk } from "./api/calls.ts";
import type { ErasedStep, EraseRequest } from "./api/erasing.ts";
import type { MemberPage, MemberPageRequest } from "./api/presence.ts";
import type { Transacted, TransactionRefusal, TransactionRequest } from "./api/transactions.ts";

export type { CallAsk, EraseRequest, MemberPageRequest, Revocation, TransactionRequest };

/** A publish over HTTP or raw TCP. */
export interface PublishRequest {
	readonly principal: string;
	readonly channel: string;
	readonly drafts: readonly Draft[];
	readonly idempotency?: { readonly key: string; readonly hash: string };
	readonly ifSeq?: number;
	/** The epoch that `ifSeq` belongs to, where it was given. */
	readonly ifEpoch?: string;
	/** Only while this lock is held, with this token. */
	readonly lock?: LockHold;
	readonly refused?: Verdict;
}

/** Why its principal may not do what a request asks. It is answered so unless that was done already, by this very request. */
export interface Verdict {
	readonly code: ErrorCode;
	readonly message: string;
}

/** Where reading a channel stands. */
export interface ChannelState {
	readonly epoch: string;
	readonly floor: number;
	readonly head: number;
}

/** What is wrong with what was sent. */
export interface IssueState {
	/** JSON Pointer (RFC 6901) into the data. */
	readonly path: string;
	/** Which of several messages, from 0. */
	readonly index?: number;
}

/** A refusal, with what the caller needs to go on. */
export interface Refusal {
	readonly ok: false;
	readonly code: ErrorCode;
	readonly message: string;
	readonly state?: ChannelState | RetryState | IssueState;
}

/** When a request that came too early may be sent again. */
export interface RetryState {
	/** In whole seconds, as the header `Retry-After` has it. */
	readonly retryAfter: number;
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
	/** Only where no message of it was stored longer ago than so many milliseconds: else `forbidden`. */
	readonly window?: number;
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
	/** The same page may be another one later: the channel keeps the last message of each key. */
	readonly loose?: true;
}

/** What is known of a channel. */
export interface ChannelInfo extends ChannelState {
	readonly name: string;
	/** `log`, `keyed` or `ephemeral`. */
	readonly kind: string;
	/** How long it keeps what it stores, null for no bound: `age` in milliseconds. Absent where it stores nothing. */
	readonly retention?: Readonly<Record<"age" | "messages" | "bytes", number | null>>;
	/** Who is there now. `subscribers`: subscriptions that stand, over sockets, event streams and long-polls. */
	readonly occupancy: { readonly members: number; readonly subscribers: number };
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

/** A frame that came over HTTP, for a connection whose other half is an event stream. */
export interface FrameRequest {
	readonly principal: string;
	readonly client: string;
	readonly connection: string;
	readonly text: string;
}

/** Where a record stands, or, with `position_expired`, its collection. */
export interface RecordState {
	readonly epoch: string;
	/** Absent where there is no such record. */
	readonly rev?: number;
}

/** A refusal of what was asked of records. */
export interface RecordRefusal {
	readonly ok: false;
	readonly code: ErrorCode;
	readonly message: string;
	readonly state?: RecordState | RetryState | IssueState;
}

/** What a condition lists: `<epoch>:<rev>` each, or `*` for whatever is there. */
export type RecordTags = "*" | readonly string[];

/** A write of one record. */
export interface RecordWriteRequest {
	readonly principal: string;
	readonly collection: string;
	/** Default: one that the server makes. */
	readonly id?: string;
	/** `data` and `patch` (RFC 7396) are each an object, as compact JSON text. */
	readonly action:
		| { readonly kind: "put"; readonly data: string }
		| { readonly kind: "patch"; readonly patch: string }
		| { readonly kind: "delete" };
	/** Seconds from now until it expires. Default: a put never, a patch as before. */
	readonly ttl?: number;
	/** Only while one of these is there. */
	readonly ifMatch?: RecordTags;
	/** Only while none of these is there. */
	readonly ifNoneMatch?: RecordTags;
	/** Only while this lock is held, with this token. */
	readonly lock?: LockHold;
	readonly idempotency?: { readonly key: string; readonly hash: string };
	readonly refused?: Verdict;
}

/** A write that is stored. */
export interface WrittenRecord {
	readonly ok: true;
	readonly epoch: string;
	readonly id: string;
	readonly rev: number;
	/** Whether nothing was there before. */
	readonly created: boolean;
	/** The whole record as JSON text; null where it was deleted. */
	readonly record: string | null;
	/** Whether this is the answer to an earlier request with the same idempotency key. */
	readonly replayed: boolean;
}

/** A record that is there. */
export interface FoundRecord {
	readonly ok: true;
	readonly epoch: string;
	readonly rev: number;
	/** The whole record as JSON text. */
	readonly record: string;
}

/** Which records of a collection. */
export interface RecordPageRequest {
	readonly collection: string;
	/** Only ids that start so. */
	readonly prefix: string;
	/** Only ids after this one, in this life of the space's data. */
	readonly cursor?: { readonly epoch: string; readonly id: string };
	readonly limit: number;
}

/** Some records of a collection, in order of id. */
export interface RecordPage {
	readonly ok: true;
	readonly epoch: string;
	/** The collection's last revision. */
	readonly rev: number;
	/** The records as JSON texts, joined by commas. */
	readonly body: string;
	/** The id after which there are more; null when there are none. */
	readonly next: string | null;
}

/** Some collections of a space, in order of name. */
export interface CollectionList {
	readonly epoch: string;
	/** Each with its last revision. */
	readonly collections: readonly { readonly name: string; readonly rev: number }[];
}

/** What the Worker may ask of a space. */
export interface SpaceApi {
	publish(request: PublishRequest): Promise<Published | Refusal>;
	history(request: HistoryRequest): Promise<HistoryPage | Refusal>;
	channel(name: string): Promise<ChannelInfo>;
	channels(after: string, limit: number): Promise<readonly string[]>;
	members(request: MemberPageRequest): Promise<MemberPage | Refusal>;
	info(): Promise<SpaceInfo>;
	/** Hands a frame to its connection; tells when that connection does not stand, or another took over from it. */
	frame(request: FrameRequest): Promise<"taken" | "replaced" | "not_found">;
	/** Drops all messages of a channel; its head stays. */
	purge(channel: string): Promise<ChannelInfo>;
	writeRecord(request: RecordWriteRequest): Promise<WrittenRecord | RecordRefusal>;
	readRecord(key: { readonly collection: string; readonly id: string }): Promise<FoundRecord | RecordRefusal>;
	records(request: RecordPageRequest): Promise<RecordPage | RecordRefusal>;
	collections(after: string, limit: number): Promise<CollectionList>;
	/** Calls a service, or says something of a call. Never waits for its result. */
	calls(ask: CallAsk): Promise<CallAnswer>;
	/** Stores all of a transaction, or none of it. */
	transact(request: TransactionRequest): Promise<Transacted | TransactionRefusal>;
	/** Closes the sockets of whom a revocation strikes. */
	revoke(revocation: Revocation): Promise<void>;
	/** Erases some of what a principal left; asked again until all is done. */
	erase(request: EraseRequest): Promise<ErasedStep>;
	/** Drops everything and starts another epoch; every socket is closed. */
	wipe(): Promise<SpaceInfo>;
}
