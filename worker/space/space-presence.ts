import type { ClientEnvelope } from "../../protocol/envelopes.ts";
import { type Durations, limits, type Quotas } from "../../protocol/limits.ts";
import type { Admission } from "./admission.ts";
import type { MemberPage, MemberPageRequest } from "./api/presence.ts";
import type { Refusal } from "./api.ts";
import { MemberEnvelopes } from "./member-envelopes.ts";
import type { Jobs } from "./parts/jobs/jobs.ts";
import type { Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import { Presence } from "./parts/presence/presence.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Sockets } from "./parts/sockets/sockets.ts";
import type { ClientRef, Clock, Later, Room, Sql } from "./ports.ts";

/** What presence needs of the space. */
export interface SpacePresenceHost {
	readonly sql: Sql;
	readonly log: Log;
	readonly outbox: Pick<Outbox, "count">;
	readonly sockets: Pick<Sockets<WebSocket>, "all" | "isThere" | "send" | "silence">;
	readonly jobs: Jobs;
	readonly durations: Durations;
	readonly now: Clock;
	readonly room: Room;
	readonly admission: Admission;
	readonly quotas: Pick<Quotas, "membersPerChannel">;
	/** The id of this life of the space's data. */
	epoch(): string;
	/** Called after a write that stored something. */
	stored(): void;
	/** Takes off a socket that is dead. */
	drop(session: Session): void;
}

/** Presence in its space: what sockets, jobs and requests lead to. */
export class SpacePresence {
	readonly #host: SpacePresenceHost;
	readonly #presence: Presence;
	readonly #envelopes: MemberEnvelopes;

	constructor(host: SpacePresenceHost) {
		this.#host = host;
		const { sql, log, now, durations, jobs, sockets, outbox } = host;
		const later: Later = (delay, work) => {
			setTimeout(() => {
				work();
				sockets.send();
			}, delay);
		};
		this.#presence = new Presence({
			sql,
			room: host.room,
			membersPerChannel: host.quotas.membersPerChannel,
			now,
			durations,
			later,
			subscribers: (channel) => outbox.count(channel),
			endAt: (due) => jobs.by("presence", due),
			entered: () => {
				jobs.ensure("pulse", now() + durations.memberSweep);
				host.stored();
			},
		});
		this.#envelopes = new MemberEnvelopes(this.#presence, log, host.admission, later);
	}

	/** What it does later. */
	get jobs() {
		return { presence: () => this.#flushed().end(), pulse: () => this.#pulse() };
	}

	/** Takes up what was before the object slept, or died. */
	start(sessions: readonly Session[]): void {
		this.#presence.start((who) => this.#host.sockets.isThere(who));
		for (const session of sessions) {
			for (const of of ["members", "occupancy"] as const) {
				for (const number of session.kept[of]) {
					const channel = this.#host.log.byNumber(number);
					if (channel) this.#presence.resume(session, channel, of);
				}
			}
		}
	}

	/** Takes an envelope; false for one that is about something else. */
	take(session: Session, envelope: ClientEnvelope): boolean {
		switch (envelope.type) {
			case "enter":
			case "update":
			case "leave":
				this.#envelopes.take(session, envelope);
				return true;
			case "watch":
			case "unwatch":
				return this.#envelopes.watch(session, envelope);
			default:
				return false;
		}
	}

	/** Ends the memberships of a client on channels that it may not be on. Returns their names. */
	leaveUnless(who: ClientRef, allowed: (channel: string) => boolean): readonly string[] {
		const presence = this.#flushed();
		const channels = presence.channelsOf(who).flatMap((number) => this.#host.log.byNumber(number) ?? []);
		const lost = channels.filter(({ name }) => !allowed(name));
		for (const channel of lost) presence.leave(channel, who);
		return lost.map(({ name }) => name);
	}

	/** Ends the watches of a session on channels that it may not watch. */
	unwatchUnless(
		session: Session,
		allowed: (channel: string) => boolean,
	): readonly { readonly channel: string; readonly of: "members" | "occupancy" }[] {
		const lost: { readonly channel: string; readonly of: "members" | "occupancy" }[] = [];
		for (const of of ["members", "occupancy"] as const) {
			for (const number of this.#presence.watchedBy(session)[of]) {
				const channel = this.#host.log.byNumber(number);
				if (!channel || allowed(channel.name)) continue;
				this.#presence.unwatch(session, number, of);
				lost.push({ channel: channel.name, of });
			}
		}
		if (lost.length > 0) session.remember(this.#presence.watchedBy(session));
		return lost;
	}

	/** A client has a connection. */
	came(who: ClientRef): void {
		this.#presence.came(who);
	}

	/** A client's last connection has ended. */
	left(who: ClientRef): void {
		this.#flushed().left(who);
	}

	/** A socket is gone. */
	remove(session: Session): void {
		this.#presence.remove(session);
	}

	/** There may be more or fewer subscriptions to a channel. */
	subscribersChanged(channel: number): void {
		this.#presence.subscribersChanged(channel);
	}

	/** How many members a channel has. */
	count(channel: string): number {
		return this.#flushed().count(this.#host.log.channel(channel).number);
	}

	/** Some members of a channel. */
	page({ channel, cursor, limit }: MemberPageRequest): MemberPage | Refusal {
		const epoch = this.#host.epoch();
		const presence = this.#flushed();
		const { number, floor, head } = this.#host.log.channel(channel);
		if (cursor && cursor.epoch !== epoch) {
			const message = "That cursor is from before the space was wiped.";
			return { ok: false, code: "position_expired", message, state: { epoch, floor, head } };
		}
		const page = presence.page(number, cursor?.after, { count: limit, size: limits.bodyBytes });
		return { ok: true, epoch, ...page, next: page.next ?? null };
	}

	/** Forgets everything, after a wipe. */
	clear(): void {
		this.#envelopes.clear();
		this.#presence.clear();
	}

	/** Presence once everything that was said before now is stored. */
	#flushed(): Presence {
		this.#envelopes.flush();
		return this.#presence;
	}

	/**
	 * Takes off the sockets of members that gave no sign of life for longer than a client may be silent, and ends their
	 * memberships at once: that is longer than the grace. Comes back while there are members.
	 */
	#pulse(): number | undefined {
		const { sockets, durations, now } = this.#host;
		const presence = this.#flushed();
		const most = 1.2 * durations.ping + durations.pong;
		const dead = sockets
			.all()
			.filter((session) => presence.isMember(session.identity) && sockets.silence(session) > most);
		for (const session of dead) this.#host.drop(session);
		presence.endNow(dead.map(({ identity }) => identity).filter((who) => !sockets.isThere(who)));
		return presence.any ? now() + durations.memberSweep : undefined;
	}
}
