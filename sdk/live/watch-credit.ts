import { type Clock, Timer } from "../clock.ts";
import type { WatchPosition } from "../record-watch.ts";
import { comparePlaces } from "./watch-position.ts";

/** Credit is due after this many records, … */
const dueRecords = 32;
/** … after 64 KiB, a UTF-16 unit being at most three bytes of UTF-8, … */
const dueUnits = 21_845;

/** … and at least every `interval` milliseconds while anything is taken. Tells the server what may make room for more. */
export class WatchCredit {
	readonly #timer: Timer;
	readonly #interval: number;
	readonly #send: (place: WatchPosition) => void;
	#paid: WatchPosition | undefined;
	#due: WatchPosition | undefined;
	#records = 0;
	#units = 0;
	/** Something came since the watch stands. */
	#arrived = false;

	constructor(clock: Clock, interval: number, send: (place: WatchPosition) => void) {
		this.#timer = new Timer(clock);
		this.#interval = interval;
		this.#send = send;
	}

	/**
	 * A watch stands: it counts from its start anew. One that it replaces has ended; until some credit, the server counts what
	 * came on that and was given none.
	 */
	restart(start: WatchPosition): void {
		this.stop();
		this.#paid = start;
		if (this.#arrived) this.#send(start);
		this.#arrived = false;
	}

	/** Something came. */
	arrived(): void {
		this.#arrived = true;
	}

	/** The connection is gone, and with it whatever was given no credit. */
	lost(): void {
		this.stop();
		this.#arrived = false;
	}

	/** Everything up to a place has been taken; the last of it took `units` UTF-16 units. */
	consumed(place: WatchPosition, units: number): void {
		this.#units += units;
		this.#records += 1;
		if (!this.#paid || comparePlaces(place, this.#paid) <= 0) return;
		this.#due = place;
		if (this.#records >= dueRecords || this.#units >= dueUnits) this.#pay();
		else if (!this.#timer.running) this.#timer.start(this.#interval, () => this.#pay());
	}

	/** Gives no more credit. */
	stop(): void {
		this.#timer.stop();
		this.#due = undefined;
		this.#records = 0;
		this.#units = 0;
	}

	#pay(): void {
		const due = this.#due;
		this.stop();
		if (!due) return;
		this.#paid = due;
		this.#send(due);
	}
}
