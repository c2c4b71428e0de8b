import type { ResetReason, Start } from "../protocol/envelopes.ts";
import { errorRule } from "../protocol/errors.ts";
import { backoffDelay } from "./backoff.ts";
import { Timer } from "./clock.ts";
import { CreditMeter } from "./credit.ts";
import { AerogramError } from "./errors.ts";
import type { Gap } from "./inbox.ts";
import { type EphemeralFrame, earliest, isSameStart, type MessageFrame, type Subscribed } from "./recovery.ts";
import type { Answer } from "./requests.ts";
import type { Link } from "./session.ts";
import type { SubscriberOptions } from "./subscribing.ts";
import { Subscriber, type SubscriberHost } from "./subscription.ts";

/** A gap and the channel it is in. */
export interface ChannelGap extends Gap {
	readonly channel: string;
}

/** Whom a feed tells. */
export interface FeedEvents {
	/** Its last subscriber left. */
	readonly empty: () => void;
	readonly gap: (gap: ChannelGap) => void;
}

/**
 * All local subscribers of one channel, over the one subscription the server holds for it. A newcomer's `sub` replaces
 * that subscription; whoever it leaves behind is caught up by one more `sub`, at the earliest position of all. So the
 * subscription only ever starts too early for some, who drop what they have, never too late for long.
 */
export class Feed implements SubscriberHost {
	readonly channel: string;
	readonly #link: Link;
	readonly #events: FeedEvents;
	readonly #subscribers = new Set<Subscriber>();
	readonly #retry: Timer;
	readonly #credit: CreditMeter;
	/** A `sub` waits for its answer. */
	#asked = false;
	/** The server holds a subscription for this channel. */
	#standing = false;
	/** Subscriptions in a row that brought nothing. */
	#futile = 0;

	constructor(channel: string, link: Link, events: FeedEvents) {
		this.channel = channel;
		this.#link = link;
		this.#events = events;
		const { clock, durations } = link.settings;
		this.#retry = new Timer(clock);
		this.#credit = new CreditMeter(clock, durations.credit, (seq) => link.send({ type: "credit", channel, seq }));
	}

