/** A budget that refills steadily: so many at once, and so many a second after that. */
export class TokenBucket {
	/** What may be taken a second. */
	readonly #rate: number;
	readonly #burst: number;
	#left: number;
	#at: number;

	/** It is full at first. `now`: milliseconds since 1970. */
	constructor(rate: number, burst: number, now: number) {
		this.#rate = rate;
		this.#burst = burst;
		this.#left = burst;
		this.#at = now;
	}

	/**
	 * In how many milliseconds `count` can be had; 0 is now. More than it ever holds can be had when it is full, and is owed
	 * after that.
	 */
	wait(count: number, now: number): number {
		// A clock that went back refills nothing.
		const passed = Math.max(0, now - this.#at);
		this.#left = Math.min(this.#burst, this.#left + (passed * this.#rate) / 1_000);
		this.#at = now;
		const missing = Math.min(count, this.#burst) - this.#left;
		return missing > 0 ? Math.ceil((missing * 1_000) / this.#rate) : 0;
	}

	/** Takes `count`, for which there was no need to wait. */
	spend(count: number): void {
		this.#left -= count;
	}

	/** Takes `count` and returns 0; or takes nothing, and returns in how many milliseconds they can be had. */
	take(count: number, now: number): number {
		const wait = this.wait(count, now);
		if (wait === 0) this.spend(count);
		return wait;
	}
}
