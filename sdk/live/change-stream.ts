import { AerogramError, isAerogramError } from "../errors.ts";
import type { ChangeCallback, CollectionChange, RecordWatch, WatchGap, WatchPosition } from "../record-watch.ts";
import type { WatchItem, WatchSink } from "./watch-item.ts";
import type { Watcher } from "./watcher.ts";

type ChangeItem = Extract<WatchItem, { kind: "change" }>;

/** How an application gets its changes. */
export interface ChangeStreamOptions {
	readonly callback: ChangeCallback | undefined;
	readonly onGap: ((gap: WatchGap) => void) | undefined;
	/** A failure that no promise carries. */
	readonly report: (error: AerogramError) => void;
}

/** The application's side of a watch: what has come waits here until it is iterated, or its callback is free. */
export class ChangeStream implements RecordWatch, WatchSink {
	readonly #options: ChangeStreamOptions;
	readonly #watcher: Watcher;
	#queue: WatchItem[] = [];
	#position: WatchPosition | undefined;
	/** A callback has a change and has not returned: the position stays before it. */
	#busy = false;
	#ended = false;
	#failure: { readonly reason: unknown } | undefined;
	#wake: () => void = () => {};

	/** `join` makes the watcher that feeds it. */
	constructor(join: (sink: WatchSink) => Watcher, options: ChangeStreamOptions) {
		this.#options = options;
		this.#watcher = join(this);
		this.#position = this.#watcher.resume;
		if (options.callback) void this.#call(options.callback);
	}

	get ready(): Promise<void> {
		return this.#watcher.ready;
	}

	get position(): WatchPosition | undefined {
		return this.#position ?? this.#watcher.resume;
	}

	close(): void {
		this.#watcher.close();
	}

	take(item: WatchItem): void {
		if (this.#ended) return;
		this.#queue.push(item);
		this.#skim();
		this.#wake();
	}

	ended(failure: { readonly reason: unknown } | undefined): void {
		this.#ended = true;
		this.#failure = failure;
		this.#queue = [];
		// Whoever aborted it knows.
		if (this.#options.callback && isAerogramError(failure?.reason)) this.#options.report(failure.reason);
		this.#wake();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<CollectionChange, void, undefined> {
		if (this.#options.callback) {
			throw new AerogramError("bad_request", "This watch has a callback. Iterate one that was made without.");
		}
		try {
			for (let item = await this.#next(); item; item = await this.#next()) {
				this.#took(item);
				yield item.change;
			}
		} finally {
			this.close();
		}
		const failure = this.#failure;
		this.#failure = undefined;
		if (failure) throw failure.reason;
	}

	/** Never rejects: what a callback throws is reported, and the next change comes. */
	async #call(callback: ChangeCallback): Promise<void> {
		for (let item = await this.#next(); item; item = await this.#next()) {
			this.#busy = true;
			try {
				await callback(item.change);
			} catch (thrown) {
				this.#threw(thrown);
			}
			this.#busy = false;
			if (!this.#ended) this.#took(item);
		}
	}

	/** The next change; gaps before it are told. Undefined when it has ended. */
	async #next(): Promise<ChangeItem | undefined> {
		while (!this.#ended) {
			const item = this.#queue.shift();
			if (item?.kind === "change") return item;
			if (item?.kind === "gap") this.#tell(item.gap);
			if (item) this.#took(item);
			else {
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
			}
		}
		return undefined;
	}

	#took(item: WatchItem): void {
		this.#position = item.place;
		this.#watcher.took(item);
		this.#skim();
	}

	/** Steps over what only moves the position on. */
	#skim(): void {
		if (this.#busy) return;
		for (let first = this.#queue[0]; first?.kind === "whole" || first?.kind === "passed"; first = this.#queue[0]) {
			this.#queue.shift();
			this.#position = first.place;
			this.#watcher.took(first);
		}
	}

	#tell(gap: WatchGap): void {
		try {
			this.#options.onGap?.(gap);
		} catch (thrown) {
			this.#threw(thrown);
		}
	}

	#threw(cause: unknown): void {
		this.#options.report(new AerogramError("callback_failed", "A callback of a watch threw.", { cause }));
	}
}
