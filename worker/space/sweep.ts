import type { Durations } from "../../protocol/limits.ts";
import type { Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Rights } from "./parts/rights/rights.ts";
import type { Sockets } from "./parts/sockets/sockets.ts";
import type { Watchers } from "./parts/watchers/watchers.ts";
import type { Clock } from "./ports.ts";

/** What a sweep looks after. */
export interface SweepHost {
	readonly log: Log;
	readonly outbox: Outbox;
	readonly watchers: Watchers;
	readonly rights: Rights;
	readonly sockets: Sockets<WebSocket>;
	readonly durations: Durations;
	readonly now: Clock;
}

/** Takes off what is dead: sockets whose other end is gone or reads nothing, keys that have expired. */
export class Sweep {
	readonly #host: SweepHost;

	constructor(host: SweepHost) {
		this.#host = host;
	}

	/** What is done later. */
	get jobs() {
		return { sweep: () => this.sweep() };
	}

	/** Sweeps. Returns when to come again, while there is anything to sweep. */
	sweep(): number | undefined {
		const { durations, log, now, outbox, rights, sockets, watchers } = this.#host;
		this.dropSilent(2 * (durations.ping + durations.pong));
		outbox.closeStuck();
		watchers.closeStuck();
		rights.sweep(sockets.all().flatMap(({ kept }) => kept.authority ?? []));
		const more = log.sweep() || sockets.count > 0;
		return more ? now() + durations.sweep : undefined;
	}

	/** Takes off the sockets that have been silent for so many milliseconds, and should not be. */
	dropSilent(silence: number): void {
		for (const socket of this.#host.sockets.silent(silence)) this.drop(socket);
	}

	/** Takes off a socket. */
	drop(socket: WebSocket): void {
		this.#host.sockets.remove(socket);
		socket.close(1001);
	}
}
