import { encodeServer } from "../../protocol/codec/serving.ts";
import type { Json } from "../../protocol/envelopes.ts";
import type { CallDesk } from "./call-desk.ts";
import type { Collections } from "./parts/collections/collections.ts";
import type { Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Watchers } from "./parts/watchers/watchers.ts";
import type { Permits } from "./permits.ts";
import type { SpacePresence } from "./space-presence.ts";

/** What a socket can have in a space. */
export interface CoverageHost {
	readonly permits: Permits;
	readonly log: Pick<Log, "byNumber">;
	readonly collections: Pick<Collections, "byNumber">;
	readonly outbox: Outbox;
	readonly watchers: Watchers;
	readonly presence: SpacePresence;
	readonly calls: CallDesk;
	/** The id of this life of the space's data. */
	epoch(): string;
}

/** Ends what a socket has and may no longer have: each with one last envelope, `reset` for the reason `forbidden`. */
export class Coverage {
	readonly #host: CoverageHost;

	constructor(host: CoverageHost) {
		this.#host = host;
	}

	/** The rights of a socket are others now. What waits to be stored is stored before. */
	narrow(session: Session): void {
		this.#subscriptions(session);
		this.#watches(session);
		this.members(session);
		this.#services(session);
	}

	/** Ends the memberships that a client has from before and may not have. */
	members(session: Session): void {
		const { permits, presence } = this.#host;
		const lost = presence.leaveUnless(session.identity, (name) =>
			permits.allows(session, "presence", "channels", name),
		);
		for (const channel of lost) tell(session, { ch: channel, of: "membership" });
	}

	#subscriptions(session: Session): void {
		const { permits, log, outbox, epoch } = this.#host;
		const before = outbox.channelsOf(session);
		for (const number of before) {
			const channel = log.byNumber(number);
			if (channel && permits.allows(session, "subscribe", "channels", channel.name)) continue;
			outbox.unsubscribe(session, number);
			if (!channel) continue;
			const { name, floor, head } = channel;
			session.write(encodeServer({ type: "reset", channel: name, reason: "forbidden", epoch: epoch(), floor, head }));
		}
		const channels = outbox.channelsOf(session);
		if (channels.length < before.length) session.remember({ channels });
	}

	#watches(session: Session): void {
		const { permits, collections, watchers, presence } = this.#host;
		const lost = presence.unwatchUnless(session, (name) => permits.allows(session, "occupants", "channels", name));
		for (const { channel, of } of lost) tell(session, { ch: channel, of });
		for (const { collection: number, ...span } of watchers.watchesOf(session)) {
			const collection = collections.byNumber(number);
			if (!collection || permits.allows(session, "read", "collections", collection.name)) continue;
			watchers.unwatch(session, { collection: collection.name, ...span });
			session.remember({ watches: watchers.watchesOf(session) });
			tell(session, { col: collection.name, ...span });
		}
	}

	#services(session: Session): void {
		const { permits, calls } = this.#host;
		const services = (session.kept.serves ?? []).map(({ service }) => service);
		const lost = services.filter((service) => !permits.allows(session, "serve", "services", service));
		calls.dismiss(session, lost);
		for (const service of lost) tell(session, { svc: service });
	}
}

function tell(session: Session, what: { readonly [key: string]: Json | undefined }): void {
	session.write(JSON.stringify({ t: "reset", ...what, reason: "forbidden" }));
}
