import type { EphemeralMessage, Message, ResetReason, Start } from "../protocol/envelopes.ts";
import { AerogramError } from "./errors.ts";
import { type Delivery, type Gap, Inbox } from "./inbox.ts";
import { type Mark, type MessageFrame, type Subscribed, survivesReset } from "./recovery.ts";
import type { MessageCallback, SubscriberOptions, Subscription } from "./subscribing.ts";

/** What a subscriber tells its feed, and needs of it. */
export interface SubscriberHost {
	/** The application has taken something more; the last of it weighed `weight`. */
	consumed(weight: number): void;
	/** It ends. */
	left(subscriber: Subscriber): void;
	/** A failure that no promise carries. */
	report(error: AerogramError): void;
	gap(gap: Gap): void;
}

interface Reader {
	readonly resolve: (result: IteratorResult<Message, undefined>) => void;
	readonly reject: (reason: unknown) => void;
}

const finished = { done: true, value: undefined } as const;

/** One local subscriber of a feed: where it is, what it has not been handed yet, and the application's side of it. */
export class Subscriber implements Subscription, AsyncIterator<Message, undefined> {
	/** Where the server is to start for it; undefined while it has a place in the subscription that stands. */
	wanted: Start | undefined;
	/** A frame showed that it misses something. */
	behind = false;
	readonly ready: Promise<void>;
	readonly inbox = new Inbox();
	readonly #host: SubscriberHost;
	readonly #options: SubscriberOptions;
	readonly #readers: Reader[] = [];
	#stood!: () => void;
	#neverStood!: (reason: unknown) => void;
	#position: Mark | undefined;
	#lost: ResetReason | undefined;
	#busy = false;
	#ended = false;
	/** Why it ended, in a box because anything can be a reason; taken out by who is told of it. */
	#failure: { readonly reason: unknown } | undefined;

	constructor(host: SubscriberHost, options: SubscriberOptions) {
		this.#host = host;
		this.#options = options;
		this.wanted = options.start;
		if (options.start.from === "position") {
			const { from: _, ...mark } = options.start;
			this.#position = mark;
		}
		// Promise.withResolvers came with Node 22.
		this.ready = new Promise((resolve, reject) => {
			this.#stood = resolve;
			this.#neverStood = reject;
		});
		// Who does not look at `ready` learns of a failure by the iterator or by the error event.
		this.ready.catch(() => {});
		options.signal?.addEventListener("abort", this.abort);
	}

