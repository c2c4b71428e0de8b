import { encodeCall, encodeCallCancelled } from "../../../../protocol/codec/serving-calls.ts";
import { type Durations, limits } from "../../../../protocol/limits.ts";
import type { Clock, KeptCalls } from "../../ports.ts";
import { type CallPeer, type Holder, isGone, type PendingCall } from "./pending.ts";
import type { CallRows } from "./rows.ts";
import { Servers, type Serving } from "./servers.ts";
import { Turn } from "./turn.ts";
import { Waiters } from "./waiters.ts";

/** The greatest attempt that a client is believed: with as many calls as a socket may have, it still fits what that keeps. */
const attemptMost = 8_191;

/**
 * The calls that wait for their results, and who has which in hand. It lives in memory: what stands here is found again
 * after a sleep by the rows, and by what each socket keeps.
 */
export class Board {
	readonly servers = new Servers();
	readonly waiters = new Waiters();
	readonly turn = new Turn((peer) => this.#keeps(peer));
	readonly #rows: CallRows;
	readonly #now: Clock;
	readonly #durations: Pick<Durations, "grace" | "memberSweep">;
	readonly #calls = new Map<string, PendingCall>();
	/** By service: those that wait for a server, the oldest first. */
	readonly #queues = new Map<string, Set<PendingCall>>();
	#last = 0;

	constructor(rows: CallRows, now: Clock, durations: Pick<Durations, "grace" | "memberSweep">) {
		this.#rows = rows;
		this.#now = now;
		this.#durations = durations;
	}

	/** How many wait. */
	get size(): number {
		return this.#calls.size;
	}

	/** All that wait. */
	all(): readonly PendingCall[] {
		return [...this.#calls.values()];
	}

	/** One that waits. */
	get(id: string): PendingCall | undefined {
		return this.#calls.get(id);
	}

	/** Adds one that waits for a server. */
	add(call: Omit<PendingCall, "number" | "attempt" | "holder" | "waiters" | "refusedBy">): PendingCall {
		this.#last += 1;
		return this.#put({ ...call, number: this.#last, attempt: 0 }, undefined);
	}

	/** Finds all again, after a sleep, by what the sockets kept. */
	restore(peers: readonly CallPeer[]): void {
		const byNumber = new Map<number, PendingCall>();
		for (const { leased, ...found } of this.#rows.pending()) {
			const call = this.#put(found, leased === null ? undefined : { kind: "lease", until: leased });
			byNumber.set(call.number, call);
			this.#last = Math.max(this.#last, call.number);
		}
		for (const peer of peers) {
			this.waiters.here(peer);
			const { serves = [], holds = [], awaits = [] } = peer.kept;
			for (const service of serves) this.servers.add({ ...service, peer });
			for (const [number, attempt] of holds) {
				const call = byNumber.get(number);
				if (!call) continue;
				call.attempt = attempt;
				this.hold(call, peer);
			}
			for (const number of awaits) {
				const call = byNumber.get(number);
				if (call) this.waiters.add(peer, call);
			}
		}
		this.pumpAll();
	}

	/** Hands over what waits for a server, of every service. */
	pumpAll(): void {
		for (const service of [...this.#queues.keys()]) this.pump(service);
	}

	/** Hands over what waits for a server, as long as there is one with room. */
	pump(service: string): void {
		for (const call of this.#queues.get(service) ?? []) {
			if (!this.servers.hasRoom(service)) return;
			const serving = this.servers.next(call);
			if (serving) this.#handOver(call, serving);
		}
	}

	/** A socket has a call in hand from now on. */
	hold(call: PendingCall, peer: CallPeer): void {
		this.#take(call, { kind: "peer", peer });
		this.servers.hold(peer, call);
		this.turn.changed(peer);
		// Whether it still lives is looked at while it has anything in hand.
		this.turn.due(this.#now() + this.#durations.memberSweep);
	}

	/** A client says that it still works on a call: that counts where nobody else does, and as far as its socket may have calls. */
	claim(call: PendingCall, peer: CallPeer, attempt: number): void {
		if (call.holder && !isGone(call, peer)) return;
		if (attempt > attemptMost || this.servers.heldBy(peer).length >= limits.serviceConcurrency) return;
		call.attempt = Math.max(call.attempt, attempt);
		this.hold(call, peer);
	}

	/** Nobody's socket has a call in hand, and yet it does not wait for a server. */
	park(call: PendingCall, holder: Exclude<Holder, { kind: "peer" }>): void {
		this.#take(call, holder);
		if (holder.kind === "gone") this.servers.reserve(holder.client, call);
		this.turn.due(holder.until);
	}

	/** Whoever had a call in hand has lost it: the next server takes it, before all that wait. */
	lose(call: PendingCall): void {
		this.#letGo(call);
		call.holder = undefined;
		this.#queues.set(call.service, new Set([call, ...(this.#queues.get(call.service) ?? [])]));
	}

	/** A call has its result: whoever has it in hand is told, unless it is the one who replied. */
	remove(call: PendingCall, repliedBy?: CallPeer): void {
		const { holder } = call;
		if (holder?.kind === "peer" && holder.peer !== repliedBy) this.revoke(holder.peer, call.id, call.attempt);
		this.#letGo(call);
		this.#unqueue(call);
		this.#calls.delete(call.id);
		for (const peer of this.waiters.done(call)) this.turn.changed(peer);
	}

	/** Tells everybody who waits for a call. */
	tell(call: PendingCall, envelope: string): void {
		for (const peer of this.waiters.of(call)) this.turn.say(peer, envelope);
	}

	/** Tells a server that nobody waits for a call any more. */
	revoke(peer: CallPeer, id: string, attempt: number): void {
		this.turn.say(peer, encodeCallCancelled(id, attempt));
	}

	#handOver(call: PendingCall, serving: Serving): void {
		const { peer, lease } = serving;
		call.attempt += 1;
		const { service, id, attempt, principal: from, deadline } = call;
		if (lease === undefined) {
			this.hold(call, peer);
		} else {
			const until = this.#now() + lease;
			this.park(call, { kind: "lease", until });
			this.#rows.lease(id, attempt, until);
			this.servers.remove(peer, service);
			this.turn.changed(peer);
		}
		const data = this.#rows.data(id);
		this.turn.say(peer, encodeCall({ service, id, attempt, from, deadline, data }));
	}

	#put(
		call: Omit<PendingCall, "holder" | "waiters" | "refusedBy">,
		holder: Exclude<Holder, { kind: "peer" }> | undefined,
	): PendingCall {
		const pending: PendingCall = { ...call, holder, waiters: new Set(), refusedBy: new Set() };
		this.#calls.set(call.id, pending);
		if (!holder) this.#queues.set(call.service, (this.#queues.get(call.service) ?? new Set()).add(pending));
		return pending;
	}

	#take(call: PendingCall, holder: Holder): void {
		this.#letGo(call);
		this.#unqueue(call);
		call.holder = holder;
	}

	#letGo(call: PendingCall): void {
		if (call.holder?.kind === "gone") this.servers.unreserve(call.holder.client, call);
		if (call.holder?.kind !== "peer") return;
		this.servers.release(call.holder.peer, call);
		this.turn.changed(call.holder.peer);
	}

	#unqueue(call: PendingCall): void {
		const queue = this.#queues.get(call.service);
		queue?.delete(call);
		if (queue?.size === 0) this.#queues.delete(call.service);
	}

	#keeps(peer: CallPeer): KeptCalls {
		return {
			serves: this.servers.of(peer).map(({ peer: _, ...service }) => service),
			holds: this.servers.heldBy(peer).map(({ number, attempt }) => [number, attempt] as const),
			awaits: this.waiters.awaitedBy(peer).map(({ number }) => number),
		};
	}
}
