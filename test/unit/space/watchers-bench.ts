import type { ErrorCode } from "../../../protocol/errors.ts";
import type { RecordSelector } from "../../../protocol/watch.ts";
import type { RecordWrite } from "../../../worker/space/parts/collections/stage.ts";
import type { WatchPlace } from "../../../worker/space/parts/watchers/watch.ts";
import { Watchers } from "../../../worker/space/parts/watchers/watchers.ts";
import type { Receiver } from "../../../worker/space/ports.ts";
import { changedRecords, watchedCollections } from "../../../worker/space/watched-collections.ts";
import { RecordCopy, recordNewsOf } from "../../helpers/record-copy.ts";
import { CollectionsBench } from "./collections-bench.ts";

/** How long a receiver may stay behind, in milliseconds. */
export const slow = 1_000;

/** Watchers over collections with SQLite in memory; a write tells them, as `Records.apply` does. */
export class WatchersBench {
	readonly store = new CollectionsBench();
	watchers: Watchers = this.#make();

	/** Nothing is in memory, as after sleep; `readers` were there before. */
	wake(...readers: readonly CopyReader[]): void {
		this.store.wake();
		this.watchers = this.#make();
		for (const reader of readers) {
			this.watchers.resume(reader, this.store.collections.ensure(reader.selector.collection), reader.selector);
		}
	}

	/** Writes in one transaction. */
	write(...writes: readonly RecordWrite[]): void {
		const stage = this.store.collections.stage();
		this.store.sql.transact(() => {
			for (const write of writes) stage.write(write);
		});
		stage.apply();
		for (const changed of changedRecords(stage.changes, this.store.collections)) this.watchers.changed(changed);
	}

	put(id: string, data: unknown = {}): void {
		this.write({ collection: "carts", id, action: { kind: "put", data: JSON.stringify(data) } });
	}

	delete(id: string): void {
		this.write({ collection: "carts", id, action: { kind: "delete" } });
	}

	/** Watches as a client does: a snapshot, unless the reader has a place. */
	watch(reader: CopyReader): void {
		const collection = this.store.collections.ensure(reader.selector.collection);
		const resumed = reader.copy.place && reader.copy.place.rev >= collection.floor;
		if (!resumed) reader.copy.restart(collection.head);
		reader.behind = false;
		this.watchers.watch(reader, collection, reader.selector, reader.copy.place as WatchPlace);
	}

	/** Gives credit for all that a reader has got. */
	credit(reader: CopyReader): void {
		this.watchers.credit(reader, reader.selector, reader.copy.place as WatchPlace);
	}

	/** Credit and, where a reader saw that it misses something, another watch, until nothing more comes. */
	settle(reader: CopyReader): void {
		for (let before = -1; before !== reader.envelopes.length; ) {
			before = reader.envelopes.length;
			if (reader.behind) this.watch(reader);
			this.credit(reader);
		}
	}

	/** What is there, as a reader of the selector must have it in the end. */
	content({ id, prefix }: Partial<RecordSelector>): RecordCopy["content"] {
		const most = { count: 1_000_000, size: 1_000_000_000 };
		const range = { ...(id !== undefined && { id }), ...(prefix !== undefined && { prefix }) };
		const { records } = this.store.collections.page("carts", range, most);
		return records.map((record) => [record.id, record.rev, JSON.parse(record.data)]);
	}

	#make(): Watchers {
		return new Watchers(watchedCollections(this.store.collections), () => this.store.now, slow);
	}
}

/** A receiver that keeps a copy of what it watches. */
export class CopyReader implements Receiver {
	readonly selector: RecordSelector;
	readonly copy = new RecordCopy();
	readonly envelopes: string[] = [];
	behind = false;
	closed: ErrorCode | undefined;

	constructor(span: Omit<RecordSelector, "collection"> = {}) {
		this.selector = { collection: "carts", ...span };
	}

	write(envelope: string): void {
		this.envelopes.push(envelope);
		for (const news of recordNewsOf(envelope)) if (!this.copy.take(news)) this.behind = true;
	}

	close(code: ErrorCode): void {
		this.closed = code;
	}
}
