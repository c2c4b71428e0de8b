import { errorRule } from "../protocol/errors.ts";
import { backoffDelay } from "./backoff.ts";
import { Timer } from "./clock.ts";
import { isTooBig } from "./close-codes.ts";
import type { Loss, Welcome } from "./connection.ts";
import { AerogramError } from "./errors.ts";
import { Producer } from "./producer.ts";
import type { StoredPublish } from "./publish-queue.ts";
import { type Item, type Lane, type Published, type Publishing, safeShare, unknownOutcome } from "./publishing.ts";
import { type Answer, oddAnswer } from "./requests.ts";
import type { Link } from "./session.ts";

/** All publishes of one space: what waits, what is on its way, and what becomes of each. */
export class Publisher {
	readonly #link: Link;
	readonly #space: string;
	/** In the order of the calls. */
	readonly #items = new Set<Item>();
	readonly #lanes = new Map<string, Lane>();
	/** Lanes with something to send. */
	readonly #ready = new Set<Lane>();
	#epoch: string | undefined;
	#bytes = 0;
	#inFlight = 0;

	constructor(link: Link, space: string) {
		this.#link = link;
		this.#space = space;
	}

	/** Publishes that have no outcome yet. */
	get pending(): number {
		return this.#items.size;
	}

	/** Takes over what an earlier run left. Nobody waits for its outcome: a failure is reported. */
	restore(): void {
		for (const [channel, { last, publishes }] of this.#link.settings.queue?.read(this.#space) ?? []) {
			const lane = this.#lane(channel);
			lane.producer.passed(last);
			for (const publish of publishes) {
				this.#epoch ??= publish.epoch;
				const reject = (error: unknown) => this.#closed || this.#link.report(error as AerogramError);
				this.#add(lane, publish, { resolve: () => {}, reject, stopListening: () => {} });
			}
		}
	}

