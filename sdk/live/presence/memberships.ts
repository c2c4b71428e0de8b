import type { Json } from "../../../protocol/envelopes.ts";
import { limits } from "../../../protocol/limits.ts";
import { AerogramError } from "../../errors.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { LiveLink } from "../live-link.ts";
import type { PresenceOptions } from "./changes.ts";

/** Somebody waits until the server has taken what was asked for. */
interface Waiting {
	readonly resolve: () => void;
	readonly reject: (reason: unknown) => void;
}

/** One channel that this client entered or leaves. */
interface Membership {
	/** The data; undefined once it has left. */
	wanted: { readonly data: Json } | undefined;
	/** Whether the server, on the connection that stands, was told to make it a member. */
	told: boolean;
	/** Who waits for the answer, each with the number of the request that it waits for; 0 while none was sent. */
	readonly waiting: Map<Waiting, number>;
}

/**
 * The channels that this client is a member of, as the application wants it: it enters them again after every reconnect.
 * What is asked for while there is no connection is done with the next one.
 */
export class Memberships {
	readonly #link: LiveLink;
	readonly #channels = new Map<string, Membership>();
	#requests = 0;

	constructor(link: LiveLink) {
		this.#link = link;
	}

	/** Becomes a member, or changes the data of one. Resolves when the server has taken it. */
	async enter(channel: string, { data, bytes }: Snapshot, { signal }: PresenceOptions = {}): Promise<void> {
		signal?.throwIfAborted();
		this.#check(bytes);
		let membership = this.#channels.get(channel);
		if (!membership) {
			membership = { wanted: undefined, told: false, waiting: new Map() };
			this.#channels.set(channel, membership);
			this.#link.link.retain();
		}
		membership.wanted = { data };
		return this.#send(channel, membership, membership.told ? "update" : "enter", signal);
	}

	/** Changes the data of a member. Rejects with `not_found` where this client has not entered. */
	async update(channel: string, snapshot: Snapshot, options?: PresenceOptions): Promise<void> {
		if (this.#channels.get(channel)?.wanted) return this.enter(channel, snapshot, options);
		throw new AerogramError("not_found", "This client has not entered the channel.");
	}

	/** Ends the membership. */
	async leave(channel: string, { signal }: PresenceOptions = {}): Promise<void> {
		signal?.throwIfAborted();
		const membership = this.#channels.get(channel);
		if (!membership) return;
		membership.wanted = undefined;
		membership.told = false;
		return this.#send(channel, membership, "leave", signal);
	}

	/** A connection stands: whatever is wanted is asked for. */
	up(): void {
		for (const [channel, membership] of [...this.#channels]) {
			this.#ask(channel, membership, membership.wanted ? "enter" : "leave");
		}
	}

	/** The connection is gone, and every answer with it. */
	down(): void {
		for (const membership of this.#channels.values()) {
			membership.told = false;
			for (const waiting of membership.waiting.keys()) membership.waiting.set(waiting, 0);
		}
	}

	/** Nothing will be sent any more. */
	end(error: AerogramError): void {
		for (const [channel, membership] of [...this.#channels]) {
			for (const one of membership.waiting.keys()) one.reject(error);
			this.#forget(channel, membership);
		}
	}

	#check(bytes: number): void {
		const { ended, welcome } = this.#link.link;
		if (ended) throw ended;
		const { memberBytes } = welcome?.limits ?? limits;
		if (bytes > memberBytes) throw new AerogramError("too_big", `A member's data may be at most ${memberBytes} bytes.`);
	}

	#send(
		channel: string,
		membership: Membership,
		type: "enter" | "update" | "leave",
		signal: AbortSignal | undefined,
	): Promise<void> {
		const { promise, waiting, stop } = waitFor(signal, () => membership.waiting.delete(waiting));
		membership.waiting.set(waiting, 0);
		this.#ask(channel, membership, type);
		return promise.finally(stop);
	}

	/** Asks for what is wanted now; it answers all that wait for anything before it. */
	#ask(channel: string, membership: Membership, type: "enter" | "update" | "leave"): void {
		const { welcome } = this.#link.link;
		if (!welcome) return;
		if (!welcome.features.includes("presence")) {
			this.#refused(
				channel,
				membership,
				undefined,
				new AerogramError("unsupported", "There is no presence on this connection."),
			);
			return;
		}
		this.#requests += 1;
		const request = this.#requests;
		for (const [waiting, asked] of membership.waiting) if (asked === 0) membership.waiting.set(waiting, request);
		membership.told = type !== "leave";
		this.#link.request(
			(ref) => {
				if (type === "leave") return { type, ref, channel };
				return { type, ref, channel, data: membership.wanted?.data ?? null };
			},
			() => {
				this.#settle(membership, request, (waiting) => waiting.resolve());
				if (!membership.wanted && membership.waiting.size === 0) this.#forget(channel, membership);
			},
			(error) => {
				const isGone = type === "update" && error.code === "not_found";
				if (type === "enter" || isGone || error.code === "forbidden") membership.told = false;
				if (isGone && membership.wanted && this.#channels.get(channel) === membership) {
					// It is no member: an enter before this was refused, or the server has ended it. That is asked for anew.
					for (const [waiting, asked] of membership.waiting) if (asked === request) membership.waiting.set(waiting, 0);
					this.#ask(channel, membership, "enter");
				} else if (membership.told) {
					this.#settle(membership, request, (waiting) => waiting.reject(error));
				} else {
					this.#refused(channel, membership, request, error);
				}
			},
		);
	}

	/** It is no member. Nobody who waits for it: then the space is told. */
	#refused(channel: string, membership: Membership, request: number | undefined, error: AerogramError): void {
		if (membership.waiting.size === 0) this.#link.link.report(error);
		this.#settle(membership, request, (waiting) => waiting.reject(error));
		if (membership.waiting.size === 0) this.#forget(channel, membership);
	}

	#settle(membership: Membership, request: number | undefined, settle: (waiting: Waiting) => void): void {
		for (const [waiting, asked] of [...membership.waiting]) {
			if (request !== undefined && asked !== request) continue;
			membership.waiting.delete(waiting);
			settle(waiting);
		}
	}

	#forget(channel: string, membership: Membership): void {
		// Another may stand in its place.
		if (this.#channels.get(channel) !== membership) return;
		this.#channels.delete(channel);
		this.#link.link.release();
	}
}

/** A promise that its signal can end; `dropped` is called then. */
function waitFor(signal: AbortSignal | undefined, dropped: () => void) {
	let waiting: Waiting = { resolve: () => {}, reject: () => {} };
	const promise = new Promise<void>((resolve, reject) => {
		waiting = { resolve, reject };
	});
	const abort = () => {
		dropped();
		waiting.reject(signal?.reason);
	};
	signal?.addEventListener("abort", abort);
	return { promise, waiting, stop: () => signal?.removeEventListener("abort", abort) };
}
