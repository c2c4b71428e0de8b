import type { Durations } from "../protocol/limits.ts";
import type { Clock } from "./clock.ts";
import type { PublishQueue } from "./publish-queue.ts";
import type { TransportFactory } from "./transports/port.ts";

/** The options with every default filled in, and the URLs made from them. */
export interface Settings {
	readonly client: string;
	readonly inFlight: number;
	readonly queueMessages: number;
	readonly queueBytes: number;
	readonly queueOverflow: "reject" | "drop-oldest";
	readonly queue: PublishQueue | undefined;
	readonly durations: Durations;
	readonly random: () => number;
	readonly clock: Clock;
	readonly transport: TransportFactory;
	readonly fetch: typeof fetch;
	/** Says who this is. */
	readonly token: (() => Promise<string>) | undefined;
	/** Aborted by `close()`, with the error `closed`: what still waits for an answer over HTTP gives up. */
	readonly closing: AbortController;
	/** The URL that the client was made with; its path ends in a slash. */
	readonly base: URL;
	/** The URL of a space's socket. */
	readonly socketUrl: (space: string) => string;
	/** The URL of what is below a space over HTTP. */
	readonly httpUrl: (space: string, path: string) => URL;
}
