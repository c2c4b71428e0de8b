import { type Clock, Timer } from "./clock.ts";

/** Credit is due after this many messages, … */
const dueMessages = 32;
/** … after 64 KiB, a UTF-16 unit being at most three bytes of UTF-8, … */
const dueUnits = 21_845;

/** … and at least every `durations.credit` while anything is consumed. Tells the server what may make room for more. */
export class CreditMeter {
	readonly #timer: Timer;
	readonly #interval: number;
	readonly #send: (seq: number) => void;
	#sent = 0;
	#arrived = 0;
	#consumed = 0;
	#units = 0;
	/** Ephemeral messages since the last credit. */
	#passed = 0;

	constructor(clock: Clock, interval: number, send: (seq: number) => void) {
		this.#timer = new Timer(clock);
		this.#interval = interval;
		this.#send = send;
	}

	/** A subscription stands: it counts from `after` anew. One that it replaces has ended. */
	restart(after: number): void {
		this.ended(after);
		this.#sent = after;
		this.#arrived = after;
	}

	/**
	 * A subscription has ended, and all that came on it has come. Until some credit, the server counts what was given none:
	 * it gets one up to `seq`, which says of the next subscription nothing.
	 */
	ended(seq = 0): void {
		this.stop();
		if (this.#arrived > this.#sent) this.#send(seq);
		this.#arrived = this.#sent;
	}

	/** The connection is gone, and with it whatever was given no credit. */
	lost(): void {
		this.stop();
		this.#arrived = this.#sent;
	}

	/** A frame has come, up to `to`. Nothing beyond it may be credited, whatever was consumed in an earlier subscription. */
	arrived(to: number): void {
		this.#arrived = Math.max(this.#arrived, to);
	}

	/** Everything up to `seq` has been consumed; the last of it took `units` UTF-16 units. */
	consumed(seq: number, units: number): void {
		this.#consumed = seq;
		this.#units += units;
		if (this.#due - this.#sent >= dueMessages || this.#units >= dueUnits) this.#pay();
		else if (this.#due > this.#sent && !this.#timer.running) this.#timer.start(this.#interval, () => this.#pay());
	}

	/** Ephemeral messages came, of `units` UTF-16 units in all. They have no seq: credit for them repeats the last one. */
	passed(count: number, units: number): void {
		this.#passed += count;
		this.#units += units;
		if (this.#passed >= dueMessages || this.#units >= dueUnits) this.#pay();
		else if (!this.#timer.running) this.#timer.start(this.#interval, () => this.#pay());
	}

	/** Gives no more credit. */
	stop(): void {
		this.#timer.stop();
		this.#units = 0;
		this.#passed = 0;
	}

	get #due(): number {
		return Math.min(this.#consumed, this.#arrived);
	}

	#pay(): void {
		if (this.#due <= this.#sent && this.#passed === 0) return;
		this.stop();
		this.#sent = Math.max(this.#sent, this.#due);
		this.#send(this.#sent);
	}
}
