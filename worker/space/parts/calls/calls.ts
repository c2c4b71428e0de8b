import { exceedsBytes } from "../../../../protocol/codec/json.ts";
import { encodeProgress, encodeResult } from "../../../../protocol/codec/serving-calls.ts";
import type { ErrorCode } from "../../../../protocol/errors.ts";
import { type Durations, limits } from "../../../../protocol/limits.ts";
import type { CallScreens, Clock, KeptService, Room, Sql } from "../../ports.ts";
import { Board } from "./board.ts";
import {
	type CallAsked,
	type CallKnown,
	type CallOutcome,
	type CallRefusal,
	foreign,
	type HeldCall,
	tooBig,
	tooMany,
	unknown,
} from "./outcome.ts";
import { type CallPeer, isGone, isHeldBy, type PendingCall } from "./pending.ts";
import { CallRows } from "./rows.ts";

/** Durations that calls need, in milliseconds. */
export type CallDurations = Pick<Durations, "call" | "callKept" | "grace" | "memberSweep">;

/**
 * The part that brings calls to servers and results to callers. Everything here runs inside one transaction of the caller,
 * who then calls `apply`, or `clear` where it does not stand.
 */
export class Calls {
	readonly #rows: CallRows;
	readonly #now: Clock;
	readonly #durations: CallDurations;
	readonly #screens: CallScreens;
	readonly #room: Room;
	#board: Board | undefined;

	/** `screens`: who looks at what is asked and answered; default: nobody. `room`: whether there is any; default: always. */
	constructor(sql: Sql, now: Clock, durations: CallDurations, screens: CallScreens = {}, room: Room = () => undefined) {
		this.#room = room;
		this.#screens = screens;
		this.#rows = new CallRows(sql);
		this.#now = now;
		this.#durations = durations;
	}

	/** Whether memory holds what the rows say; else `restore` comes first. */
	get restored(): boolean {
		return this.#board !== undefined;
	}

	/** Whether any socket has a call in hand. */
	get busy(): boolean {
		return this.#board?.servers.busy === true;
	}

	/** Finds all calls again by the rows, and by what the sockets that stand kept. */
	restore(peers: readonly CallPeer[]): void {
		this.#board = new Board(this.#rows, this.#now, this.#durations);
		this.#board.restore(peers);
	}

	/** The transaction stands: whoever is concerned is told. Returns when something is due, in milliseconds since 1970. */
	apply(): number | undefined {
		return this.#board?.turn.apply();
	}

	/** What is in memory may not be what is stored: it is dropped, with what was to be told. */
	clear(): void {
		this.#board = undefined;
	}

	/** Takes a call, unless it is known. Its `peer`, where there is one, is told what comes of it. */
	call(asked: CallAsked, peer?: CallPeer): CallKnown | CallRefusal {
		const board = this.#open;
		const { id, service, principal, hash = null } = asked;
		const known = board.get(id) ?? this.#rows.result(id);
		if (known) {
			if (known.service === service && (hash ?? known.hash) === (known.hash ?? hash))
				return this.again(id, principal, peer);
			if (known.principal !== principal) return foreign;
			return { ok: false, code: "idempotency_mismatch", message: "This call's id was first used for another call." };
		}
		if (exceedsBytes(asked.data, limits.messageBytes)) return tooBig;
		if (board.size >= limits.callsPerSpace) {
			return { ok: false, code: "calls_full", message: `At most ${limits.callsPerSpace} calls of a space may wait.` };
		}
		const full = this.#room();
		if (full) return { ok: false, ...full };
		const screened = this.#screens.input?.(service, asked.data) ?? asked;
		if ("ok" in screened && !screened.ok) return screened;
		const deadline = this.#now() + (asked.timeout ?? this.#durations.call);
		const call = board.add({ id, service, principal, client: asked.client, deadline, hash });
		this.#rows.insert(call, screened.data);
		if (peer) board.waiters.here(peer);
		board.turn.due(deadline);
		board.pump(service);
		return { ok: true, duplicate: false, service, result: undefined };
	}

