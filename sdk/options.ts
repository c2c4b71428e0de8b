import { type Durations, durations } from "../protocol/limits.ts";
import { isClientId } from "../protocol/names.ts";
import { type Clock, systemClock } from "./clock.ts";
import { AerogramError } from "./errors.ts";
import type { TransportFactory } from "./transports/port.ts";
import { type WebSocketConstructor, webSocketTransports } from "./transports/websocket.ts";

/** What can be set when an `Aerogram` is made. Every one has a default. */
export interface AerogramOptions {
	/**
	 * The class of WebSockets to use, such as that of the package `ws` where the platform has none (Node 20).
	 * @default the platform's WebSocket
	 */
	readonly WebSocket?: WebSocketConstructor | undefined;
	/**
	 * What HTTP requests are made with.
	 * @default the platform's fetch
	 */
	readonly fetch?: typeof fetch | undefined;
	/**
	 * The id of this running client: letters, digits and `. _ ~ -`, at most 64. Publishes are numbered from 0 under it, so
	 * it must never have been used before: not by another instance, nor by an earlier run of this program.
	 * @default 32 random hexadecimal digits, made once
	 */
	readonly client?: string | undefined;
	/**
	 * Publishes of one space that may be on their way at once, at most what the server allows. More of them share a frame
	 * and a commit; fewer are sent again after a lost connection.
	 * @default 64
	 */
	readonly inFlight?: number | undefined;
	/**
	 * Publishes of one space that may wait for their answer, those in flight included; one more is `queue_full`.
	 * @default 10000
	 */
	readonly queueMessages?: number | undefined;
	/**
	 * UTF-8 bytes of data that those may hold together.
	 * @default 16777216 (16 MiB)
	 */
	readonly queueBytes?: number | undefined;
	/**
	 * Other durations than the shipped ones, in milliseconds. For tests, and for servers that run with scaled ones.
	 * @default the protocol's durations
	 */
	readonly durations?: Partial<Durations> | undefined;
	/**
	 * Where delays get their randomness from: a number from 0 up to, not including, 1.
	 * @default Math.random
	 */
	readonly random?: (() => number) | undefined;
	/**
	 * Where the time is read and timers are set.
	 * @default the machine's
	 */
	readonly clock?: Clock | undefined;
	/**
	 * Makes what carries the frames, in place of a WebSocket.
	 * @default WebSockets
	 */
	readonly transport?: TransportFactory | undefined;
}

/** The options with every default filled in, and the URLs made from them. */
export interface Settings {
	readonly client: string;
	readonly inFlight: number;
	readonly queueMessages: number;
	readonly queueBytes: number;
	readonly durations: Durations;
	readonly random: () => number;
	readonly clock: Clock;
	readonly transport: TransportFactory;
	readonly fetch: typeof fetch;
	/** The URL of a space's socket. */
	readonly socketUrl: (space: string) => string;
	/** The URL of what is below a space over HTTP. */
	readonly httpUrl: (space: string, path: string) => URL;
}

/** Fills in the defaults. Throws `bad_request` for a URL that is none, and `bad_name` for a client id that is none. */
export function readOptions(url: string | URL, options: AerogramOptions): Settings {
	const base = readUrl(url);
	const client = options.client ?? randomId();
	if (!isClientId(client)) {
		throw new AerogramError("bad_name", "The client id must be letters, digits and . _ ~ -, at most 64 characters.");
	}
	// No part is escaped: a name holds nothing that a path or a query would need to escape.
	const httpUrl = (space: string, path: string) => new URL(`v1/spaces/${space}/${path}`, base);
	return {
		client,
		inFlight: Math.max(1, options.inFlight ?? 64),
		queueMessages: options.queueMessages ?? 10_000,
		queueBytes: options.queueBytes ?? 16_777_216,
		durations: { ...durations, ...options.durations },
		random: options.random ?? Math.random,
		clock: options.clock ?? systemClock,
		transport: options.transport ?? webSocketTransports(options.WebSocket),
		// Looked up at each call, and called without a `this`: browsers refuse a detached fetch that has another one.
		fetch: options.fetch ?? ((input, init) => fetch(input, init)),
		httpUrl,
		socketUrl: (space) => httpUrl(space, `socket?client=${client}`).href.replace(/^http/, "ws"),
	};
}

function readUrl(url: string | URL): URL {
	const base = URL.canParse(url) ? new URL(String(url).replace(/^ws/, "http")) : undefined;
	if (base?.protocol !== "http:" && base?.protocol !== "https:") {
		throw new AerogramError("bad_request", "The URL of the server reads https://host, http://host, wss:// or ws://.");
	}
	base.search = "";
	base.hash = "";
	// A server below a path: without the last slash, the last part of it would be taken for a file and replaced.
	if (!base.pathname.endsWith("/")) base.pathname += "/";
	return base;
}

function randomId(): string {
	// Not randomUUID: browsers offer that on https pages alone.
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
