import type { ServerEnvelope } from "../protocol/envelopes.ts";
import { type Clock, Timer } from "./clock.ts";

/** An answer: an envelope that repeats the ref of what it answers. */
export type Answer = Extract<ServerEnvelope, { type: "published" | "subscribed" | "done" | "error" | "reset" }>;

/** What an answer of another kind than is expected stands for. */
export const oddAnswer: Extract<Answer, { type: "error" }> = {
	type: "error",
	code: "internal",
	message: "An odd answer.",
};

interface Waiting {
	readonly deadline: number;
	readonly answered: (answer: Answer) => void;
}

/** What was sent on this connection and has no answer yet. One timer watches all of it. */
export class Requests {
	readonly #clock: Clock;
	readonly #timer: Timer;
	readonly #overdue: () => void;
	readonly #waiting = new Map<number, Waiting>();
	#last = 0;
	#wakes = 0;

	/** `overdue` is called when an answer did not come in time: the connection counts as dead. */
	constructor(clock: Clock, overdue: () => void) {
		this.#clock = clock;
		this.#timer = new Timer(clock);
		this.#overdue = overdue;
	}

	/** Waits at most `patience` milliseconds for an answer. Returns its ref, never used before. */
	add(patience: number, answered: (answer: Answer) => void): number {
		this.#last += 1;
		const deadline = this.#clock.now() + patience;
		this.#waiting.set(this.#last, { deadline, answered });
		if (!this.#timer.running || deadline < this.#wakes) this.#wakeAt(deadline);
		return this.#last;
	}

	/** Takes an answer to whom it is for. One that nobody waits for any more is dropped. */
	answer(answer: Answer): void {
		const waiting = answer.ref === undefined ? undefined : this.#waiting.get(answer.ref);
		if (answer.ref === undefined || !waiting) return;
		this.forget(answer.ref);
		waiting.answered(answer);
	}

	/** Waits no longer for the answer to this ref. */
	forget(ref: number): void {
		this.#waiting.delete(ref);
		if (this.#waiting.size === 0) this.#timer.stop();
	}

	/** The connection is gone, and every answer with it. Nobody is told: who asked knows of the loss. */
	clear(): void {
		this.#waiting.clear();
		this.#timer.stop();
	}

	/** Looks only when the earliest deadline may have passed: an answer that comes in time costs no timer. */
	#wakeAt(deadline: number): void {
		this.#wakes = deadline;
		this.#timer.start(Math.max(0, deadline - this.#clock.now()), () => {
			let earliest = Number.POSITIVE_INFINITY;
			for (const waiting of this.#waiting.values()) earliest = Math.min(earliest, waiting.deadline);
			if (earliest <= this.#clock.now()) this.#overdue();
			else this.#wakeAt(earliest);
		});
	}
}
