import { writeJson } from "../../protocol/codec/json.ts";
import { encodeServer } from "../../protocol/codec/serving.ts";
import { errorRow } from "../../protocol/errors.ts";
import { limits, storage } from "../../protocol/limits.ts";
import { failureLine } from "../../protocol/log.ts";
import type { PresenceRequest } from "../../protocol/presence.ts";
import type { Watched, WatchRequest } from "../../protocol/watch.ts";
import type { Admission } from "./admission.ts";
import type { Log } from "./parts/log/log.ts";
import type { MemberOutcome } from "./parts/presence/members.ts";
import type { Presence } from "./parts/presence/presence.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Later } from "./ports.ts";

/** A watch of a channel, its start, and its end. */
type ChannelWatch = Extract<WatchRequest, { type: "watch" | "unwatch" }> & {
	readonly watched: Extract<Watched, { kind: "members" | "occupancy" }>;
};

/** What a member said, and on which socket. */
interface Said {
	readonly session: Session;
	readonly request: PresenceRequest;
}

/**
 * What a client's envelopes about members lead to. What members say of themselves is queued until the next tick, as publishes
 * are: a thousand who enter at once are stored by one commit.
 */
export class MemberEnvelopes {
	readonly #presence: Presence;
	readonly #log: Pick<Log, "channel" | "ensure">;
	readonly #admission: Admission;
	readonly #later: Later;
	#queue: Said[] = [];

	constructor(presence: Presence, log: Pick<Log, "channel" | "ensure">, admission: Admission, later: Later) {
		this.#presence = presence;
		this.#log = log;
		this.#admission = admission;
		this.#later = later;
	}

	/** Takes what a member says of itself. */
	take(session: Session, request: PresenceRequest): void {
		if (this.#queue.length === 0) this.#later(0, () => this.flush());
		this.#queue.push({ session, request });
		if (this.#queue.length >= storage.flushMessages) this.flush();
	}

	/** Stores everything queued. Called before anything that reads who is a member. */
	flush(): void {
		const queue = this.#queue;
		this.#queue = [];
		for (const { session, request } of queue) {
			try {
				this.#do(session, request);
			} catch (error) {
				console.error(failureLine("what a member said", error));
				session.refuse(request.ref, { code: "internal", message: errorRow("internal").title });
			}
		}
	}

	/** Drops everything queued: its sockets are about to be closed. */
	clear(): void {
		this.#queue = [];
	}

	/** Takes a watch; false for one of something else. */
	watch(session: Session, request: WatchRequest): boolean {
		if (request.type === "watch-credit" || !isOfChannel(request)) return false;
		const { ref, watched } = request;
		const { kind } = watched;
		if (request.type === "unwatch") {
			const { number } = this.#log.channel(watched.channel);
			if (this.#presence.unwatch(session, number, kind)) session.remember(this.#presence.watchedBy(session));
			session.write(encodeServer({ type: "done", ref }));
			return true;
		}
		const known = this.#log.channel(watched.channel);
		const { members, occupancy } = this.#presence.watchedBy(session);
		const standing = { members, occupancy }[kind].includes(known.number);
		const count = members.length + occupancy.length + session.kept.watches.length;
		if (!standing && count >= limits.watchesPerSocket) {
			session.refuse(ref, { code: "too_big", message: `A socket has at most ${limits.watchesPerSocket} watches.` });
			return true;
		}
		if (this.#admission.refuses(session, ref, known)) return true;
		const channel = this.#log.ensure(watched.channel);
		const at = request.start?.from === "digest" ? request.start.digest : undefined;
		this.#presence.watch(session, channel, kind, at);
		if (!standing) session.remember(this.#presence.watchedBy(session));
		session.write(encodeServer({ type: "done", ref }));
		return true;
	}

	#do(session: Session, request: PresenceRequest): void {
		const who = session.identity;
		const { ref } = request;
		const answer = (outcome: MemberOutcome) => {
			if (outcome.ok) session.write(encodeServer({ type: "done", ref }));
			else refuse(session, ref, outcome);
		};
		switch (request.type) {
			case "enter": {
				const data = writeJson(request.data);
				const known = this.#log.channel(request.channel);
				const refused = known.number === 0 ? this.#presence.refusal(known, who, data) : undefined;
				if (refused) return answer(refused);
				if (this.#admission.refuses(session, ref, known)) return;
				return this.#presence.enter(this.#log.ensure(request.channel), who, data, answer);
			}
			case "update":
				return this.#presence.update(this.#log.channel(request.channel), who, writeJson(request.data), answer);
			case "leave":
				this.#presence.leave(this.#log.channel(request.channel), who);
				return answer({ ok: true });
		}
	}
}

function refuse(session: Session, ref: number, { ok: _, ...fault }: Exclude<MemberOutcome, { ok: true }>): void {
	session.refuse(ref, fault);
}

function isOfChannel(request: Exclude<WatchRequest, { type: "watch-credit" }>): request is ChannelWatch {
	return request.watched.kind !== "records";
}
