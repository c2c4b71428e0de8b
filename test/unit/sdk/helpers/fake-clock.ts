import type { Clock } from "../../../../sdk/clock.ts";

interface Entry {
	readonly at: number;
	readonly callback: () => void;
}

/** Lets everything run that waits for no timer. */
export function settle(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
	#now = 1_800_000_000_000;
	#last = 0;
	readonly #timers = new Map<number, Entry>();

	now(): number {
		return this.#now;
	}

	setTimeout(callback: () => void, delay: number): number {
		this.#last += 1;
		this.#timers.set(this.#last, { at: this.#now + delay, callback });
		return this.#last;
	}

	clearTimeout(timer: unknown): void {
		this.#timers.delete(timer as number);
	}

	/** How many timers are set. */
	get timers(): number {
		return this.#timers.size;
	}

	/** Lets `duration` milliseconds pass: every timer due in it is called, in order, each followed by what it sets off. */
	async advance(duration: number): Promise<void> {
		const end = this.#now + duration;
		await settle();
		for (let due = this.#next(end); due; due = this.#next(end)) {
			const [id, { at, callback }] = due;
			this.#timers.delete(id);
			this.#now = Math.max(this.#now, at);
			callback();
			await settle();
		}
		this.#now = end;
	}

	#next(end: number): [number, Entry] | undefined {
		let first: [number, Entry] | undefined;
		for (const timer of this.#timers) if (timer[1].at <= end && (!first || timer[1].at < first[1].at)) first = timer;
		return first;
	}
}