	/** The service of a call; undefined for one that is not known. */
	serviceOf(id: string): string | undefined {
		return (this.#open.get(id) ?? this.#rows.result(id))?.service;
	}

	/** Whether a call has its result; with `made`, whether it is known at all. */
	isDone(id: string, made: boolean): boolean {
		return (made && this.#open.get(id) !== undefined) || this.#rows.result(id) !== undefined;
	}

	/** Asks for a call that was made. Its `peer`, where there is one, is told what comes of it. */
	again(id: string, principal: string, peer?: CallPeer): CallKnown | CallRefusal {
		const board = this.#open;
		const call = board.get(id);
		const result = call ? undefined : this.#rows.result(id);
		const known = call ?? result;
		if (!known) return unknown;
		if (known.principal !== principal) return foreign;
		if (call && peer) {
			if (call.client === peer.client) {
				board.waiters.here(peer);
			} else if (board.waiters.awaitedBy(peer).length >= limits.callsAwaited) {
				return tooMany;
			} else {
				board.waiters.add(peer, call);
				board.turn.changed(peer);
			}
		}
		return { ok: true, duplicate: true, service: known.service, result };
	}

	/**
	 * A socket takes calls of a service, so many at a time, in place of what it said before. `holds`: the calls that its
	 * client still works on, from before it lost its last socket.
	 */
	serve(
		peer: CallPeer,
		{ service, concurrency, lease }: KeptService,
		holds: readonly HeldCall[],
	): CallRefusal | undefined {
		const board = this.#open;
		const services = board.servers.of(peer);
		const isNew = !services.some((serving) => serving.service === service);
		if (isNew && concurrency > 0 && services.length >= limits.servicesPerSocket) {
			return { ok: false, code: "too_big", message: `A socket serves at most ${limits.servicesPerSocket} services.` };
		}
		if (lease === undefined) this.#claim(peer, service, holds);
		if (concurrency === 0) board.servers.remove(peer, service);
		else board.servers.add({ peer, service, concurrency, ...(lease !== undefined && { lease }) });
		board.turn.changed(peer);
		board.pump(service);
		// What waited for it to come back took room that its other services may use now.
		for (const each of board.servers.of(peer)) board.pump(each.service);
		return undefined;
	}

	/** A socket may serve a service no longer: what it has in hand of it goes to another server. */
	dismiss(peer: CallPeer, service: string): void {
		const board = this.#open;
		board.servers.remove(peer, service);
		board.turn.changed(peer);
		const held = board.servers.heldBy(peer).filter((call) => call.service === service);
		for (const { id, attempt } of held) board.revoke(peer, id, attempt);
		this.#lose(held);
	}

	/** Hands on how far a call is; only whoever has it in hand is heard. Over HTTP there is no `peer`, and may be no data. */
	progress(id: string, attempt: number, data: string | undefined, peer?: CallPeer): CallOutcome {
		const board = this.#open;
		if (data !== undefined && exceedsBytes(data, limits.messageBytes)) return tooBig;
		const call = board.get(id);
		if (!call) {
			if (peer) board.revoke(peer, id, attempt);
			return this.#rows.result(id) ? { ok: true, duplicate: true } : unknown;
		}
		if (data !== undefined && isHeldBy(call, attempt, peer)) board.tell(call, encodeProgress(id, data));
		return { ok: true, duplicate: false };
	}

	/** Whoever took a call over HTTP holds it for so many milliseconds more. */
	prolong(id: string, attempt: number, lease: number): void {
		const call = this.#open.get(id);
		if (call?.holder?.kind !== "lease" || call.attempt !== attempt) return;
		const until = this.#now() + lease;
		// Each time costs a row: little by little would cost many.
		if (until - call.holder.until < lease / 2) return;
		this.#open.park(call, { kind: "lease", until });
		this.#rows.lease(id, attempt, until);
	}

	/**
	 * Stores the reply to a call, or the error of its handler, as JSON text. The first one counts; one that the contract of the
	 * service does not take is refused, and the call has failed.
	 */
	reply(id: string, data: string, failed: boolean, peer?: CallPeer): CallOutcome {
		if (exceedsBytes(data, limits.messageBytes)) return tooBig;
		const call = this.#open.get(id);
		if (!call) return this.#rows.result(id) ? { ok: true, duplicate: true } : unknown;
		const screened = failed ? undefined : this.#screens.output?.(call.service, data);
		if (screened?.ok === false) {
			const message = `The reply is not what the contract of ${call.service} says.`;
			this.#finish(call, JSON.stringify({ code: "handler_failed", message }), true, peer);
			return screened;
		}
		this.#finish(call, screened?.data ?? data, failed, peer);
		return { ok: true, duplicate: false };
	}

	/** Whoever has a call in hand gives it back. Over HTTP there is no `peer`. */
	nack(id: string, attempt: number, peer?: CallPeer): CallOutcome {
		const board = this.#open;
		const call = board.get(id);
		if (!call) return this.#rows.result(id) ? { ok: true, duplicate: true } : unknown;
		if (isHeldBy(call, attempt, peer)) {
			// Handed to the same one at once, it would come back for ever.
			if (peer) call.refusedBy.add(peer.client);
			else this.#rows.release(id);
			this.#lose([call]);
		}
		return { ok: true, duplicate: false };
	}

	/** Gives a call up; only its principal may. */
	cancel(id: string, principal: string): CallOutcome {
		const call = this.#open.get(id);
		const known = call ?? this.#rows.result(id);
		if (!known) return unknown;
		if (known.principal !== principal) return foreign;
		if (call) this.#fail(call, "cancelled", "The call was cancelled.");
		return { ok: true, duplicate: !call };
	}

	/** A socket is gone. What it had in hand waits for its client for the grace. */
	gone(peer: CallPeer): void {
		const board = this.#open;
		board.waiters.gone(peer);
		for (const { service } of board.servers.of(peer)) board.servers.remove(peer, service);
		const until = this.#now() + this.#durations.grace;
		for (const call of board.servers.heldBy(peer)) board.park(call, { kind: "gone", client: peer.client, until });
		board.turn.gone(peer);
	}

	/** Looks at what is due. Returns when to look again. */
	expire(): number | undefined {
		const board = this.#open;
		const now = this.#now();
		for (const call of board.all()) {
			if (call.deadline <= now) this.#fail(call, "deadline_passed", "No reply came before the deadline.");
		}
		this.#lose(board.all().filter(({ holder }) => holder && holder.kind !== "peer" && holder.until <= now));
		board.pumpAll();
		const ends = board.all().map(({ holder, deadline }) => {
			return holder && holder.kind !== "peer" ? Math.min(holder.until, deadline) : deadline;
		});
		const next = ends.reduce((least, end) => Math.min(least, end), Number.POSITIVE_INFINITY);
		const due = board.servers.busy ? Math.min(next, now + this.#durations.memberSweep) : next;
		return due === Number.POSITIVE_INFINITY ? undefined : due;
	}

	/** Drops results that have been kept long enough. Returns when the next one is due, or may be. */
	forget(): number | undefined {
		const now = this.#now();
		this.#rows.drop(now);
		return this.#rows.nextDrop() ?? (this.#open.size > 0 ? now + this.#durations.callKept : undefined);
	}

	get #open(): Board {
		if (!this.#board) throw new Error("the calls were not restored");
		return this.#board;
	}

	/** The client of a socket still works on these; what else it had in hand when it went, it has lost. */
	#claim(peer: CallPeer, service: string, holds: readonly HeldCall[]): void {
		const board = this.#open;
		for (const { id, attempt } of holds) {
			const call = board.get(id);
			if (!call) board.revoke(peer, id, attempt);
			else if (call.service === service) board.claim(call, peer, attempt);
		}
		this.#lose(board.all().filter((call) => call.service === service && isGone(call, peer)));
	}

	#lose(calls: readonly PendingCall[]): void {
		const board = this.#open;
		// The oldest of them shall stand first.
		for (const call of calls.toReversed()) board.lose(call);
		for (const service of new Set(calls.map((call) => call.service))) board.pump(service);
	}

	#fail(call: PendingCall, code: ErrorCode, message: string): void {
		this.#finish(call, JSON.stringify({ code, message }), true);
	}

	#finish(call: PendingCall, data: string, failed: boolean, repliedBy?: CallPeer): void {
		const board = this.#open;
		this.#rows.finish(call.id, data, failed, this.#now() + this.#durations.callKept);
		board.tell(call, encodeResult(call.id, data, failed));
		board.remove(call, repliedBy);
		board.pump(call.service);
	}
}
