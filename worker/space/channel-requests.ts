import { encodeServer } from "../../protocol/codec/serving.ts";
import type { Durations } from "../../protocol/limits.ts";
import type { ChannelInfo, HistoryPage, HistoryRequest, Published, PublishRequest, Refusal } from "./api.ts";
import { channelInfo } from "./channel-info.ts";
import type { Commit } from "./commit.ts";
import type { Database } from "./database.ts";
import type { FanOut } from "./fan-out.ts";
import { history } from "./history.ts";
import type { LockCheck } from "./locks.ts";
import type { Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Rates } from "./parts/rates/rates.ts";
import type { Sockets } from "./parts/sockets/sockets.ts";
import { publish } from "./publish.ts";

/** What requests about channels need of the space. */
export interface ChannelRequestsHost {
	readonly database: Pick<Database, "transact">;
	readonly commit: Commit;
	readonly log: Log;
	readonly outbox: Outbox;
	readonly rates: Rates;
	readonly fanOut: Pick<FanOut, "ofMessage">;
	readonly sockets: Pick<Sockets<WebSocket>, "all" | "send">;
	readonly durations: Durations;
	readonly now: () => number;
	/** How many members a channel has. */
	members(channel: string): number;
	readonly checkLock: LockCheck;
	/** The id of this life of the space's data. */
	epoch(): string;
}

/** Publishes, reads and purges channels for HTTP and raw TCP. */
export class ChannelRequests {
	readonly #host: ChannelRequestsHost;

	constructor(host: ChannelRequestsHost) {
		this.#host = host;
	}

	/** Publishes; resolves when it is stored or refused. */
	publish(request: PublishRequest): Promise<Published | Refusal> {
		return publish(this.#host, request);
	}

	/** A page of a channel. */
	history(request: HistoryRequest): HistoryPage | Refusal {
		this.#host.commit.flush();
		return history(this.#host.log, this.#host.epoch(), request, this.#host.now());
	}

	/** What is known of a channel. */
	channel(name: string): ChannelInfo {
		const { commit, log, outbox, members } = this.#host;
		commit.flush();
		const channel = log.channel(name);
		const occupancy = { members: members(name), subscribers: outbox.count(channel.number) };
		return channelInfo(channel, this.#host.epoch(), occupancy);
	}

	/** Names of channels after a name, in order. */
	channels(after: string, limit: number): readonly string[] {
		this.#host.commit.flush();
		return this.#host.log.names(after, limit);
	}

	/** Drops all messages of a channel, and tells its subscribers. */
	purge(name: string): ChannelInfo {
		const { commit, database, log, now, outbox, sockets } = this.#host;
		commit.flush();
		const channel = log.channel(name);
		if (channel.number !== 0) {
			const purged = database.transact(() => log.purge(channel, now()));
			log.set(purged);
			const { floor, head } = purged;
			const epoch = this.#host.epoch();
			const reset = encodeServer({ type: "reset", channel: name, reason: "purged", epoch, floor, head });
			const receivers = new Set(outbox.end(channel.number, reset));
			for (const session of sockets.all()) {
				if (receivers.has(session)) session.remember({ channels: outbox.channelsOf(session) });
			}
			sockets.send();
		}
		return this.channel(name);
	}

	/** What is done later. */
	get jobs() {
		return { trim: () => this.trim() };
	}

	/** Drops messages that have been kept long enough; returns when to come again. */
	trim(): number | undefined {
		const { database, durations, log, now } = this.#host;
		const { next, apply } = database.transact(() => log.trim());
		apply();
		return next === undefined ? undefined : Math.max(next, now() + durations.trim);
	}
}
