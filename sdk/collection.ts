import type { LockHold } from "../protocol/locks.ts";
import { checkName } from "./check-name.ts";
import { type AerogramError, isAerogramError } from "./errors.ts";
import type { HttpOptions } from "./http/request.ts";
import { type HttpResponse, objectOf } from "./http/response.ts";
import { send } from "./http/send.ts";
import type { Live } from "./live/live.ts";
import type { MergePatch } from "./merge-patch.ts";
import type { CollectionRecord, JsonObject } from "./record.ts";
import {
	type ChangeCallback,
	type LiveOptions,
	type LiveRecords,
	LoadingWatch,
	type RecordWatch,
	type WatchOptions,
} from "./record-watch.ts";
import type { Settings } from "./settings.ts";

/** What can be said of every request of a collection. */
export interface RecordOptions {
	/** Gives up the wait; the promise then rejects with the signal's reason. A write may have been done all the same. */
	readonly signal?: AbortSignal | undefined;
}

/** How a record is written. */
export interface WriteOptions extends RecordOptions {
	/** Only while this lock is held, with this token; a `Lock` is one. Else `lock_lost`. */
	readonly lock?: LockHold | undefined;
}

/** On what condition a record is written. */
export interface ConditionOptions extends WriteOptions {
	/** Only while the record is the one with this ETag; `"*"`: only while there is one. Else `condition_failed`. */
	readonly ifMatch?: string | undefined;
}

/** How a record is created. */
export interface CreateOptions extends WriteOptions {
	/**
	 * Seconds until it expires: then it is absent at once.
	 * @default it stays
	 */
	readonly ttl?: number | undefined;
}

/** How a record is put. */
export interface PutOptions extends ConditionOptions, CreateOptions {
	/** `"*"`: only while there is no record with this id. Else `condition_failed`. */
	readonly ifNoneMatch?: "*" | undefined;
}

/** How a record is patched. */
export interface PatchOptions extends ConditionOptions {
	/**
	 * Seconds from now until it expires.
	 * @default it expires when it would have
	 */
	readonly ttl?: number | undefined;
}

/** Which records to list. */
export interface ListOptions extends RecordOptions {
	/** Only those whose id begins with this. */
	readonly prefix?: string | undefined;
	/**
	 * Records on one page.
	 * @default the server's
	 */
	readonly limit?: number | undefined;
	/** Where the page starts: `next` of the one before. */
	readonly cursor?: string | undefined;
}

/** One page of a collection. */
export interface RecordPage<Data = JsonObject> {
	readonly epoch: string;
	/** The collection's last revision when the page was read. */
	readonly rev: number;
	/** In the order of their ids. */
	readonly records: readonly CollectionRecord<Data>[];
	/** The `cursor` of the next page; null on the last. */
	readonly next: string | null;
}

/** What a collection needs of its space. */
export interface CollectionHost {
	readonly name: string;
	readonly settings: Settings;
	/** Presence, watches and calls: loaded at their first use. */
	readonly live: () => Promise<Live>;
	/** Tells the application of a failure that no promise carries. */
	readonly report: (error: AerogramError) => void;
}

/**
 * One collection: JSON documents with revisions, by id. Records that are read hold `Data`, what is written is `Written`.
 * `watch` and `live` use the connection of the space; all else goes over HTTP, whatever that is.
 *
 * Every other method rejects with an `AerogramError`: `bad_name`, `condition_failed` (its `etag` is that of the record there is),
 * the server's other refusals, and what the methods of `Http` reject with. Writes are safe to send again, and are.
 */
export class Collection<Data extends object = JsonObject, Written extends object = Data> {
	readonly name: string;
	readonly #host: CollectionHost;

	/** Throws `bad_name`. */
	constructor(host: CollectionHost, name: string) {
		this.name = checkName(name, "collection");
		this.#host = host;
	}

	/** The record with this id; undefined where there is none, or none any more. */
	async get(id: string, options: RecordOptions = {}): Promise<CollectionRecord<Data> | undefined> {
		try {
			return this.#read(await this.#send("GET", id, options));
		} catch (thrown) {
			return orAbsent(thrown, undefined);
		}
	}

