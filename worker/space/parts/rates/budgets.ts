import { TokenBucket } from "./token-bucket.ts";

/** A budget for each of many, by its key. They are in memory alone, and as many as were used lately. */
export class Budgets {
	/** What comes back in a second. */
	readonly #rate: number;
	readonly #burst: number;
	/** Whose was used lately, and whose was not since. A budget that rests as long as it takes to fill is full. */
	#active = new Map<string, TokenBucket>();
	#resting = new Map<string, TokenBucket>();
	#turned = 0;

	constructor(rate: number, burst: number) {
		this.#rate = rate;
		this.#burst = burst;
	}

	/** The budget of somebody. */
	of(key: string, now: number): TokenBucket {
		this.#forget(now);
		const active = this.#active.get(key);
		if (active) return active;
		const bucket = this.#resting.get(key) ?? new TokenBucket(this.#rate, this.#burst, now);
		this.#active.set(key, bucket);
		return bucket;
	}

	/** Drops the budgets that are full: they are as good as new ones. */
	#forget(now: number): void {
		if (now - this.#turned < (this.#burst / this.#rate) * 1_000) return;
		this.#turned = now;
		this.#resting = this.#active;
		this.#active = new Map();
	}
}
