import { type Decoded, decodeClientFrame, encodeServer } from "../../protocol/codec/envelope.ts";
import { exceedsBytes } from "../../protocol/codec/json.ts";
import type { ClientEnvelope } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import type { Fault } from "../../protocol/result.ts";
import type { Commit } from "./commit.ts";
import type { Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Session } from "./parts/sockets/session.ts";
import { storedDraft } from "./stored-draft.ts";

type Publish = Extract<ClientEnvelope, { type: "publish" }>;
type Subscribe = Extract<ClientEnvelope, { type: "subscribe" }>;
type Unsubscribe = Extract<ClientEnvelope, { type: "unsubscribe" }>;

/** What a frame of a client leads to: each envelope to the part it is for, each with one answer. */
export class Dispatch {
	readonly #commit: Commit;
	readonly #log: Log;
	readonly #outbox: Outbox;
	readonly #epoch: () => string;

	constructor(commit: Commit, log: Log, outbox: Outbox, epoch: () => string) {
		this.#commit = commit;
		this.#log = log;
		this.#outbox = outbox;
		this.#epoch = epoch;
	}

	/** Takes a frame. Nothing that a client can send makes this throw. */
	frame(session: Session, frame: string | ArrayBuffer): void {
		if (typeof frame !== "string") {
			refuse(session, undefined, { code: "unsupported", message: "Send text frames; aerogram.v1 is JSON." });
			return;
		}
		// The frame is not read, so nobody can be told which publish it held: an SDK checks sizes before it sends.
		if (exceedsBytes(frame, limits.frameBytes)) return session.close("too_big");
		const decoded = decodeClientFrame(frame);
		if (!decoded.ok) return refuse(session, undefined, decoded.fault);
		for (const one of decoded.value) this.#one(session, one);
	}

	#one(session: Session, decoded: Decoded): void {
		if (!decoded.ok) return refuse(session, decoded.ref, decoded.fault);
		const { envelope } = decoded;
		switch (envelope.type) {
			case "publish":
				return this.#publish(session, envelope);
			case "subscribe":
				return this.#subscribe(session, envelope);
			case "unsubscribe":
				return this.#unsubscribe(session, envelope);
			case "credit":
				return this.#outbox.credit(session, this.#log.channel(envelope.channel).number, envelope.seq);
		}
	}

	#publish(session: Session, publish: Publish): void {
		const { principal, client } = session.identity;
		const { ref, channel, draft, n, previous = -1, ifSeq } = publish;
		this.#commit.add({
			append: {
				principal,
				channel,
				drafts: [storedDraft(draft)],
				...(n !== undefined && { producer: { client, n, previous } }),
				...(ifSeq !== undefined && { ifSeq }),
			},
			done: (outcome) => {
				if (outcome.ok) {
					session.write(encodeServer({ type: "published", ref, seq: outcome.first, duplicate: outcome.duplicate }));
				} else {
					const { ok: _, ...error } = outcome;
					session.write(encodeServer({ type: "error", ref, ...error }));
				}
			},
		});
	}

	#subscribe(session: Session, subscribe: Subscribe): void {
		this.#commit.flush();
		const { ref, start } = subscribe;
		const subscribed = this.#outbox.channelsOf(session);
		const channel = this.#log.ensure(subscribe.channel);
		if (subscribed.length >= limits.channelsPerSocket && !subscribed.includes(channel.number)) {
			const message = `A socket may be subscribed to at most ${limits.channelsPerSocket} channels.`;
			return refuse(session, ref, { code: "too_big", message });
		}
		const epoch = this.#epoch();
		const { name, floor, head } = channel;
		const located = this.#log.locate(channel, start, epoch);
		if ("reset" in located) {
			this.#outbox.unsubscribe(session, channel.number);
			session.write(encodeServer({ type: "reset", ref, channel: name, reason: located.reset, epoch, floor, head }));
		} else {
			const recovered = start.from === "position";
			session.write(encodeServer({ type: "subscribed", ref, epoch, head, after: located.after, recovered }));
			this.#outbox.subscribe(session, channel, located.after);
		}
		session.remember(this.#outbox.channelsOf(session));
	}

	#unsubscribe(session: Session, unsubscribe: Unsubscribe): void {
		const { number } = this.#log.channel(unsubscribe.channel);
		if (this.#outbox.unsubscribe(session, number)) session.remember(this.#outbox.channelsOf(session));
		session.write(encodeServer({ type: "done", ref: unsubscribe.ref }));
	}
}

function refuse(session: Session, ref: number | undefined, fault: Fault): void {
	session.write(encodeServer({ type: "error", ...(ref !== undefined && { ref }), ...fault }));
}
