import { byteLength } from "../../../../protocol/codec/json.ts";
import { recordSeparator } from "../../../../protocol/codec/record-text.ts";
import { encodeRecordChanges, encodeRecordSnapshot } from "../../../../protocol/codec/serving-watch.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { RecordSelector } from "../../../../protocol/watch.ts";
import type { ChangedRecords, Clock, CollectionRef, KeptWatch, Receiver } from "../../ports.ts";
import { Window } from "../../window.ts";
import { Watch, type WatchPlace } from "./watch.ts";

/** What the watchers read of collections. Texts of records are joined by `,\n`; `size` is in bytes. */
export interface WatchedCollections {
	/** The last revision of a collection. */
	head(collection: string): number;
	/** The records of a selector as of a revision, after an id. `next`: the id after which there are more. */
	page(
		selector: RecordSelector,
		place: Required<WatchPlace>,
		size: number,
	): { readonly body: string; readonly next?: string };
	/** What happened to a selector's records in (after, to]. Undefined where that can no longer be told. */
	changes(
		selector: RecordSelector,
		after: number,
		size: number,
	): { readonly body: string; readonly to: number } | undefined;
}

interface Watching {
	readonly window: Window;
	/** By selector. */
	readonly all: Map<string, Watch>;
}

/** What an envelope takes beside what is in the pages of a frame: the answer before it, brackets, other short ones. */
const aroundPages = 1_024;

/**
 * The part that tells changes of records to those who watch them: a snapshot page by page, then what changed since, then
 * changes as they are stored. Being behind is not a state to be kept, but a difference between two revisions: what a
 * receiver has no credit for waits in the collection, and of each record only its last change.
 */
export class Watchers {
	readonly #collections: WatchedCollections;
	readonly #now: Clock;
	/** How long a receiver may stay behind without giving any credit, in milliseconds. */
	readonly #slow: number;
	readonly #byCollection = new Map<number, Set<Watch>>();
	readonly #byReceiver = new Map<Receiver, Watching>();

	constructor(collections: WatchedCollections, now: Clock, slow: number) {
		this.#collections = collections;
		this.#now = now;
		this.#slow = slow;
	}

	/** What a receiver watches. */
	watchesOf(receiver: Receiver): readonly KeptWatch[] {
		const all = this.#byReceiver.get(receiver)?.all.values() ?? [];
		return [...all].map(({ collection: { number }, selector: { id, prefix } }) => ({
			collection: number,
			...(id !== undefined && { id }),
			...(prefix !== undefined && { prefix }),
		}));
	}

	/** Watches of records of a collection, by its number. */
	count(collection: number): number {
		return this.#byCollection.get(collection)?.size ?? 0;
	}

	/** Whether a receiver watches exactly this. */
	has(receiver: Receiver, selector: RecordSelector): boolean {
		return this.#byReceiver.get(receiver)?.all.has(keyOf(selector)) ?? false;
	}

	/** Watches from a place, in place of the receiver's earlier watch of the same, and sends what fits. */
	watch(receiver: Receiver, collection: CollectionRef, selector: RecordSelector, place: WatchPlace): void {
		const watch = this.#add(receiver, collection, selector);
		watch.start(place);
		this.#fill(watch);
	}

	/** Takes up a watch from before the object slept. How far it had come is told by the next credit. */
	resume(receiver: Receiver, collection: CollectionRef, selector: RecordSelector): void {
		this.#add(receiver, collection, selector);
	}

	/** Ends one watch; returns whether there was one. */
	unwatch(receiver: Receiver, selector: RecordSelector): boolean {
		const watch = this.#byReceiver.get(receiver)?.all.get(keyOf(selector));
		if (watch) this.#delete(watch);
		return watch !== undefined;
	}

