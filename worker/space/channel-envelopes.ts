import { encodeServer } from "../../protocol/codec/serving.ts";
import type { ChannelRequest, ClientEnvelope } from "../../protocol/envelopes.ts";
import { type Durations, limits } from "../../protocol/limits.ts";
import type { Fault } from "../../protocol/result.ts";
import type { Admission } from "./admission.ts";
import type { Commit } from "./commit.ts";
import { divideDrafts } from "./ephemeral.ts";
import type { LockCheck } from "./locks.ts";
import type { Channel } from "./parts/log/channel.ts";
import type { Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Rates } from "./parts/rates/rates.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Permits } from "./permits.ts";
import type { Clock } from "./ports.ts";

type Publish = Extract<ChannelRequest, { type: "publish" }>;
type Subscribe = Extract<ChannelRequest, { type: "subscribe" }>;
type Located = ReturnType<Log["locate"]>;
type Unsubscribe = Extract<ChannelRequest, { type: "unsubscribe" }>;

/** What envelopes about channels need of the space. */
export interface ChannelEnvelopesHost {
	readonly commit: Commit;
	readonly log: Log;
	readonly outbox: Outbox;
	readonly checkLock: LockCheck;
	readonly rates: Rates;
	readonly admission: Admission;
	readonly permits: Permits;
	readonly durations: Pick<Durations, "resumeWindow">;
	readonly now: Clock;
	/** The id of this life of the space's data. */
	epoch(): string;
}

/** What a client's envelopes about channels lead to. */
export class ChannelEnvelopes {
	readonly #commit: Commit;
	readonly #log: Log;
	readonly #outbox: Outbox;
	readonly #epoch: () => string;
	readonly #checkLock: LockCheck;
	readonly #rates: Rates;
	readonly #admission: Admission;
	readonly #permits: Permits;
	readonly #resumeWindow: number;
	readonly #now: Clock;

	constructor(host: ChannelEnvelopesHost) {
		this.#commit = host.commit;
		this.#log = host.log;
		this.#outbox = host.outbox;
		this.#epoch = host.epoch;
		this.#checkLock = host.checkLock;
		this.#rates = host.rates;
		this.#admission = host.admission;
		this.#permits = host.permits;
		this.#resumeWindow = host.durations.resumeWindow;
		this.#now = host.now;
	}

	/** Takes up the subscriptions from before the object slept. */
	start(sessions: readonly Session[]): void {
		for (const session of sessions) {
			for (const number of session.kept.channels) {
				const channel = this.#log.byNumber(number);
				if (channel) this.#outbox.resume(session, channel);
			}
		}
	}

	/** Takes one; false where it is not about channels. */
	take(session: Session, envelope: ClientEnvelope, refused: Fault | undefined): boolean {
		switch (envelope.type) {
			case "publish":
				this.#publish(session, envelope, refused);
				return true;
			case "subscribe":
				this.#subscribe(session, envelope);
				return true;
			case "unsubscribe":
				this.#unsubscribe(session, envelope);
				return true;
			case "credit":
				this.#credit(session, envelope.channel, envelope.seq);
				return true;
			default:
				return false;
		}
	}

	#publish(session: Session, publish: Publish, refused: Fault | undefined): void {
		const { identity, publishes } = session;
		const { principal, client } = identity;
		if (publishes.unanswered >= limits.inFlight) {
			const message = `A socket may have at most ${limits.inFlight} publishes unanswered: wait for some.`;
			session.refuse(publish.ref, { code: "rate_limited", message, retryAfter: 1 });
			return this.#admission.limited(session);
		}
		publishes.unanswered += 1;
		const { ref, channel, n, previous = -1, ifSeq, echo } = publish;
		const { lock, ...draft } = publish.draft;
		const { kind, number } = this.#log.channel(channel);
		this.#commit.add({
			append: {
				principal,
				channel,
				...divideDrafts([draft], kind),
				admit: () => this.#rates.client(principal, session.client, Math.max(1, this.#outbox.count(number))),
				...(n !== undefined && { producer: { client, n, previous } }),
				...(ifSeq !== undefined && { ifSeq }),
				...(lock && { guard: () => this.#checkLock(lock) }),
				...(refused && { refused }),
			},
			...(echo === false && { except: session.client }),
			done: (outcome) => {
				publishes.unanswered -= 1;
				if (outcome.ok && outcome.count === 0) {
					session.write(encodeServer({ type: "done", ref }));
				} else if (outcome.ok) {
					session.write(encodeServer({ type: "published", ref, seq: outcome.first, duplicate: outcome.duplicate }));
				} else {
					const { ok: _, retryAfter, ...fault } = outcome;
					const wait = retryAfter !== undefined && { retryAfter: Math.ceil(retryAfter / 1_000) };
					session.refuse(ref, { ...fault, ...wait });
				}
				if (outcome.ok) publishes.refused = 0;
				else if (outcome.code === "rate_limited") this.#admission.limited(session);
			},
		});
	}

	#subscribe(session: Session, subscribe: Subscribe): void {
		this.#commit.flush();
		// Where it was stuck, what was stored just now closed it.
		if (session.over) return;
		const { ref, start } = subscribe;
		const subscribed = this.#outbox.channelsOf(session);
		const known = this.#log.channel(subscribe.channel);
		if (subscribed.length >= limits.channelsPerSocket && !subscribed.includes(known.number)) {
			const message = `A socket may be subscribed to at most ${limits.channelsPerSocket} channels.`;
			return session.refuse(ref, { code: "too_big", message });
		}
		if (this.#admission.refuses(session, ref, known)) return;
		const channel = this.#log.ensure(subscribe.channel);
		const epoch = this.#epoch();
		const { name, floor, head } = channel;
		const located = this.#permitted(session, channel, this.#log.locate(channel, start, epoch));
		if ("reset" in located) {
			this.#outbox.unsubscribe(session, channel.number);
			session.write(encodeServer({ type: "reset", ref, channel: name, reason: located.reset, epoch, floor, head }));
		} else {
			const recovered = start.from === "position";
			session.write(encodeServer({ type: "subscribed", ref, epoch, head, after: located.after, recovered }));
			this.#outbox.subscribe(session, channel, located.after);
		}
		session.remember({ channels: this.#outbox.channelsOf(session) });
	}

	/** Who may only subscribe has no right to what is old: not even from a position that it had once. */
	#permitted(session: Session, channel: Channel, located: Located): Located {
		if ("reset" in located || located.after >= this.#oldest(session, channel)) return located;
		return { reset: "forbidden" };
	}

	/** The seq after which a session may be sent messages. */
	#oldest(session: Session, channel: Channel): number {
		if (this.#permits.allows(session, "history", "channels", channel.name)) return 0;
		return this.#log.before(channel, this.#now() - this.#resumeWindow);
	}

	#credit(session: Session, name: string, seq: number): void {
		const channel = this.#log.channel(name);
		this.#outbox.credit(session, channel.number, seq, () => this.#oldest(session, channel));
	}

	#unsubscribe(session: Session, unsubscribe: Unsubscribe): void {
		const { number } = this.#log.channel(unsubscribe.channel);
		if (this.#outbox.unsubscribe(session, number)) session.remember({ channels: this.#outbox.channelsOf(session) });
		session.write(encodeServer({ type: "done", ref: unsubscribe.ref }));
	}
}
