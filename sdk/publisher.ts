import type { Draft } from "../protocol/envelopes.ts";
import { type ErrorCode, errorRow } from "../protocol/errors.ts";
import { backoffDelay } from "./backoff.ts";
import { Timer } from "./clock.ts";
import { isTooBig } from "./close-codes.ts";
import type { Loss, Welcome } from "./connection.ts";
import { AerogramError } from "./errors.ts";
import { Producer, type Publication } from "./producer.ts";
import type { Answer } from "./requests.ts";
import type { Link } from "./session.ts";

/** A publish that is stored. */
export interface Published {
	readonly epoch: string;
	/** Its place in the channel; null only for a duplicate whose message is no longer retained. */
	readonly seq: number | null;
	/** An earlier attempt had stored it, and its answer was lost: it is in the log once. */
	readonly duplicate: boolean;
}

interface Item extends Publication {
	readonly resolve: (published: Published) => void;
	readonly reject: (reason: unknown) => void;
	readonly stopListening: () => void;
}

/** A channel's publishes, and their pause after the server asked for one. */
interface Lane {
	readonly producer: Producer<Item>;
	readonly pause: Timer;
	refusals: number;
}

/** Of the time that the server remembers a producer, how much may pass until a repetition is no longer safe to send. */
const safeShare = 0.9;

/** All publishes of one space: what waits, what is on its way, and what becomes of each. */
export class Publisher {
	readonly #link: Link;
	readonly #lanes = new Map<string, Lane>();
	/** Lanes with something to send. */
	readonly #ready = new Set<Lane>();
	#epoch: string | undefined;
	#messages = 0;
	#bytes = 0;
	#inFlight = 0;

	constructor(link: Link) {
		this.#link = link;
	}