	get position(): Mark | undefined {
		if (this.#ended || this.#busy || !this.inbox.empty) return this.#position;
		return this.inbox.resume ?? this.#position;
	}

	/** What it may be credited for: everything up to here is off its hands. */
	get acknowledged(): number {
		return (this.inbox.hasGap ? this.inbox.resume : this.position)?.seq ?? 0;
	}

	/** A subscription stands that starts where this one wanted. */
	place(stands: Subscribed): void {
		const mark = { epoch: stands.epoch, seq: stands.after };
		const received = this.inbox.received;
		const from = received ?? this.#position ?? null;
		const reason = this.#lost;
		this.wanted = undefined;
		this.#lost = undefined;
		this.behind = false;
		if (reason) {
			if (!received || !survivesReset(received, reason, stands)) this.skip({ reason, from, to: mark });
		} else if (!from) {
			this.inbox.place(mark);
			this.#position = mark;
		} else if (from.epoch === mark.epoch && from.seq >= mark.seq) {
			// It goes on after what the application has, and knows the id of the message there.
			this.inbox.place(from);
		} else {
			this.skip({ reason: from.epoch === mark.epoch ? "retention" : "epoch", from, to: mark });
		}
		this.#stood();
	}

	/** What lies in between is gone; it goes on after the gap. */
	skip(gap: Gap & { readonly to: Mark }): void {
		this.inbox.skip(gap, gap.to);
		this.#deliver();
	}

	/** The server cannot go on where this one was. It goes on from what is retained, and is told of the gap there. */
	lose(reason: ResetReason, floor = Number.POSITIVE_INFINITY): void {
		const start = this.wanted?.from;
		if (start === "live" || (start === "start" && reason !== "forbidden")) {
			this.fail(new AerogramError(reason === "forbidden" ? "forbidden" : "internal", `Not subscribed (${reason}).`));
			return;
		}
		this.#lost = reason;
		const { onGap = "from-floor" } = this.#options;
		const { received } = this.inbox;
		if (reason !== "forbidden" && (onGap === "from-floor" || typeof onGap === "function")) {
			this.wanted = { from: "start" };
		} else if (reason === "retention" && received && received.seq >= floor - 1) {
			// Another reader of the channel was too far behind, not this one.
			this.wanted = { from: "position", ...received };
		} else {
			// Who may not read what is old may still be allowed to read what is new.
			this.wanted = { from: "live" };
		}
	}

	/** Takes a frame of the subscription that stands. */
	accept(frame: MessageFrame, weight: number): void {
		// What comes before its own place is known is of an older subscription, or of another subscriber's.
		if (this.wanted) return;
		const { unwanted } = this.#options;
		const entries = unwanted ? frame.entries.filter(({ id, by = id }) => !by.startsWith(unwanted)) : frame.entries;
		if (this.inbox.accept({ ...frame, entries }, weight)) this.#deliver();
		else this.behind = true;
	}

	/** Takes ephemeral messages, if it has everything that was stored before them. */
	pass(entries: readonly EphemeralMessage[], weight: number): void {
		if (this.wanted || this.behind) return;
		this.inbox.pass(entries, weight);
		this.#deliver();
	}

	/** Ends it with an error: the iterator throws it, or the error event tells it. */
	fail(error: AerogramError): void {
		if (this.#ended) return;
		if (this.#options.callback) this.#host.report(error);
		this.#end({ reason: error });
	}

	unsubscribe(): void {
		this.#end(undefined);
	}

	/** Ends it with the reason of its signal. A field, because it is a listener that is taken away again. */
	readonly abort = (): void => this.#end({ reason: this.#options.signal?.reason });

	[Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
		if (!this.#options.callback) return this;
		throw new AerogramError("bad_request", "This subscription has a callback. Iterate one that was made without.");
	}

	next(): Promise<IteratorResult<Message, undefined>> {
		return new Promise((resolve, reject) => {
			this.#readers.push({ resolve, reject });
			this.#deliver();
		});
	}

	/** The loop was left: by `break`, by `return`, or because its body threw. */
	return(): Promise<IteratorResult<Message, undefined>> {
		this.unsubscribe();
		return Promise.resolve(finished);
	}

	#end(failure: { readonly reason: unknown } | undefined): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#position = this.position;
		this.#failure = failure;
		this.#options.signal?.removeEventListener("abort", this.abort);
		this.inbox.clear();
		if (failure) this.#neverStood(failure.reason);
		else this.#neverStood(new AerogramError("closed", "The subscription ended before it stood."));
		this.#host.left(this);
		this.#deliver();
	}

	#deliver(): void {
		if (this.#options.callback) {
			if (!this.#busy && !this.#ended) void this.#call(this.#options.callback);
			return;
		}
		for (let reader = this.#readers[0]; reader; reader = this.#readers[0]) {
			if (this.#ended) {
				const failure = this.#failure;
				this.#failure = undefined;
				if (failure) reader.reject(failure.reason);
				else reader.resolve(finished);
			} else {
				const message = this.#busy ? undefined : this.#takeMessage();
				if (!message) return;
				reader.resolve({ done: false, value: message });
			}
			this.#readers.shift();
		}
	}

	#takeMessage(): Message | undefined {
		const next = this.inbox.take();
		if (next?.kind === "gap") {
			void this.#cross(next);
			return undefined;
		}
		if (next) this.#took(next);
		return next?.message;
	}

	/** What follows a gap waits until the application is done with it. Never rejects. */
	async #cross(next: Extract<Delivery, { kind: "gap" }>): Promise<void> {
		this.#busy = true;
		await this.#tell(next.gap);
		this.#took(next);
		this.#busy = false;
		this.#deliver();
	}

	/** Never rejects: what a callback throws is reported, and the next message comes. */
	async #call(callback: MessageCallback): Promise<void> {
		this.#busy = true;
		for (let next = this.inbox.take(); next; next = this.inbox.take()) {
			await this.#hand(next, callback);
			this.#took(next);
		}
		this.#busy = false;
	}

	#took({ mark, ...next }: Delivery): void {
		// One that ended at a gap never went beyond it.
		if (!mark || (next.kind === "gap" && this.#ended)) return;
		this.#position = mark;
		// Ended meanwhile: the inbox is empty, and its feed knows it no more.
		if (!this.#ended) this.#host.consumed(next.kind === "message" ? next.weight : 0);
	}

	async #hand(next: Delivery, callback: MessageCallback): Promise<void> {
		if (next.kind === "gap") {
			await this.#tell(next.gap);
			return;
		}
		try {
			await callback(next.message);
		} catch (thrown) {
			this.#host.report(callbackFailed(thrown));
		}
	}

	async #tell(gap: Gap): Promise<void> {
		this.#host.gap(gap);
		const { onGap } = this.#options;
		if (onGap === "error") this.fail(new AerogramError("position_expired", `Messages are lost (${gap.reason}).`));
		const snapshot = typeof onGap === "object";
		try {
			if (snapshot) await onGap.snapshot(gap);
			else if (typeof onGap === "function") await onGap(gap);
		} catch (thrown) {
			// Without its snapshot the application has nothing that the messages that follow could change.
			if (snapshot) this.fail(callbackFailed(thrown));
			else this.#host.report(callbackFailed(thrown));
		}
	}
}

function callbackFailed(cause: unknown): AerogramError {
	return new AerogramError("callback_failed", "A callback of a subscription threw.", { cause });
}
