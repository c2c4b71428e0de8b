import { errorRow } from "../../protocol/errors.ts";
import type { Identity } from "../../protocol/identity.ts";
import type { Durations } from "../../protocol/limits.ts";
import { failureLine } from "../../protocol/log.ts";
import { durationsOf, type Env } from "../env.ts";
import { Problem } from "../http/problem.ts";
import { HeldSocket, isForGood, refusalOf } from "./held-socket.ts";

/** Whom a line tells. */
export interface LineEvents {
	/** It stands, for the first time or again: the space knows nothing of what was asked before. */
	connected(): void;
	/** A frame came, as its text. */
	frame(text: string): void;
	/** It was lost, with a close code. Another one follows. */
	interrupted(code: number): void;
	/** It was given up, for reading too slowly or because its reader may no longer read: nothing more comes. */
	ended(): void;
	/** What was on its socket is void. */
	dropped(): void;
}

/**
 * A held socket to one space that comes back whenever it is lost, across the object's sleep, crashes and deploys, until it is
 * closed. What travels on it is its owner's.
 */
export class SpaceLine {
	readonly #env: Env;
	readonly #target: { readonly space: string; readonly identity: Identity };
	readonly #events: LineEvents;
	readonly #random: () => number;
	readonly #durations: Durations;
	#held: HeldSocket | undefined;
	/** The first socket: resolves when its owner has what it needs. */
	#opening: PromiseWithResolvers<void> | undefined;
	#closed = false;
	#retry: ReturnType<typeof setTimeout> | null = null;
	/** Sockets in a row that did not last. */
	#attempt = 0;
	#stable: ReturnType<typeof setTimeout> | null = null;

	constructor(
		env: Env,
		target: { readonly space: string; readonly identity: Identity },
		events: LineEvents,
		random: () => number,
	) {
		this.#env = env;
		this.#target = target;
		this.#events = events;
		this.#random = random;
		this.#durations = durationsOf(env);
	}

	/** The socket of now: what belongs to another one belongs to none. */
	get socket(): unknown {
		return this.#held;
	}

	/** Sends a frame. Without a socket it goes nowhere. */
	send(frame: string): void {
		this.#held?.send(frame);
	}

	/**
	 * Resolves once its owner has called `stands`. An object that cannot be reached is tried again for a while: an EventSource
	 * comes back after a lost connection, but never after an error.
	 *
	 * @throws Problem `space_full`, or what `refused` was told; what the platform says of an object that it cannot reach.
	 */
	async open(): Promise<void> {
		let patient = true;
		const patience = setTimeout(() => {
			patient = false;
			this.#opening?.reject(new Error("the space did not answer in time"));
		}, this.#durations.connect);
		try {
			while (!(await this.#isOpened())) {
				if (!patient) throw new Error("the space cannot be reached");
				const delay = this.#delay();
				this.#attempt += 1;
				await new Promise((resolve) => setTimeout(resolve, delay));
			}
		} catch (error) {
			this.close();
			throw error;
		} finally {
			clearTimeout(patience);
			this.#opening = undefined;
		}
	}

	/** Its owner has what it needs. */
	stands(): void {
		this.#opening?.resolve();
	}

	/** The space refuses what its owner asks for. */
	refused(problem: Problem): void {
		if (this.#opening) return this.#opening.reject(problem);
		if (problem.code === "forbidden") return this.#end();
		// It was let in before, so this passes.
		this.#drop();
		this.#reconnect();
	}

	/** Ends it. Nothing more comes. */
	close(): void {
		this.#closed = true;
		this.#drop();
		clearTimeout(this.#retry);
		this.#opening?.resolve();
	}

	/** Resolves to whether another attempt makes no sense: it is open, or closed for good. */
	async #isOpened(): Promise<boolean> {
		this.#opening = Promise.withResolvers();
		const { promise } = this.#opening;
		try {
			await Promise.race([this.#connect(), promise]);
			await promise;
			return true;
		} catch (error) {
			if (error instanceof Problem) throw error;
			console.error(failureLine("reaching the space of a stream", error));
			return this.#closed;
		}
	}

	async #connect(): Promise<void> {
		const held = await HeldSocket.open(
			this.#env,
			{ ...this.#target, beside: true },
			{
				frame: (text) => this.#events.frame(text),
				ended: (code) => this.#lost(code),
			},
		);
		// Its reader may have gone while it was being opened.
		if (this.#closed) return held.close();
		this.#held = held;
		this.#stable = setTimeout(() => {
			this.#attempt = 0;
		}, this.#durations.stable);
		this.#events.connected();
	}

	#lost(code: number): void {
		this.#drop();
		const refusal = refusalOf(code);
		if (this.#opening) return this.#opening.reject(refusal ?? new Error(`the space was lost (${code})`));
		if (refusal || code === errorRow("slow_consumer").close) return this.#end();
		this.#events.interrupted(code);
		this.#reconnect();
	}

	#end(): void {
		this.close();
		this.#events.ended();
	}

	#reconnect(): void {
		const delay = this.#delay();
		this.#attempt += 1;
		this.#retry = setTimeout(() => {
			this.#connect().catch((error: unknown) => {
				// It was let in before: only who it is can have become a reason against it.
				if (error instanceof Problem && isForGood(error.code)) return this.#end();
				if (!(error instanceof Problem)) console.error(failureLine("reaching the space of a stream", error));
				if (!this.#closed) this.#reconnect();
			});
		}, delay);
	}

	/** As every client: readers that lost the same object must not come back in the same moment. */
	#delay(): number {
		const { backoffBase, backoffCap, backoffFloor, spread } = this.#durations;
		const ceiling = Math.max(spread, Math.min(backoffCap, backoffBase * 2 ** this.#attempt));
		return Math.max(backoffFloor, this.#random() * ceiling);
	}

	#drop(): void {
		clearTimeout(this.#stable);
		this.#held?.close();
		this.#held = undefined;
		this.#events.dropped();
	}
}