	/** Puts one in the queue. Rejects with `signal`'s reason, or with an `AerogramError`. */
	publish({ channel, draft, bytes, ifSeq, signal }: Publishing): Promise<Published> {
		return new Promise((resolve, reject) => {
			if (this.#link.ended) throw this.#link.ended;
			signal?.throwIfAborted();
			this.#makeRoom(bytes);
			const lane = this.#lane(channel);
			const abort = () => this.#abandon(item, signal?.reason);
			const stopListening = () => signal?.removeEventListener("abort", abort);
			signal?.addEventListener("abort", abort);
			const item = this.#add(lane, { n: lane.producer.next, draft, bytes, ifSeq }, { resolve, reject, stopListening });
			this.#write(item);
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
		for (const item of this.#items) {
			// The head that it asks for was one of the life that is over.
			if (wiped && item.ifSeq !== undefined) this.#reject(item, new AerogramError("wiped", "The space was wiped."));
			else if (item.sentFirst === undefined) this.#write(item);
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
		}
		for (const item of this.#items) if (item.abandoned) this.#settle(item);
	}

	/** Nothing will be sent any more. */
	end(error: AerogramError): void {
		for (const lane of this.#lanes.values()) lane.pause.stop();
		for (const item of this.#items) {
			const sent = item.uncertain || item.ref !== undefined;
			this.#reject(item, sent ? unknownOutcome(error.message, error) : error);
		}
	}

	get #closed(): boolean {
		return this.#link.ended?.code === "closed";
	}

	#makeRoom(bytes: number): void {
		const { queueMessages, queueBytes, queueOverflow } = this.#link.settings;
		const full = () => this.#items.size >= queueMessages || this.#bytes + bytes > queueBytes;
		if (queueOverflow === "drop-oldest" && bytes <= queueBytes) {
			for (const item of this.#items) {
				if (!full()) return;
				// What was sent may be stored: to drop it would tell the application too little.
				if (item.attempts === 0) this.#reject(item, new AerogramError("queue_full", "It was dropped for a later one."));
			}
		}
		if (full()) throw new AerogramError("queue_full", "Too many publishes wait for their answer; await some first.");
	}

	#add(
		lane: Lane,
		{ n, draft, bytes, ifSeq, sentFirst }: StoredPublish,
		{ resolve, reject, stopListening }: Pick<Item, "resolve" | "reject" | "stopListening">,
	): Item {
		const sent = sentFirst !== undefined;
		const fresh = { ref: undefined, attempts: Number(sent), sentFirst, uncertain: sent, abandoned: false, writes: 0 };
		const item: Item = { lane, n, draft, bytes, ifSeq, ...fresh, resolve, reject, stopListening };
		lane.producer.add(item);
		this.#items.add(item);
		this.#bytes += bytes;
		if (this.#items.size === 1) this.#link.retain();
		this.#ready.add(lane);
		return item;
	}

	/** Has it kept by the stored queue, if there is one. Where it may be sent soon, that is said there first. */
	#write(item: Item): void {
		const { queue, clock } = this.#link.settings;
		if (!queue) return;
		const { lane, n, draft, bytes, ifSeq } = item;
		if (this.#link.welcome) item.sentFirst ??= clock.now();
		item.writes += 1;
		const publish = { n, draft, bytes, ifSeq, sentFirst: item.sentFirst, epoch: this.#epoch };
		queue.write(this.#space, lane.producer.channel, publish).then(
			() => {
				item.writes -= 1;
				this.#ready.add(lane);
				this.#pump();
			},
			(cause) => this.#reject(item, new AerogramError("queue_full", "The queue's storage did not take it.", { cause })),
		);
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
			if (!item || item.writes > 0) continue;
			this.#sendOrReject(lane, item, welcome);
			// Back at the end of the set, which this loop then comes to again.
			this.#ready.add(lane);
		}
	}

	#sendOrReject(lane: Lane, item: Item, { limits }: Welcome): void {
		const { clock, durations } = this.#link.settings;
		if (item.abandoned) {
			this.#settle(item);
			return;
		}
		if (item.sentFirst !== undefined && clock.now() - item.sentFirst > safeShare * durations.dedup) {
			this.#reject(item, unknownOutcome("It was sent too long ago for the server to tell a repetition."));
			return;
		}
		if (item.attempts === 0 && item.bytes > limits.messageBytes) {
			this.#reject(item, new AerogramError("too_big", `A message holds at most ${limits.messageBytes} bytes.`));
			return;
		}
		const { channel } = lane.producer;
		const { draft, n, ifSeq } = item;
		const previous = lane.producer.begin(item, clock.now());
		this.#inFlight += 1;
		const patience = durations.answer * 1.5 ** Math.min(item.attempts - 1, 6);
		item.ref = this.#link.request(
			patience,
			(ref) => ({ type: "publish", ref, channel, draft, n, previous, ...(ifSeq !== undefined && { ifSeq }) }),
			(answer) => this.#answered(lane, item, previous, answer),
		);
	}

	#answered(lane: Lane, item: Item, previous: number, answer: Answer): void {
		const { producer } = lane;
		// `done`: the channel keeps nothing.
		if (answer.type === "published" || answer.type === "done") {
			lane.refusals = 0;
			const { seq, duplicate } = answer.type === "done" ? { seq: null, duplicate: false } : answer;
			// It was sent once, and the server had it before: another program numbers its publishes under this client's id.
			const foreign = duplicate && item.attempts === 1 && item.draft.id === undefined;
			if (!foreign) producer.stored(item);
			this.#settle(item);
			if (foreign) item.reject(new AerogramError("idempotency_mismatch", "The client id was used before."));
			else item.resolve({ epoch: this.#epoch ?? "", seq, duplicate });
		} else {
			const { code, message, last, head, path } = answer.type === "error" ? answer : oddAnswer;
			if (code === "out_of_order" && last !== undefined && previous > last) {
				if (producer.items[0] === item) producer.lower(last);
				this.#rewind(lane, last);
			} else if (code === "producer_unknown" && previous >= 0) {
				// Where nothing was ever confirmed, there was nothing to forget: the one before this failed, and was the first.
				if (producer.confirmed) this.#restart(lane, "The server no longer remembers this client.");
				else this.#rewind(lane, -1);
			} else if (errorRule(code).retry === "no") {
				const state = head === undefined ? undefined : { epoch: this.#epoch ?? "", head };
				this.#reject(item, new AerogramError(code, message, { state, path }));
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
		this.#rewind(lane, item.n - 1);
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
			if (item.uncertain) this.#reject(item, unknownOutcome(why));
		}
	}

	/** The server does not say which one its limit refused. One at a time, the largest first, finds it. */
	#rejectLargest(error: AerogramError): void {
		let largest: Item | undefined;
		for (const item of this.#items)
			if (item.ref !== undefined && !(largest && item.bytes <= largest.bytes)) largest = item;
		if (largest) this.#reject(largest, new AerogramError("too_big", error.message, { cause: error }));
	}

	/** The application waits no longer. What is on its way may be stored all the same; it is not sent again. */
	#abandon(item: Item, reason: unknown): void {
		item.abandoned = true;
		item.reject(reason);
		if (item.ref === undefined) this.#settle(item);
	}

	#reject(item: Item, error: AerogramError): void {
		this.#settle(item);
		item.reject(error);
	}

	#settle(item: Item): void {
		if (!this.#items.delete(item)) return;
		const { lane, ref, n, bytes } = item;
		if (ref !== undefined) this.#inFlight -= 1;
		item.ref = undefined;
		lane.producer.remove(item);
		item.stopListening();
		this.#bytes -= bytes;
		// What waits at the end is for the next run.
		if (!this.#closed) this.#link.settings.queue?.remove(this.#space, lane.producer.channel, n);
		if (this.#items.size === 0) this.#link.release();
	}
}
