/** What the Worker may ask of a space about transactions; `../api.ts` has the rest. */
import type { Draft } from "../../../protocol/envelopes.ts";
import type { ErrorCode } from "../../../protocol/errors.ts";
import type { LockHold } from "../../../protocol/locks.ts";

/** One write of a transaction. */
export type TransactionItem =
	| {
			readonly op: "publish";
			readonly channel: string;
			/** Not ephemeral: a transaction stores. */
			readonly draft: Draft;
			/** Only while the head is this seq, what items before it published counted in. */
			readonly ifSeq?: number;
			/** The epoch that `ifSeq` belongs to, where it was given. */
			readonly ifEpoch?: string;
			readonly lock?: LockHold;
	  }
	| {
			readonly op: "write";
			readonly collection: string;
			readonly id: string;
			/** `data` and `patch` (RFC 7396) are each an object, as compact JSON text. */
			readonly action:
				| { readonly kind: "put"; readonly data: string }
				| { readonly kind: "patch"; readonly patch: string }
				| { readonly kind: "delete" };
			/** Seconds from now until it expires. Default: a put never, a patch as before. */
			readonly ttl?: number;
			/** Only while the record is at this revision. */
			readonly ifRev?: number;
			/** Only while one of these, `<epoch>:<rev>` each, is there; `*`: while anything is. */
			readonly ifMatch?: "*" | readonly string[];
			readonly ifNoneMatch?: "*" | readonly string[];
			readonly lock?: LockHold;
	  };

/** Publishes and writes of records, all of which are stored, or none. */
export interface TransactionRequest {
	readonly principal: string;
	readonly items: readonly TransactionItem[];
	readonly idempotency?: { readonly key: string; readonly hash: string };
	/** Why its principal may not write one of the items. It is answered so unless this request was stored already. */
	readonly refused?: { readonly code: ErrorCode; readonly message: string; readonly item: number };
}

/** Where one item is stored. */
export type TransactionResult =
	| { readonly channel: string; readonly seq: number }
	| {
			readonly collection: string;
			readonly id: string;
			readonly rev: number;
			/** Whether nothing was there before. */
			readonly created: boolean;
	  };

/** All of a transaction is stored. */
export interface Transacted {
	readonly ok: true;
	readonly epoch: string;
	/** Its id, which every part of it carries. */
	readonly tx: string;
	/** One for each item, in their order. */
	readonly results: readonly TransactionResult[];
	/** Whether this is the answer to an earlier request with the same idempotency key. */
	readonly replayed: boolean;
}

/** Nothing of a transaction is stored. */
export interface TransactionRefusal {
	readonly ok: false;
	readonly code: ErrorCode;
	readonly message: string;
	/** Which item was refused, counted from 0: the first. Absent where it is none of them. */
	readonly item?: number;
	/** With `condition_failed`: where the channel or the record stands. With `rate_limited`: when to come back. With `contract_violated`: what is wrong in the data. */
	readonly state?:
		| { readonly epoch: string; readonly floor: number; readonly head: number }
		| { readonly epoch: string; readonly rev?: number }
		| { readonly retryAfter: number }
		| { readonly path: string };
}