	/** Ends everything of a receiver. */
	remove(receiver: Receiver): void {
		for (const watch of this.#byReceiver.get(receiver)?.all.values() ?? []) this.#delete(watch);
		this.#byReceiver.delete(receiver);
	}

	/** Hands what was just stored to everyone who watches it and is up to date. */
	changed({ collection, after, to, records }: ChangedRecords): void {
		const made = new Map<string, { readonly envelope: string; readonly size: number }>();
		for (const watch of this.#byCollection.get(collection.number) ?? []) {
			const own = records.filter(({ id }) => watch.includes(id));
			// Woken from sleep, nobody remembers how far it was. Who misses something before `after` will see that.
			if (own.length > 0 && !watch.place) watch.start({ rev: after });
			if (watch.isAt(after) && own.length === 0) {
				watch.pass(to);
			} else if (watch.isAt(after) && watch.window.open) {
				const key = `${watch.told} ${keyOf(watch.selector)}`;
				const known = made.get(key) ?? measured(changesText(watch, own, to));
				made.set(key, known);
				watch.deliver(known.envelope, known.size, { rev: to }, this.#now());
			} else if (watch.window.stuck(this.#now(), this.#slow)) {
				this.#giveUp(watch.receiver);
			}
		}
	}

	/**
	 * Takes credit: everything up to a place has been consumed, and whatever was sent on watches that have ended. Sends what now
	 * fits, on all watches of the receiver.
	 */
	credit(receiver: Receiver, selector: RecordSelector, credited: WatchPlace): void {
		const watching = this.#byReceiver.get(receiver);
		if (!watching) return;
		const watch = watching.all.get(keyOf(selector));
		watch?.release(credited, this.#now());
		watching.window.refresh(this.#now());
		// Woken from sleep, nobody remembers what was sent after it: it is sent again, and the client drops what it has.
		if (watch && !watch.place) watch.start({ ...credited, rev: Math.min(credited.rev, this.#headOf(watch)) });
		for (const each of watching.all.values()) {
			// Whether a quiet one was behind, nobody remembers either. Who misses something sees it, and watches again.
			if (!each.place) this.#tellHead(each);
			this.#fill(each);
		}
	}

	/**
	 * Tells everyone how far it is, where it was not told because nothing that it watches was written: before tombstones up
	 * to there are dropped, so that it is not taken for one who has missed them when it comes back.
	 */
	account(): void {
		for (const { all } of this.#byReceiver.values()) {
			for (const watch of all.values()) {
				const { place, told } = watch;
				if (!place || place.id !== undefined || place.rev === told) continue;
				this.#deliver(watch, changesText(watch, [], place.rev), place);
			}
		}
	}

	/** Closes the receivers that stay behind without giving credit. */
	closeStuck(): void {
		for (const [receiver, { window, all }] of this.#byReceiver) {
			const behind = [...all.values()].some((each) => this.#isBehind(each));
			if (behind && window.stuck(this.#now(), this.#slow)) this.#giveUp(receiver);
		}
	}

	#giveUp(receiver: Receiver): void {
		this.remove(receiver);
		receiver.close("slow_consumer");
	}

	#headOf(watch: Watch): number {
		return this.#collections.head(watch.collection.name);
	}

	#isBehind(watch: Watch): boolean {
		const { place } = watch;
		return place !== undefined && (place.id !== undefined || place.rev < this.#headOf(watch));
	}

	/** Sends pages while there is room for them, so that all that leaves in one turn stays within a window. */
	#fill(watch: Watch): void {
		for (let { place } = watch; place && this.#isBehind(watch); { place } = watch) {
			const room = watch.window.room - aroundPages;
			if (room <= 0) return;
			const page = this.#pageAt(watch, place, Math.min(limits.pageBytes, room));
			if (!page) return;
			// A record that is larger than what is left waits for credit: a window holds more than any.
			if (page.envelope && byteLength(page.envelope) > room) return;
			if (page.envelope) this.#deliver(watch, page.envelope, page.place);
			else watch.pass(page.place.rev);
		}
	}

	/** What comes next at a place. Without an envelope there is nothing to say of it. */
	#pageAt(
		watch: Watch,
		{ rev, id }: WatchPlace,
		size: number,
	): { readonly envelope?: string; readonly place: WatchPlace } | undefined {
		const { selector } = watch;
		if (id !== undefined) {
			const { body, next } = this.#collections.page(selector, { rev, id }, size);
			const place = { rev, ...(next !== undefined && { id: next }) };
			return { envelope: encodeRecordSnapshot(selector, body, rev, next), place };
		}
		const changes = this.#collections.changes(selector, rev, size);
		if (!changes) {
			// What it would need was dropped meanwhile. It will see that it misses something, and watch again.
			this.#tellHead(watch);
			return undefined;
		}
		const { body, to } = changes;
		if (body === "") return { place: { rev: to } };
		return { envelope: encodeRecordChanges(selector, watch.told, body, to), place: { rev: to } };
	}

	/** An empty envelope that says where the collection is. */
	#tellHead(watch: Watch): void {
		const rev = this.#headOf(watch);
		this.#deliver(watch, encodeRecordChanges(watch.selector, rev, "", rev), { rev });
	}

	#deliver(watch: Watch, envelope: string, place: WatchPlace): void {
		watch.deliver(envelope, byteLength(envelope), place, this.#now());
	}

	#add(receiver: Receiver, collection: CollectionRef, selector: RecordSelector): Watch {
		const known = this.#byReceiver.get(receiver) ?? { window: new Window(limits.windowBytes), all: new Map() };
		this.#byReceiver.set(receiver, known);
		const key = keyOf(selector);
		const before = known.all.get(key);
		if (before) this.#delete(before);
		const watch = new Watch(receiver, known.window, collection, selector);
		known.all.set(key, watch);
		const watches = this.#byCollection.get(collection.number) ?? new Set();
		this.#byCollection.set(collection.number, watches.add(watch));
		return watch;
	}

	#delete(watch: Watch): void {
		watch.leave();
		this.#byReceiver.get(watch.receiver)?.all.delete(keyOf(watch.selector));
		const watches = this.#byCollection.get(watch.collection.number);
		watches?.delete(watch);
		if (watches?.size === 0) this.#byCollection.delete(watch.collection.number);
	}
}

/** Names and prefixes hold no slash. */
function keyOf({ collection, id, prefix }: RecordSelector): string {
	return id === undefined ? `${collection}/${prefix ?? ""}` : `${collection}//${id}`;
}

function changesText(watch: Watch, records: ChangedRecords["records"], to: number): string {
	return encodeRecordChanges(watch.selector, watch.told, records.map(({ text }) => text).join(recordSeparator), to);
}

function measured(envelope: string): { readonly envelope: string; readonly size: number } {
	return { envelope, size: byteLength(envelope) };
}
