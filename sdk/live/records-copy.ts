import { Emitter } from "../emitter.ts";
import { AerogramError, isAerogramError } from "../errors.ts";
import type { CollectionRecord } from "../record.ts";
import type { CollectionChange, LiveRecords, LiveRecordsEvents, WatchPosition } from "../record-watch.ts";
import type { WatchItem, WatchSink } from "./watch-item.ts";
import type { Watcher } from "./watcher.ts";

/** A copy of what is watched. It takes everything at once; a snapshot takes out what it does not hold when it is whole. */
export class RecordsCopy implements LiveRecords, WatchSink {
	readonly records = new Map<string, CollectionRecord>();
	readonly ready: Promise<void>;
	readonly #watcher: Watcher;
	readonly #emitter = new Emitter<LiveRecordsEvents>((thrown) =>
		console.error("A listener of a live collection threw.", thrown),
	);
	#whole!: () => void;
	#neverWhole!: (reason: unknown) => void;
	/** Ids that the snapshot which is coming has not told yet; undefined while none is coming. */
	#unseen: Set<string> | undefined = new Set();
	#position: WatchPosition | undefined;

	/** `join` makes the watcher that feeds it. */
	constructor(join: (sink: WatchSink) => Watcher) {
		this.ready = new Promise((resolve, reject) => {
			this.#whole = resolve;
			this.#neverWhole = reject;
		});
		// Who does not look at it is told of a failure by the error event.
		this.ready.catch(() => {});
		this.#watcher = join(this);
	}

	get position(): WatchPosition | undefined {
		return this.#position;
	}

	on<Name extends keyof LiveRecordsEvents>(name: Name, listener: (event: LiveRecordsEvents[Name]) => void): () => void {
		return this.#emitter.on(name, listener);
	}

	close(): void {
		this.#watcher.close();
	}

	take(item: WatchItem): void {
		this.#watcher.took(item);
		switch (item.kind) {
			case "change":
				this.#change(item.change);
				break;
			case "gap":
				this.#unseen = new Set(this.records.keys());
				break;
			case "whole":
				for (const id of this.#unseen ?? []) {
					this.#change({ type: "delete", id, rev: item.place.rev, snapshot: true });
				}
				this.#unseen = undefined;
				this.#whole();
		}
		if (!this.#unseen) this.#position = item.place;
	}

	ended(failure: { readonly reason: unknown } | undefined): void {
		this.#neverWhole(
			failure ? failure.reason : new AerogramError("closed", "The copy was closed before it was whole."),
		);
		if (isAerogramError(failure?.reason)) this.#emitter.emit("error", failure.reason);
	}

	#change(change: CollectionChange): void {
		this.#unseen?.delete(change.id);
		if (change.type === "put") this.records.set(change.id, change.record);
		else if (!this.records.delete(change.id)) return;
		this.#emitter.emit("change", change);
	}
}
