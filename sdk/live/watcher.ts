import type { RecordChange, RecordNews, WatchReset } from "../../protocol/watch.ts";
import { AerogramError } from "../errors.ts";
import type { CollectionChange, WatchOptions, WatchPosition } from "../record-watch.ts";
import type { WatchItem, WatchSink } from "./watch-item.ts";
import { comparePlaces } from "./watch-position.ts";

/** What a watcher tells whoever watches for it and others at the server. */
export interface WatcherHost {
	/** The application has taken something of this weight. */
	consumed(weight: number): void;
	/** It ends. */
	left(watcher: Watcher): void;
}

/**
 * One local watch: where it is, and what news mean for it. It goes on from what the application has taken, not from what
 * came, so that what waits here is at most what the server sends ahead of credit.
 */
export class Watcher {
	/** How the server is to start for it; undefined once it has a place. */
	wanted: "snapshot" | "live" | undefined;
	/** It misses something, or is not served by the watch that stands. */
	behind = true;
	readonly ready: Promise<void>;
	readonly #host: WatcherHost;
	readonly #sink: WatchSink;
	readonly #signal: AbortSignal | undefined;
	#stood!: () => void;
	#neverStood!: (reason: unknown) => void;
	#received: WatchPosition | undefined;
	#resume: WatchPosition | undefined;
	/** Gaps that were handed on and not taken: what is taken before them no longer says where to go on. */
	#gaps = 0;
	#ended = false;

	constructor(host: WatcherHost, sink: WatchSink, { from = "snapshot", signal }: WatchOptions) {
		this.#host = host;
		this.#sink = sink;
		this.#signal = signal;
		if (typeof from === "string") this.wanted = from;
		else this.#received = this.#resume = from;
		// Promise.withResolvers came with Node 22.
		this.ready = new Promise((resolve, reject) => {
			this.#stood = resolve;
			this.#neverStood = reject;
		});
		// Who does not look at `ready` learns of a failure otherwise.
		this.ready.catch(() => {});
		signal?.addEventListener("abort", this.abort);
	}

	/** Everything up to here has come. */
	get received(): WatchPosition | undefined {
		return this.#received;
	}

	/** Where it is to go on, and what it may be credited for: what the application has taken. */
	get resume(): WatchPosition | undefined {
		return this.#resume;
	}

	/** Whether the snapshot of this revision is on its way to it. */
	isInSnapshot(rev?: number): boolean {
		return this.#received?.id !== undefined && (rev === undefined || this.#received.rev === rev);
	}

	/** A watch stands, from this place on. */
	stands(start: WatchPosition): void {
		if (this.wanted === "live") this.#place(start);
		const received = this.#received;
		if (this.wanted || !received) return;
		const served = received.id === undefined || (start.id !== undefined && start.rev === received.rev);
		this.behind = received.epoch !== start.epoch || comparePlaces(start, received) > 0 || !served;
		if (!this.behind) this.#stood();
	}

	/** A snapshot begins, where it was to, or because it could not go on where it was. */
	begin(start: WatchPosition, reason: WatchReset | undefined): void {
		const from = this.#received ?? null;
		this.#place(start);
		if (!from || !reason) return;
		this.#gaps += 1;
		this.#sink.take({ kind: "gap", gap: { reason, from, to: start }, place: start });
	}

	/** Takes news of the watch that stands. */
	accept(news: RecordNews, weight: number): void {
		const received = this.#received;
		if (this.wanted || this.behind || !received) return;
		if (news.snapshot) {
			if (news.to === received.rev && received.id !== undefined) this.#acceptPart(news, received, weight);
		} else if (received.id !== undefined || news.after > received.rev) {
			this.behind = true;
		} else if (news.to > received.rev) {
			this.#acceptChanges(news, received, weight);
		}
	}

	/** The application has taken an item. */
	took(item: WatchItem): void {
		if (item.kind === "gap") this.#gaps -= 1;
		if (this.#gaps === 0) this.#resume = item.place;
		if (!this.#ended) this.#host.consumed(item.kind === "change" ? item.weight : 0);
	}

	/** Ends it. */
	close(): void {
		this.#end(undefined);
	}

	/** Ends it with an error. */
	fail(error: AerogramError): void {
		this.#end({ reason: error });
	}

	/** Ends it with the reason of its signal. A field, because it is a listener that is taken away again. */
	readonly abort = (): void => this.#end({ reason: this.#signal?.reason });

	#place(start: WatchPosition): void {
		this.wanted = undefined;
		this.#received = this.#resume = start;
	}

	#acceptPart(
		{ entries, to, next }: Extract<RecordNews, { snapshot: true }>,
		{ epoch, id = "" }: WatchPosition,
		weight: number,
	): void {
		const fresh = entries.filter((entry) => entry.id > id);
		this.#received = { epoch, rev: to, ...(next !== undefined && { id: next }) };
		for (const entry of fresh) this.#change(entry, { epoch, rev: to, id: entry.id }, weight, true);
		if (next === undefined) this.#sink.take({ kind: "whole", place: { epoch, rev: to } });
	}

	#acceptChanges(
		{ entries, to }: Extract<RecordNews, { snapshot: false }>,
		{ epoch, rev }: WatchPosition,
		weight: number,
	): void {
		const fresh = entries.filter((entry) => entry.rev > rev);
		const end = { epoch, rev: to };
		this.#received = end;
		for (const [index, entry] of fresh.entries()) {
			this.#change(entry, index === fresh.length - 1 ? end : { epoch, rev: entry.rev }, weight, false);
		}
		if (fresh.length === 0) this.#sink.take({ kind: "passed", place: end });
	}

	#change(entry: RecordChange, place: WatchPosition, weight: number, snapshot: boolean): void {
		this.#sink.take({ kind: "change", change: readChange(entry, place.epoch, snapshot), place, weight });
	}

	#end(failure: { readonly reason: unknown } | undefined): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#signal?.removeEventListener("abort", this.abort);
		this.#neverStood(failure ? failure.reason : new AerogramError("closed", "The watch ended before it stood."));
		this.#host.left(this);
		this.#sink.ended(failure);
	}
}

function readChange({ tx, ...entry }: RecordChange, epoch: string, snapshot: boolean): CollectionChange {
	const { id, rev, data } = entry;
	const facts = { id, rev, snapshot, ...(tx !== undefined && { tx }) };
	if (data === undefined) return { type: "delete", ...facts };
	const record = { ...entry, data: data as { readonly [key: string]: never }, etag: `"${epoch}:${rev}"` };
	return { type: "put", ...facts, record };
}
