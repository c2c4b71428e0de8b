import type { KeptCalls } from "../../ports.ts";
import type { CallPeer } from "./pending.ts";

/** What a transaction about calls leads to once it stands: who is told what, who keeps what, and when to look again. */
export class Turn {
	readonly #keeps: (peer: CallPeer) => KeptCalls;
	#said: (readonly [CallPeer, string])[] = [];
	#changed = new Set<CallPeer>();
	#due = Number.POSITIVE_INFINITY;

	/** `keeps` says what a socket must keep now. */
	constructor(keeps: (peer: CallPeer) => KeptCalls) {
		this.#keeps = keeps;
	}

	/** Tells a socket. */
	say(peer: CallPeer, envelope: string): void {
		this.#said.push([peer, envelope]);
	}

	/** What a socket must keep has changed. */
	changed(peer: CallPeer): void {
		this.#changed.add(peer);
	}

	/** A socket is gone: it keeps nothing more. */
	gone(peer: CallPeer): void {
		this.#changed.delete(peer);
	}

	/** Something is due at that time, in milliseconds since 1970. */
	due(time: number): void {
		this.#due = Math.min(this.#due, time);
	}

	/** The transaction stands. Returns the earliest of what is due. */
	apply(): number | undefined {
		const said = this.#said;
		const changed = this.#changed;
		const due = this.#due;
		this.clear();
		for (const [peer, envelope] of said) peer.write(envelope);
		for (const peer of changed) peer.remember(this.#keeps(peer));
		return due === Number.POSITIVE_INFINITY ? undefined : due;
	}

	/** The transaction does not stand: nothing of it is told. */
	clear(): void {
		this.#said = [];
		this.#changed = new Set();
		this.#due = Number.POSITIVE_INFINITY;
	}
}
