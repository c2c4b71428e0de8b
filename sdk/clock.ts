/** Where the SDK reads the time and sets its timers. Tests pass one that they move by hand. */
export interface Clock {
	/** Milliseconds since 1970. */
	now(): number;
	/** Calls back once after `delay` milliseconds. What it returns is for `clearTimeout` alone. */
	setTimeout(callback: () => void, delay: number): unknown;
	clearTimeout(timer: unknown): void;
}

/** The clock of the machine. It follows the wall, because how old a publish is must count the time a laptop slept. */
export const systemClock: Clock = {
	now: () => Date.now(),
	setTimeout: (callback, delay) => setTimeout(callback, delay),
	clearTimeout: (timer) => clearTimeout(timer as number),
};

/** One timer that can be started, started over and stopped. Every timer of the SDK is one, so that `close` finds all. */
export class Timer {
	readonly #clock: Clock;
	#handle: unknown;
	#running = false;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Whether it is set and has not called back yet. */
	get running(): boolean {
		return this.#running;
	}

	/** Calls back once, `delay` milliseconds from now; a call that was still to come is dropped. */
	start(delay: number, callback: () => void): void {
		this.stop();
		this.#running = true;
		this.#handle = this.#clock.setTimeout(() => {
			this.#running = false;
			callback();
		}, delay);
	}

	/** Drops the call that is still to come, if any. */
	stop(): void {
		if (this.#running) this.#clock.clearTimeout(this.#handle);
		this.#running = false;
	}
}
