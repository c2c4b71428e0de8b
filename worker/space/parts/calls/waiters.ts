import type { CallPeer, PendingCall } from "./pending.ts";

/** The sockets that are told the progress and the result of calls: those of the caller's client, and others that ask. */
export class Waiters {
	readonly #byClient = new Map<string, Set<CallPeer>>();
	readonly #others = new Map<CallPeer, Set<PendingCall>>();

	/** A socket is there: it is told of every call of its client. */
	here(peer: CallPeer): void {
		this.#byClient.set(peer.client, (this.#byClient.get(peer.client) ?? new Set()).add(peer));
	}

	/** A socket of another client waits for a call, too. */
	add(peer: CallPeer, call: PendingCall): void {
		call.waiters.add(peer);
		this.#others.set(peer, (this.#others.get(peer) ?? new Set()).add(call));
	}

	/** A socket is gone. */
	gone(peer: CallPeer): void {
		for (const call of this.#others.get(peer) ?? []) call.waiters.delete(peer);
		this.#others.delete(peer);
		const others = this.#byClient.get(peer.client);
		others?.delete(peer);
		if (others?.size === 0) this.#byClient.delete(peer.client);
	}

	/** Who is told of a call. */
	of(call: PendingCall): readonly CallPeer[] {
		return [...(this.#byClient.get(call.client) ?? []), ...call.waiters];
	}

	/** The calls of other clients that a socket waits for. */
	awaitedBy(peer: CallPeer): readonly PendingCall[] {
		return [...(this.#others.get(peer) ?? [])];
	}

	/** A call has its result. Returns the sockets of other clients that waited for it. */
	done(call: PendingCall): readonly CallPeer[] {
		for (const peer of call.waiters) {
			const awaited = this.#others.get(peer);
			awaited?.delete(call);
			if (awaited?.size === 0) this.#others.delete(peer);
		}
		return [...call.waiters];
	}
}
