import type { WatchReset } from "../protocol/watch.ts";
import type { AerogramError } from "./errors.ts";
import type { CollectionRecord, JsonObject } from "./record.ts";

/**
 * A place in a watch: everything up to the revision `rev` of the collection, or, with `id`, of a snapshot at that revision
 * everything up to that record.
 */
export interface WatchPosition {
	readonly epoch: string;
	readonly rev: number;
	readonly id?: string;
}

/** What became of one record. */
export type CollectionChange<Data = JsonObject> =
	| {
			readonly type: "put";
			readonly id: string;
			readonly rev: number;
			/** The record as it now is. */
			readonly record: CollectionRecord<Data>;
			/** It did not happen just now: it is how things stand. */
			readonly snapshot: boolean;
			/** The parts of one transaction have the same. */
			readonly tx?: string;
	  }
	/** It was deleted, or has expired. */
	| {
			readonly type: "delete";
			readonly id: string;
			readonly rev: number;
			readonly snapshot: boolean;
			readonly tx?: string;
	  };

/** A watch could not go on where it was. A snapshot follows, and replaces everything that was known. */
export interface WatchGap {
	/**
	 * `epoch`: the space was wiped; `retention`: the collection no longer remembers what was deleted since; `ahead`: it never
	 * reached that revision.
	 */
	readonly reason: WatchReset;
	/** The last position the watch had. */
	readonly from: WatchPosition | null;
	/** Where the snapshot begins. */
	readonly to: WatchPosition;
}

/** Which records: one, those whose id begins so, or, with neither, all. */
export interface WatchedRecords {
	readonly id?: string | undefined;
	readonly prefix?: string | undefined;
}

/** How to watch. */
export interface WatchOptions extends WatchedRecords {
	/**
	 * Where it starts: with every record as it is now (each a `put` with `snapshot`), with what changes from now on, or right
	 * after a position.
	 * @default "snapshot"
	 */
	readonly from?: "snapshot" | "live" | WatchPosition | undefined;
	/** Ends the watch; an iteration then throws the signal's reason. */
	readonly signal?: AbortSignal | undefined;
	/** Called, in its place among the changes, when a snapshot replaces what was known. */
	readonly onGap?: ((gap: WatchGap) => void) | undefined;
}

/** Gets one change. When it returns a promise, the next change waits for it. */
export type ChangeCallback<Data = JsonObject> = (change: CollectionChange<Data>) => unknown;

/**
 * A running watch. Iterate it, unless it has a callback: first how things stand, then every change in order of revision, each
 * once, across reconnects. Of a record that changed several times while you were away or behind, only the last change comes.
 */
export interface RecordWatch<Data = JsonObject> extends AsyncIterable<CollectionChange<Data>> {
	/**
	 * How far the application is: the change last yielded by the iterator, or the last whose callback has returned (or
	 * resolved). Store it with what the changes led to, and pass it as `from` to go on right after it.
	 */
	readonly position: WatchPosition | undefined;
	/** Resolves when the watch stands for the first time; rejects when it never will. */
	readonly ready: Promise<void>;
	/** Ends it: no callback is called any more, and an iteration ends. */
	close(): void;
}

/** How to keep a copy. */
export interface LiveOptions extends WatchedRecords {
	/** Ends it, as `close` does. */
	readonly signal?: AbortSignal | undefined;
}

/** The events of a local copy. */
export interface LiveRecordsEvents<Data = JsonObject> {
	/** A record came, changed or went; `records` says so already. */
	change: CollectionChange<Data>;
	/** It ended, and not by `close()`: `records` is no longer kept up to date. */
	error: AerogramError;
}

/** A copy of the records of a collection that follows what happens to them. */
export interface LiveRecords<Data = JsonObject> {
	/** By id. Always as the collection was at some revision once `ready`; while there is no connection, as it was last seen. */
	readonly records: ReadonlyMap<string, CollectionRecord<Data>>;
	/** Resolves when `records` holds all there are; rejects when it never will. */
	readonly ready: Promise<void>;
	/** The revision that `records` is at; undefined before `ready`. */
	readonly position: WatchPosition | undefined;
	/** Calls `listener` at each event of that name. Returns a function that ends that. */
	on<Name extends keyof LiveRecordsEvents<Data>>(
		name: Name,
		listener: (event: LiveRecordsEvents<Data>[Name]) => void,
	): () => void;
	/** Ends it. `records` stays as it is. */
	close(): void;
}

/** A watch that is on its way: what makes it is loaded at first use. */
export class LoadingWatch<Data> implements RecordWatch<Data> {
	readonly ready: Promise<void>;
	readonly #watch: Promise<RecordWatch<Data>>;
	#loaded: RecordWatch<Data> | undefined;

	/** `failed` is told where it cannot be made. */
	constructor(watch: Promise<RecordWatch<Data>>, failed: (error: AerogramError) => void) {
		this.#watch = watch;
		this.ready = watch.then((loaded) => {
			this.#loaded = loaded;
			return loaded.ready;
		});
		this.ready.catch(() => {});
		watch.catch(failed);
	}

	get position(): WatchPosition | undefined {
		return this.#loaded?.position;
	}

	close(): void {
		this.#watch.then(
			(watch) => watch.close(),
			() => {},
		);
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<CollectionChange<Data>, void, undefined> {
		yield* await this.#watch;
	}
}
