import type { ChannelRef, Receiver } from "../../ports.ts";
import type { Window } from "../../window.ts";

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

	/** Writes an envelope of ephemeral messages, if the receiver reads. */
	pass(envelope: string): void {
		if (this.window.pass(envelope.length)) this.receiver.write(envelope);
	}

	/** It ends, and its receiver has not said that it read all of it. */
	leave(): void {
		this.window.leave(this.#owed.reduce((sum, { size }) => sum + size, 0));
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