	/** Writes a whole record, whether or not there is one with this id. */
	async put(id: string, data: Written, options: PutOptions = {}): Promise<CollectionRecord<Data>> {
		return this.#read(await this.#send("PUT", id, options, { json: data }));
	}

	/** Creates a record with an id of the server's making. */
	async create(data: Written, options: CreateOptions = {}): Promise<CollectionRecord<Data>> {
		return this.#read(await this.#send("POST", undefined, options, { json: data }));
	}

	/** Changes members of a record. Rejects with `not_found` where there is none. */
	async patch(id: string, patch: MergePatch<Written>, options: PatchOptions = {}): Promise<CollectionRecord<Data>> {
		const type = { "content-type": "application/merge-patch+json" };
		return this.#read(await this.#send("PATCH", id, options, { json: patch, headers: type }));
	}

	/** Deletes a record. Says whether there was one. */
	async delete(id: string, options: ConditionOptions = {}): Promise<boolean> {
		try {
			await this.#send("DELETE", id, options);
			return true;
		} catch (thrown) {
			return orAbsent(thrown, false);
		}
	}

	/** Reads one page of the records, in the order of their ids. */
	async list(options: ListOptions = {}): Promise<RecordPage<Data>> {
		const { prefix, limit, cursor, signal } = options;
		const page = objectOf<RecordPage<Data>>(
			await this.#send("GET", undefined, { signal }, { query: { prefix, limit, cursor } }),
		);
		return { ...page, records: page.records.map((record) => ({ ...record, etag: `"${page.epoch}:${record.rev}"` })) };
	}

	/** Iterates the records, page after page (`limit` is the size of one), in the order of their ids. */
	async *records(options: ListOptions = {}): AsyncGenerator<CollectionRecord<Data>, void, undefined> {
		let cursor: string | null | undefined = options.cursor;
		do {
			const page: RecordPage<Data> = await this.list({ ...options, cursor });
			yield* page.records;
			cursor = page.next;
		} while (cursor !== null);
	}

	/** Calls back for each change, one at a time, in order. A callback that throws is reported as the space's `error` event. */
	watch(callback: ChangeCallback<Data>, options?: WatchOptions): RecordWatch<Data>;
	/** Watches at once, for iterating: `for await (const change of collection.watch()) …`. */
	watch(options?: WatchOptions): RecordWatch<Data>;
	watch(first?: ChangeCallback<Data> | WatchOptions, second?: WatchOptions): RecordWatch<Data> {
		const { live, report } = this.#host;
		return new LoadingWatch(
			live().then(({ watches }) => watches.watch<Data>(this.name, first, second)),
			// An iteration throws it.
			typeof first === "function" ? report : () => {},
		);
	}

	/**
	 * Keeps a copy of the records, or of some of them, that follows what happens to them. Resolves before they have come: its
	 * `ready` says when all of them have. Rejects with `network` where the part of the SDK that does it cannot be loaded.
	 */
	async live(options: LiveOptions = {}): Promise<LiveRecords<Data>> {
		return (await this.#host.live()).watches.copy(this.name, options);
	}

	#send(method: string, id: string | undefined, options: PutOptions, request: HttpOptions = {}): Promise<HttpResponse> {
		const { ifMatch, ifNoneMatch, lock, ttl, signal } = options;
		const path = id === undefined ? "" : `/${checkName(id, "record")}`;
		const { settings, name } = this.#host;
		return send(settings, method, settings.httpUrl(name, `collections/${this.name}${path}`), {
			...request,
			query: { ...request.query, ttl },
			headers: {
				...request.headers,
				"if-match": ifMatch,
				"if-none-match": ifNoneMatch,
				"if-lock": lock && `${lock.name} ${lock.token}`,
			},
			signal,
		});
	}

	#read(response: HttpResponse): CollectionRecord<Data> {
		return { ...objectOf<CollectionRecord<Data>>(response), etag: response.etag ?? "" };
	}
}

/** What stands for a record that is not there; every other failure is thrown. */
function orAbsent<Value>(thrown: unknown, absent: Value): Value {
	if (isAerogramError(thrown) && thrown.code === "not_found") return absent;
	throw thrown;
}