	/** Adds a local subscriber. */
	add(options: SubscriberOptions): Subscriber {
		const subscriber = new Subscriber(this, options);
		if (options.signal?.aborted) {
			subscriber.abort();
			if (this.#subscribers.size === 0) this.#events.empty();
			return subscriber;
		}
		this.#subscribers.add(subscriber);
		this.#link.retain();
		if (this.#link.ended) subscriber.fail(this.#link.ended);
		else this.#ask();
		return subscriber;
	}

	/** A connection stands, and no subscription on it. */
	up(): void {
		this.#ask();
	}

	/** The connection is gone, and the subscription with it. */
	down(): void {
		this.#asked = false;
		this.#standing = false;
		this.#retry.stop();
		this.#credit.lost();
	}

	/** Nothing will come any more: after `close()` subscriptions just end; after a refusal each gets the error. */
	end(error: AerogramError): void {
		this.down();
		for (const subscriber of [...this.#subscribers]) {
			if (error.code === "closed") subscriber.unsubscribe();
			else subscriber.fail(error);
		}
	}

	/** Messages came. `weight`: characters per message. */
	messages(frame: MessageFrame, weight: number): void {
		this.#credit.arrived(frame.to);
		let someBehind = false;
		for (const subscriber of this.#subscribers) {
			subscriber.accept(frame, weight);
			someBehind ||= subscriber.behind;
		}
		if (!someBehind) {
			this.#futile = 0;
			this.consumed(0);
		} else if (!this.#asked && !this.#retry.running) {
			if (this.#futile === 0) this.#ask();
			else this.#askLater();
		}
	}

	/** Ephemeral messages came. Who is behind does not get them. */
	pass({ entries }: EphemeralFrame, weight: number): void {
		if (!this.#standing) return;
		this.#credit.passed(entries.length, entries.length * weight);
		for (const subscriber of [...this.#subscribers]) subscriber.pass(entries, weight);
	}

	/** The server ended the subscription. */
	reset(reason: ResetReason): void {
		this.#standing = false;
		this.#credit.ended();
		for (const subscriber of [...this.#subscribers]) if (!subscriber.wanted) subscriber.lose(reason);
		this.#ask();
	}

	consumed(weight: number): void {
		if (!this.#standing) return;
		let least = Number.POSITIVE_INFINITY;
		for (const subscriber of this.#subscribers) {
			if (!subscriber.wanted) least = Math.min(least, subscriber.acknowledged);
		}
		if (least !== Number.POSITIVE_INFINITY) this.#credit.consumed(least, weight);
	}

	left(subscriber: Subscriber): void {
		if (!this.#subscribers.delete(subscriber)) return;
		if (this.#subscribers.size === 0) {
			const { channel } = this;
			if (this.#link.welcome && (this.#standing || this.#asked)) {
				const { answer } = this.#link.settings.durations;
				this.#link.request(
					answer,
					(ref) => ({ type: "unsubscribe", ref, channel }),
					// What came until now was given no credit, and waits for nobody.
					() => this.#link.send({ type: "credit", channel, seq: 0 }),
				);
			}
			this.down();
			this.#events.empty();
		} else {
			this.consumed(0);
		}
		this.#link.release();
	}

	report(error: AerogramError): void {
		this.#link.report(error);
	}

	gap(gap: Gap): void {
		this.#events.gap({ channel: this.channel, ...gap });
	}

	/** Asks for what is needed next, if anything is: one `sub` at a time, newcomers first. */
	#ask(): void {
		if (this.#asked || this.#retry.running || !this.#link.welcome) return;
		const all = [...this.#subscribers];
		const newcomer = all.find(({ wanted }) => wanted)?.wanted;
		if (newcomer) {
			this.#send(newcomer, false);
		} else if (!this.#standing || all.some(({ behind }) => behind)) {
			const mark = earliest(all.flatMap(({ inbox }) => inbox.resume ?? []));
			if (mark) this.#send({ from: "position", ...mark }, true);
		}
	}

	/** `shared`: for all who have a place already, rather than for newcomers. */
	#send(start: Start, shared: boolean): void {
		const { channel } = this;
		this.#asked = true;
		this.#link.request(
			this.#link.settings.durations.answer,
			(ref) => ({ type: "subscribe", ref, channel, start }),
			(answer) => this.#answered(answer, start, shared),
		);
	}

	#answered(answer: Answer, start: Start, shared: boolean): void {
		this.#asked = false;
		if (this.#subscribers.size === 0) return;
		const concerned = [...this.#subscribers].filter(({ wanted }) =>
			shared ? !wanted : wanted && isSameStart(wanted, start),
		);
		if (answer.type === "subscribed") {
			this.#stands(answer, concerned, shared);
		} else {
			this.#standing = false;
			if (answer.type === "reset") {
				this.#credit.ended();
				for (const subscriber of concerned) subscriber.lose(answer.reason, answer.floor);
			} else if (answer.type === "error") {
				const error = new AerogramError(answer.code, answer.message);
				if (errorRule(answer.code).retry === "no") {
					for (const subscriber of concerned) subscriber.fail(error);
				} else {
					this.report(error);
					this.#askLater();
				}
			}
		}
		this.#ask();
	}

	#stands(answer: Subscribed, concerned: readonly Subscriber[], shared: boolean): void {
		this.#standing = true;
		this.#credit.restart(answer.after);
		if (shared) this.#futile += 1;
		for (const subscriber of this.#subscribers) {
			const { received } = subscriber.inbox;
			if (!shared && concerned.includes(subscriber)) {
				subscriber.place(answer);
			} else if (!subscriber.wanted && received) {
				if (received.epoch !== answer.epoch) subscriber.lose("epoch");
				else subscriber.behind = received.seq < answer.after;
				// It was asked for the earliest of all, and starts later: what lies between is gone, whatever the server says.
				if (shared && subscriber.behind) {
					subscriber.behind = false;
					subscriber.skip({ reason: "retention", from: received, to: { epoch: answer.epoch, seq: answer.after } });
				}
			}
		}
		this.consumed(0);
	}

	#askLater(): void {
		const { random, durations } = this.#link.settings;
		this.#retry.start(backoffDelay(this.#futile, random, durations), () => this.#ask());
		this.#futile += 1;
	}
}
