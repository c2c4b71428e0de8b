import type { Clock, Later } from "../../ports.ts";

/** What is done when its time has come; it says what became of it. */
export type Effect<Outcome> = () => Outcome;

interface Entry<Outcome> {
	/** When something last took effect. */
	at: number;
	/** What takes effect next, and who waits for it. */
	next: { effect: Effect<Outcome>; readonly waiting: ((outcome: Outcome) => void)[] } | undefined;
}

/**
 * Lets something take effect at most once in an interval, for each key: the first at once, of those that come faster the
 * last. Everybody is answered when it took effect.
 */
export class Updates<Outcome> {
	readonly #interval: number;
	readonly #now: Clock;
	readonly #later: Later;
	readonly #entries = new Map<string, Entry<Outcome>>();

	/** `interval` in milliseconds. */
	constructor(interval: number, now: Clock, later: Later) {
		this.#interval = interval;
		this.#now = now;
		this.#later = later;
	}

	/** Takes one: `effect` runs now or later, or never where another comes before its time; `done` is called then. */
	take(key: string, effect: Effect<Outcome>, done: (outcome: Outcome) => void): void {
		const entry = this.#entries.get(key);
		if (entry?.next) {
			entry.next.effect = effect;
			entry.next.waiting.push(done);
			return;
		}
		const wait = entry ? entry.at + this.#interval - this.#now() : 0;
		if (!entry || wait <= 0) {
			const outcome = effect();
			this.#entries.set(key, { at: this.#now(), next: undefined });
			done(outcome);
			return;
		}
		entry.next = { effect, waiting: [done] };
		// A clock that was set back must not make anybody wait for longer.
		this.#later(Math.min(wait, this.#interval), () => this.#run(key, entry));
	}

	/** Drops what would still take effect; whoever waits for it is told `outcome`. */
	drop(key: string, outcome: Outcome): void {
		const next = this.#entries.get(key)?.next;
		this.#entries.delete(key);
		for (const done of next?.waiting ?? []) done(outcome);
	}

	/** Drops everything. Nobody is told. */
	clear(): void {
		this.#entries.clear();
	}

	#run(key: string, entry: Entry<Outcome>): void {
		const { next } = entry;
		if (!next || this.#entries.get(key) !== entry) return;
		entry.next = undefined;
		entry.at = this.#now();
		const outcome = next.effect();
		for (const done of next.waiting) done(outcome);
	}
}