	/** Puts one in the queue. Rejects with `signal`'s reason, or with an `AerogramError`. */
	publish(channel: string, draft: Draft, bytes: number, signal: AbortSignal | undefined): Promise<Published> {
		return new Promise((resolve, reject) => {
			const { queueMessages, queueBytes } = this.#link.settings;
			if (this.#link.ended) throw this.#link.ended;
			if (this.#messages >= queueMessages || this.#bytes + bytes > queueBytes) {
				throw new AerogramError("queue_full", "Too many publishes wait for their answer; await some of them first.");
			}
			signal?.throwIfAborted();
			const lane = this.#lane(channel);
			const abort = () => this.#abandon(lane, item, signal?.reason);
			const stopListening = () => signal?.removeEventListener("abort", abort);
			const fresh = { n: undefined, ref: undefined, attempts: 0, sentFirst: undefined, uncertain: false };
			const item: Item = { draft, bytes, ...fresh, abandoned: false, resolve, reject, stopListening };
			signal?.addEventListener("abort", abort);
			lane.producer.add(item);
			this.#messages += 1;
			this.#bytes += bytes;
			if (this.#messages === 1) this.#link.retain();
			this.#ready.add(lane);
			this.#pump();
		});
	}

	/** A connection stands. */
	up(welcome: Welcome): void {
		const wiped = this.#epoch !== undefined && this.#epoch !== welcome.epoch;
		this.#epoch = welcome.epoch;
		for (const lane of this.#lanes.values()) {
			if (wiped) this.#restart(lane, "The space was wiped before the answer came.");
			if (lane.producer.unsent) this.#ready.add(lane);
		}
		this.#pump();
	}

	/** The connection is gone. */
	down(loss: Loss): void {
		if (isTooBig(loss.code)) this.#rejectLargest(loss.error);
		this.#inFlight = 0;
		for (const lane of this.#lanes.values()) {
			lane.pause.stop();
			lane.producer.lose();
			for (const item of [...lane.producer.items]) if (item.abandoned) this.#settle(lane, item);
		}
	}

	/** Nothing will be sent any more. */
	end(error: AerogramError): void {
		for (const lane of this.#lanes.values()) {
			lane.pause.stop();
			for (const item of [...lane.producer.items]) {
				const sent = item.uncertain || item.ref !== undefined;
				this.#reject(lane, item, sent ? unknownOutcome(error.message, error) : error);
			}
		}
		this.#ready.clear();
	}

	#lane(channel: string): Lane {
		const known = this.#lanes.get(channel);
		if (known) return known;
		const producer = new Producer<Item>(channel);
		const lane = { producer, pause: new Timer(this.#link.settings.clock), refusals: 0 };
		this.#lanes.set(channel, lane);
		return lane;
	}

	/** Sends what the window has room for, one of each channel in turn. */
	#pump(): void {
		const welcome = this.#link.welcome;
		if (!welcome) return;
		const window = Math.min(this.#link.settings.inFlight, welcome.limits.inFlight);
		for (const lane of this.#ready) {
			if (this.#inFlight >= window) return;
			this.#ready.delete(lane);
			const item = lane.pause.running ? undefined : lane.producer.unsent;
			if (!item) continue;
			this.#sendOrReject(lane, item, welcome);
			// Back at the end of the set, which this loop then comes to again.
			this.#ready.add(lane);
		}
	}

	#sendOrReject(lane: Lane, item: Item, { limits }: Welcome): void {
		const { clock, durations } = this.#link.settings;
		if (item.abandoned) {
			this.#settle(lane, item);
			return;
		}
		if (item.sentFirst !== undefined && clock.now() - item.sentFirst > safeShare * durations.dedup) {
			this.#reject(lane, item, unknownOutcome("It was sent too long ago for the server to tell a repetition."));
			return;
		}
		if (item.n === undefined && item.bytes > limits.messageBytes) {
			this.#reject(lane, item, new AerogramError("too_big", `A message holds at most ${limits.messageBytes} bytes.`));
			return;
		}
		const { channel } = lane.producer;
		const { draft } = item;
		const { n, previous } = lane.producer.begin(item, clock.now());
		this.#inFlight += 1;
		const patience = durations.answer * 1.5 ** Math.min(item.attempts - 1, 6);
		item.ref = this.#link.request(
			patience,
			(ref) => ({ type: "publish", ref, channel, draft, n, previous }),
			(answer) => this.#answered(lane, item, previous, answer),
		);
	}

	#answered(lane: Lane, item: Item, previous: number, answer: Answer): void {
		const { producer } = lane;
		if (answer.type === "published") {
			lane.refusals = 0;
			// It was sent once, and the server had it before: another program numbers its publishes under this client's id.
			if (answer.duplicate && item.attempts === 1 && item.draft.id === undefined) {
				this.#reject(lane, item, new AerogramError("idempotency_mismatch", "The client id was used before."));
			} else {
				producer.stored(item);
				this.#settle(lane, item);
				item.resolve({ epoch: this.#epoch ?? "", seq: answer.seq, duplicate: answer.duplicate });
			}
		} else {
			const [code, message, last]: readonly [ErrorCode, string, number | undefined] =
				answer.type === "error"
					? [answer.code, answer.message, answer.last]
					: ["internal", "An odd answer.", undefined];
			if (code === "out_of_order" && last !== undefined && previous > last) {
				if (producer.items[0] === item) producer.lower(last);
				this.#rewind(lane, last);
			} else if (code === "producer_unknown" && previous >= 0) {
				// Where nothing was ever confirmed, there was nothing to forget: the one before this failed, and was the first.
				if (producer.confirmed) this.#restart(lane, "The server no longer remembers this client.");
				else this.#rewind(lane, -1);
			} else if (errorRow(code).retry === "no") {
				this.#reject(lane, item, new AerogramError(code, message));
			} else {
				this.#pause(lane, item, new AerogramError(code, message));
			}
		}
		this.#pump();
	}

	/** Everything above `last` goes back into the queue. */
	#rewind(lane: Lane, last: number): void {
		for (const ref of lane.producer.rewind(last)) {
			this.#link.forget(ref);
			this.#inFlight -= 1;
		}
		this.#ready.add(lane);
	}

	/** A refusal for now: this one and those after it wait, then go in the same order. */
	#pause(lane: Lane, item: Item, error: AerogramError): void {
		const { random, durations } = this.#link.settings;
		if (lane.refusals === 0) this.#link.report(error);
		this.#rewind(lane, (item.n ?? 0) - 1);
		lane.pause.start(backoffDelay(lane.refusals, random, durations), () => {
			this.#ready.add(lane);
			this.#pump();
		});
		lane.refusals += 1;
	}

	/** The server knows nothing of what this client published: what may be stored is unknown, the rest begins anew. */
	#restart(lane: Lane, why: string): void {
		lane.producer.lower(-1);
		this.#rewind(lane, -1);
		for (const item of [...lane.producer.items]) {
			if (item.uncertain) this.#reject(lane, item, unknownOutcome(why));
		}
	}

	/** The server does not say which one its limit refused. One at a time, the largest first, finds it. */
	#rejectLargest(error: AerogramError): void {
		let largest: { readonly lane: Lane; readonly item: Item } | undefined;
		for (const lane of this.#lanes.values()) {
			for (const item of lane.producer.items.slice(0, lane.producer.inFlight)) {
				if (!largest || item.bytes > largest.item.bytes) largest = { lane, item };
			}
		}
		if (largest)
			this.#reject(largest.lane, largest.item, new AerogramError("too_big", error.message, { cause: error }));
	}

	/** The application waits no longer. What is on its way may be stored all the same; it is not sent again. */
	#abandon(lane: Lane, item: Item, reason: unknown): void {
		item.abandoned = true;
		item.reject(reason);
		if (item.ref === undefined) this.#settle(lane, item);
	}

	#reject(lane: Lane, item: Item, error: AerogramError): void {
		this.#settle(lane, item);
		item.reject(error);
	}

	#settle(lane: Lane, item: Item): void {
		if (item.ref !== undefined) this.#inFlight -= 1;
		item.ref = undefined;
		lane.producer.remove(item);
		item.stopListening();
		this.#messages -= 1;
		this.#bytes -= item.bytes;
		if (this.#messages === 0) this.#link.release();
	}
}

function unknownOutcome(why: string, cause?: AerogramError): AerogramError {
	const message = `The message may be stored or not. ${why}`;
	return new AerogramError("unknown_outcome", message, cause && { cause });
}
