import type { Json } from "../../protocol/envelopes.ts";
import type { LockHold } from "../../protocol/locks.ts";
import { formatPosition, isSeq, type Position } from "../../protocol/position.ts";
import { checkName } from "../check-name.ts";
import { AerogramError } from "../errors.ts";
import type { MergePatch } from "../merge-patch.ts";
import type { Settings } from "../settings.ts";
import { writeJson } from "../snapshot.ts";
import { sendRequest } from "./attempts.ts";
import { objectOf } from "./response.ts";

/** What can be said of every write of a transaction. */
export interface ItemOptions {
	/** Only while this lock is held, with this token; a `Lock` is one. Else `lock_lost`. */
	readonly lock?: LockHold | undefined;
}

/** What can be said of a publish in a transaction. */
export interface TransactionPublishOptions extends ItemOptions {
	/** What kind of message it is, in a word of the application: a name as channels have. */
	readonly name?: string | undefined;
	/** What the message is about, on a keyed channel. */
	readonly key?: string | undefined;
	/** The id the message carries. */
	readonly id?: string | undefined;
	/**
	 * Only while this is the channel's head, what the transaction published before counted in: a seq (0: it is empty), or a
	 * position. Else `condition_failed`.
	 */
	readonly ifHead?: number | Position | undefined;
}

/** On what condition a record is deleted in a transaction. */
export interface TransactionDeleteOptions extends ItemOptions {
	/** Only while the record is the one with this ETag; `"*"`: only while there is one. Else `condition_failed`. */
	readonly ifMatch?: string | undefined;
}

/** How a record is patched in a transaction. */
export interface TransactionPatchOptions extends TransactionDeleteOptions {
	/** Seconds from now until it expires. */
	readonly ttl?: number | undefined;
}

/** How a record is put in a transaction. */
export interface TransactionPutOptions extends TransactionPatchOptions {
	/** `"*"`: only while there is no record with this id. Else `condition_failed`. */
	readonly ifNoneMatch?: "*" | undefined;
}

/** What a transaction is made of: each call adds a write to it. */
export interface Transaction {
	/** Publishes a message. */
	publish(channel: string, data: unknown, options?: TransactionPublishOptions): void;
	/** Writes a whole record. */
	put(collection: string, id: string, data: object, options?: TransactionPutOptions): void;
	/** Changes members of a record. */
	patch<Data extends object>(
		collection: string,
		id: string,
		patch: MergePatch<Data>,
		options?: TransactionPatchOptions,
	): void;
	/** Deletes a record, which must be there. */
	delete(collection: string, id: string, options?: TransactionDeleteOptions): void;
}

/** Where one write of a transaction is stored. */
export type TransactionResult =
	| { readonly channel: string; readonly seq: number; readonly position: string }
	| {
			readonly collection: string;
			readonly id: string;
			readonly rev: number;
			/** Whether nothing was there before. */
			readonly created: boolean;
			/** Names this revision of the record, for `ifMatch`. */
			readonly etag: string;
	  };

/** A transaction that is stored. */
export interface Transacted {
	readonly epoch: string;
	/** Its id: the messages and changes that are parts of it say it. */
	readonly tx: string;
	/** One for each write, in their order. */
	readonly results: readonly TransactionResult[];
}

/** How to send a transaction. */
export interface TransactionOptions {
	/** Gives up the wait; the promise then rejects with the signal's reason. It may be stored all the same. */
	readonly signal?: AbortSignal | undefined;
}

type Fields = { readonly [key: string]: Json | undefined };

/**
 * Sends what `build` adds to a transaction. Rejects as the methods of `Http` do; `item` of the error says which call was refused.
 */
export async function sendTransaction(
	settings: Settings,
	space: string,
	build: (tx: Transaction) => void,
	signal: AbortSignal | undefined,
): Promise<Transacted> {
	// As text: what was given may change afterwards.
	const calls: (string | undefined)[][] = [];
	const add =
		(...before: readonly unknown[]) =>
		(...args: readonly unknown[]) =>
			void calls.push([...before, ...args].map((one) => (one === undefined ? one : writeJson(one))));
	const tx: Transaction = { publish: add("publish"), put: add("put"), patch: add("patch"), delete: add("delete") };
	const built: unknown = build(tx);
	if (built instanceof Promise) {
		throw new AerogramError("bad_request", "The function of a transaction may not be asynchronous: read before it.");
	}
	const items = calls.map((call, item) =>
		itemOf(
			call.map((text) => text && (JSON.parse(text) as Json)),
			item,
		),
	);
	const outgoing = {
		method: "POST",
		path: settings.httpUrl(space, "transactions"),
		options: { signal },
		text: writeJson({ items }),
	};
	const { epoch, tx: id, results } = objectOf<Transacted>(await sendRequest(settings, outgoing));
	return {
		epoch,
		tx: id,
		results: results.map((one) => ("rev" in one ? { ...one, etag: `"${epoch}:${one.rev}"` } : one)),
	};
}

const noData = new AerogramError("not_json", "There is no data; null is a value, undefined is not.");

/** A call as an item of the request. */
function itemOf([op = "", ...args]: readonly (Json | undefined)[], item: number): Fields {
	try {
		if (op === "publish") {
			const [channel, data, options = {}] = args as [string, Json?, TransactionPublishOptions?];
			const { name, key, id, ifHead, lock } = options;
			if (data === undefined) throw noData;
			return { op, channel: checkName(channel, "channel"), data, name, key, id, if: conditionOf(headOf(ifHead), lock) };
		}
		const [collection, id, ...rest] = args as [string, string, ...(Json | undefined)[]];
		const data = op === "delete" ? undefined : rest.shift();
		if (data === undefined && op !== "delete") throw noData;
		const { ifMatch, ifNoneMatch, ttl, lock } = (rest[0] ?? {}) as TransactionPutOptions;
		const place = { collection: checkName(collection, "collection"), id: checkName(id, "record") };
		const said = { etag: ifMatch, absent: ifNoneMatch === "*" ? true : undefined };
		return { op, ...place, data, ttl, if: conditionOf(said, lock) };
	} catch (thrown) {
		const { code, message } = thrown as AerogramError;
		throw new AerogramError(code, message, { cause: thrown, item });
	}
}

function headOf(head: number | Position | undefined): Fields {
	return isSeq(head) || head === undefined ? { seq: head } : { head: formatPosition(head as Position) };
}

function conditionOf(said: Fields, lock: LockHold | undefined): Json | undefined {
	const all: Fields = { ...said, ...(lock && { lock: lock.name, token: lock.token }) };
	return Object.values(all).some((member) => member !== undefined) ? (all as Json) : undefined;
}
