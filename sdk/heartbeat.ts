import type { Durations } from "../protocol/limits.ts";
import { type Clock, Timer } from "./clock.ts";

/** What a heartbeat needs. */
export interface HeartbeatParts {
	readonly clock: Clock;
	readonly random: () => number;
	readonly durations: Durations;
	/** Sends a ping. */
	readonly ping: () => void;
	/** The other side gave no sign of life. */
	readonly dead: () => void;
}

/** Asks a quiet connection whether it still lives, every `durations.ping` ± 20 %, so that clients do not ask in step. */
export class Heartbeat {
	readonly #parts: HeartbeatParts;
	readonly #next: Timer;
	readonly #patience: Timer;

	constructor(parts: HeartbeatParts) {
		this.#parts = parts;
		this.#next = new Timer(parts.clock);
		this.#patience = new Timer(parts.clock);
	}

	/** Begins to ask. */
	start(): void {
		const { random, durations } = this.#parts;
		this.#next.start(durations.ping * (0.8 + 0.4 * random()), () => {
			this.#patience.start(durations.pong, this.#parts.dead);
			this.#parts.ping();
			this.start();
		});
	}

	/** Something was received: whatever it is, the other side lives. */
	beat(): void {
		this.#patience.stop();
	}

	/** Asks no more. */
	stop(): void {
		this.#next.stop();
		this.#patience.stop();
	}
}
