/** What a receiver has been sent and has not given credit for, over all its channels, or all its watches. */
export class Window {
	readonly #most: number;
	#outstanding = 0;
	/** When it last gave credit, or was first owed any. */
	#since = 0;
	/** What ephemeral messages took since the last credit. Apart, so that they hold back nothing that is stored. */
	#passed = 0;
	/** What of `#outstanding` was sent on subscriptions that have ended since the last credit, for which none can come. */
	#left = 0;

	constructor(most: number) {
		this.#most = most;
	}

	/** Whether more may be sent. */
	get open(): boolean {
		return this.#outstanding < this.#most;
	}

	/** How much more until it is full. */
	get room(): number {
		return Math.max(0, this.#most - this.#outstanding);
	}

	/** Notes that `size` more was sent. */
	add(size: number, now: number): void {
		if (this.#outstanding === 0) this.#since = now;
		this.#outstanding += size;
	}

	/** Notes that `size` was consumed. */
	release(size: number, now: number): void {
		this.#outstanding -= size;
		this.#since = now;
	}

	/**
	 * Notes that a subscription has ended on which `size` was not given credit for. It counts on until the next credit, of
	 * whatever: who only subscribes again does not show that it reads.
	 */
	leave(size: number): void {
		this.#left += size;
	}

	/** Notes that an ephemeral envelope of `size` leaves; false when it may not. Any credit makes room for more. */
	pass(size: number): boolean {
		if (!this.open || this.#passed >= this.#most) return false;
		this.#passed += size;
		return true;
	}

	/** Notes that the receiver reads: it gave credit. */
	refresh(now: number): void {
		this.#passed = 0;
		this.release(this.#left, now);
		this.#left = 0;
	}

	/** Whether it is full and has been without any credit for longer than `slow` milliseconds. */
	stuck(now: number, slow: number): boolean {
		return !this.open && now - this.#since > slow;
	}
}
