import { limits } from "../../../../protocol/limits.ts";
import type { KeptService } from "../../ports.ts";
import type { CallPeer, PendingCall } from "./pending.ts";

/** A socket that takes calls of a service. */
export interface Serving extends KeptService {
	readonly peer: CallPeer;
}

/** Who serves what, and which calls each socket has in hand. */
export class Servers {
	/** By service: the one that waits longest for a call stands first. */
	readonly #byService = new Map<string, Serving[]>();
	readonly #byPeer = new Map<CallPeer, Map<string, Serving>>();
	readonly #holds = new Map<CallPeer, Set<PendingCall>>();
	/** By client: what waits for it to come back. */
	readonly #reserved = new Map<string, Set<PendingCall>>();

	/** What a socket serves. */
	of(peer: CallPeer): readonly Serving[] {
		return [...(this.#byPeer.get(peer)?.values() ?? [])];
	}

	/** A socket takes calls of a service from now on, in place of what it said before. */
	add(asked: Serving): void {
		const { peer, service } = asked;
		// More than it is ever handed would only take room in what its socket keeps.
		const serving = { ...asked, concurrency: Math.min(asked.concurrency, limits.serviceConcurrency) };
		this.#byService.set(service, [...this.#others(peer, service), serving]);
		this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? new Map()).set(service, serving));
	}

	/** A socket takes no more calls of a service. */
	remove(peer: CallPeer, service: string): void {
		const others = this.#others(peer, service);
		if (others.length > 0) this.#byService.set(service, others);
		else this.#byService.delete(service);
		const own = this.#byPeer.get(peer);
		own?.delete(service);
		if (own?.size === 0) this.#byPeer.delete(peer);
	}

	/** The calls that a socket has in hand. */
	heldBy(peer: CallPeer): readonly PendingCall[] {
		return [...(this.#holds.get(peer) ?? [])];
	}

	/** A socket has a call in hand. */
	hold(peer: CallPeer, call: PendingCall): void {
		note(this.#holds, peer, call);
	}

	/** It has it no longer. */
	release(peer: CallPeer, call: PendingCall): void {
		forget(this.#holds, peer, call);
	}

	/** A call waits for a client to come back, who is handed no other in its place. */
	reserve(client: string, call: PendingCall): void {
		note(this.#reserved, client, call);
	}

	/** It waits for that no longer. */
	unreserve(client: string, call: PendingCall): void {
		forget(this.#reserved, client, call);
	}

	/** Whether any socket has a call in hand. */
	get busy(): boolean {
		return this.#holds.size > 0;
	}

	/** Whether anybody could be handed a call of a service. */
	hasRoom(service: string): boolean {
		return (this.#byService.get(service) ?? []).some((serving) => this.#isFree(serving));
	}

	/** Whose turn it is to take a call: of those that have room and did not hand it back, the one that waits longest. */
	next(call: PendingCall): Serving | undefined {
		const all = this.#byService.get(call.service) ?? [];
		const index = all.findIndex((serving) => this.#isFree(serving) && !call.refusedBy.has(serving.peer.client));
		const [serving] = index === -1 ? [] : all.splice(index, 1);
		if (serving) all.push(serving);
		return serving;
	}

	#isFree({ peer, service, concurrency }: Serving): boolean {
		const held = this.heldBy(peer);
		const reserved = this.#reserved.get(peer.client)?.size ?? 0;
		if (held.length + reserved >= limits.serviceConcurrency) return false;
		return held.filter((call) => call.service === service).length < concurrency;
	}

	#others(peer: CallPeer, service: string): Serving[] {
		return (this.#byService.get(service) ?? []).filter((serving) => serving.peer !== peer);
	}
}

function note<Key>(calls: Map<Key, Set<PendingCall>>, key: Key, call: PendingCall): void {
	calls.set(key, (calls.get(key) ?? new Set()).add(call));
}

/** Leaves no empty set behind. */
function forget<Key>(calls: Map<Key, Set<PendingCall>>, key: Key, call: PendingCall): void {
	const some = calls.get(key);
	some?.delete(call);
	if (some?.size === 0) calls.delete(key);
}
