import type { ChannelRef, Receiver } from "../../ports.ts";

/** What a receiver has been sent and has not given credit for, over all its channels. */
export class Window {
	readonly #most: number;
	#outstanding = 0;
	/** When it last gave credit, or was first owed any. */
	#since = 0;

	constructor(most: number) {
		this.#most = most;
	}

	/** Whether more may be sent. */
	get open(): boolean {
		return this.#outstanding < this.#most;
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

	/** Whether it is full and has been without any credit for longer than `slow` milliseconds. */
	stuck(now: number, slow: number): boolean {
		return !this.open && now - this.#since > slow;
	}
}

/** One receiver's subscription to one channel. */
export class Subscription {
	readonly receiver: Receiver;
	readonly window: Window;
	readonly channel: ChannelRef;
	/** The last seq it was sent; not known from a wake until its first frame or credit. */
	sent: number | undefined;
	readonly #owed: { readonly to: number; readonly size: number }[] = [];

	constructor(receiver: Receiver, window: Window, channel: ChannelRef, sent: number | undefined) {
		this.receiver = receiver;
		this.window = window;
		this.channel = channel;
		this.sent = sent;
	}

	/** Writes a `msg` envelope that ends at `to`, and counts it until credit for it comes. */
	deliver(envelope: string, to: number, now: number): void {
		this.receiver.write(envelope);
		this.window.add(envelope.length, now);
		this.#owed.push({ to, size: envelope.length });
		this.sent = to;
	}

	/** Takes credit up to `seq`. */
	release(seq: number, now: number): void {
		let released = 0;
		let count = 0;
		for (const owed of this.#owed) {
			if (owed.to > seq) break;
			released += owed.size;
			count += 1;
		}
		this.#owed.splice(0, count);
		this.window.release(released, now);
	}
}
