import type { RecordSelector } from "../../../../protocol/watch.ts";
import type { CollectionRef, Receiver } from "../../ports.ts";
import type { Window } from "../../window.ts";

/**
 * How far a watch has come. Without `id`: everything as of the revision `rev`. With it: in a snapshot at that revision, up
 * to and including that record; an empty one is before the first.
 */
export interface WatchPlace {
	readonly rev: number;
	readonly id?: string;
}

/** Whether one place is not after another: what credit for the other one releases. */
function isWithin(place: WatchPlace, credited: WatchPlace): boolean {
	if (place.rev !== credited.rev) return place.rev < credited.rev;
	return credited.id === undefined || (place.id !== undefined && place.id <= credited.id);
}

/** One receiver's watch of one selector. */
export class Watch {
	readonly receiver: Receiver;
	readonly window: Window;
	readonly collection: CollectionRef;
	readonly selector: RecordSelector;
	#place: WatchPlace | undefined;
	#told = 0;
	readonly #owed: { readonly place: WatchPlace; readonly size: number }[] = [];

	constructor(receiver: Receiver, window: Window, collection: CollectionRef, selector: RecordSelector) {
		this.receiver = receiver;
		this.window = window;
		this.collection = collection;
		this.selector = selector;
	}

	/** How far it has come; not known from a wake until its first frame or credit. */
	get place(): WatchPlace | undefined {
		return this.#place;
	}

	/** The revision at which its last envelope ended: before `place.rev` where what came since is not watched. */
	get told(): number {
		return this.#told;
	}

	/** Whether everything up to a revision has been dealt with, and nothing more. */
	isAt(rev: number): boolean {
		return this.#place?.id === undefined && this.#place?.rev === rev;
	}

	/** Whether a record is watched. */
	includes(id: string): boolean {
		const { id: own, prefix = "" } = this.selector;
		return own === undefined ? id.startsWith(prefix) : id === own;
	}

	/** Starts from a place. */
	start(place: WatchPlace): void {
		this.#place = place;
		this.#told = place.rev;
	}

	/** Passes over what is not watched: the next envelope accounts for it. */
	pass(rev: number): void {
		this.#place = { rev };
	}

	/** Writes an envelope that ends at `place`, and counts its `size` in bytes until credit for it comes. */
	deliver(envelope: string, size: number, place: WatchPlace, now: number): void {
		this.receiver.write(envelope);
		this.window.add(size, now);
		this.#owed.push({ place, size });
		this.start(place);
	}

	/** It ends, and its receiver has not said that it read all of it. */
	leave(): void {
		this.window.leave(this.#owed.reduce((sum, { size }) => sum + size, 0));
	}

	/** Takes credit up to a place. */
	release(credited: WatchPlace, now: number): void {
		let released = 0;
		let count = 0;
		for (const { place, size } of this.#owed) {
			if (!isWithin(place, credited)) break;
			released += size;
			count += 1;
		}
		this.#owed.splice(0, count);
		this.window.release(released, now);
	}
}
