import type { Draft } from "../protocol/envelopes.ts";

/** One publish, from the call to its answer. */
export interface Publication {
	readonly draft: Draft;
	/** UTF-8 bytes of its data. */
	readonly bytes: number;
	/** Its number on its channel, for good. */
	readonly n: number;
	/** The attempt that is in flight. Answers to any other are void. */
	ref: number | undefined;
	attempts: number;
	sentFirst: number | undefined;
	/** An attempt ended without an answer: it may be stored. */
	uncertain: boolean;
	/** The application no longer waits for it. */
	abandoned: boolean;
}

/**
 * The publishes of this client on one channel, in order, and the numbers that let the server tell a repetition from a
 * hole. Those in flight always stand first. Knows nothing of time or of connections.
 */
export class Producer<Item extends Publication> {
	readonly channel: string;
	readonly #items: Item[] = [];
	#inFlight = 0;
	#next = 0;
	#stored = -1;

	constructor(channel: string) {
		this.channel = channel;
	}

	/** All that have no outcome yet. */
	get items(): readonly Item[] {
		return this.#items;
	}

	/** How many of them are on their way. */
	get inFlight(): number {
		return this.#inFlight;
	}

	/** Whether the server has confirmed any, in this life of the space. */
	get confirmed(): boolean {
		return this.#stored >= 0;
	}

	/** The one to send next. */
	get unsent(): Item | undefined {
		return this.#items[this.#inFlight];
	}

	/** The number of the next one to be added. */
	get next(): number {
		return this.#next;
	}

	/** Adds one at the end. */
	add(item: Item): void {
		this.#items.push(item);
		this.passed(item.n);
	}

	/** Numbers up to `n` are taken. */
	passed(n: number): void {
		this.#next = Math.max(this.#next, n + 1);
	}

	/** The first unsent one leaves now. Returns the number of the nearest one before it that has not failed. */
	begin(item: Item, now: number): number {
		const before = this.#items[this.#inFlight - 1];
		item.attempts += 1;
		item.sentFirst ??= now;
		this.#inFlight += 1;
		return Math.min(before?.n ?? this.#stored, item.n - 1);
	}

	/** The server has it. */
	stored(item: Item): void {
		this.#stored = Math.max(this.#stored, item.n);
		this.remove(item);
	}

	/** It has an outcome. Where it failed, those after it no longer name it as their previous one: a hole in n is legal. */
	remove(item: Item): void {
		const index = this.#items.indexOf(item);
		if (index < 0) return;
		this.#items.splice(index, 1);
		if (index < this.#inFlight) this.#inFlight -= 1;
	}

	/**
	 * Those in flight with a number above `last` were refused, or will be: they go back to be sent again, in order.
	 * Returns the refs whose answers are void now.
	 */
	rewind(last: number): readonly number[] {
		const refs: number[] = [];
		while (this.#inFlight > 0) {
			const item = this.#items[this.#inFlight - 1];
			if (!item || item.n <= last) break;
			if (item.ref !== undefined) refs.push(item.ref);
			item.ref = undefined;
			this.#inFlight -= 1;
		}
		return refs;
	}

	/** The server's word on the last one it stored, where that is less than it once confirmed. */
	lower(last: number): void {
		this.#stored = Math.min(this.#stored, last);
	}

	/** The connection is gone: what was in flight waits again, in the same order, and may be stored. */
	lose(): void {
		for (const item of this.#items.slice(0, this.#inFlight)) {
			item.ref = undefined;
			item.uncertain = true;
		}
		this.#inFlight = 0;
	}
}
