import { type Durations, durations } from "../protocol/limits.ts";
import { isClientId } from "../protocol/names.ts";
import * as sdkNumbers from "../protocol/sdk-numbers.ts";
import { type Clock, systemClock } from "./clock.ts";
import { AerogramError } from "./errors.ts";
import type { PublishQueue } from "./publish-queue.ts";
import { randomId } from "./random-id.ts";
import type { Settings } from "./settings.ts";
import { chooseTransports, type TransportName } from "./transports/choose.ts";
import type { TransportFactory } from "./transports/port.ts";
import type { FrameCodec, WebSocketConstructor } from "./transports/websocket.ts";

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
	 * Says who this is: a token, or a function that gets one. It is called before each connection and each request, so that
	 * a connection that was lost comes back with a fresh one: keep a token there until shortly before it ends. One that
	 * cannot be had is a lost connection, and tried again. Not used by a `transport` of your own.
	 * @default none
	 */
	readonly token?: string | (() => string | Promise<string>) | undefined;
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
	 * Publishes of one space that may wait for their answer, those in flight included.
	 * @default 10000
	 */
	readonly queueMessages?: number | undefined;
	/**
	 * UTF-8 bytes of data that those may hold together.
	 * @default 16777216 (16 MiB)
	 */
	readonly queueBytes?: number | undefined;
	/**
	 * What gives way when the queue is full: the new publish (`"reject"`), or the oldest that were never sent
	 * (`"drop-oldest"`, where what matters is what comes last). The promise of each that does rejects with `queue_full`.
	 * @default "reject"
	 */
	readonly queueOverflow?: "reject" | "drop-oldest" | undefined;
	/**
	 * Keeps what waits, so that it outlives the program: that of `aerogram/queue`, for this client alone. It brings a client
	 * id of its own, and the spaces where something waits connect at once.
	 * @default in memory alone
	 */
	readonly queue?: PublishQueue | undefined;
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
	 * How the frames of WebSockets are written: `messagePack` of `aerogram/msgpack`.
	 * @default JSON text
	 */
	readonly codec?: FrameCodec | undefined;
	/**
	 * What carries the frames: `"websocket"`; `"sse"`, an event stream with requests beside it; `"long-poll"`; or what a
	 * function makes. All of them keep the same promises, at different costs.
	 * @default WebSockets, where the platform has them or a class is given; else "sse", or "long-poll" where no stream gets through
	 */
	readonly transport?: TransportName | TransportFactory | undefined;
}

/** Fills in the defaults. Throws `bad_request` for a URL that is none, and `bad_name` for a client id that is none. */
export function readOptions(url: string | URL, options: AerogramOptions): Settings {
	const base = readUrl(url);
	const client = options.queue?.client ?? options.client ?? randomId();
	if (!isClientId(client)) {
		throw new AerogramError("bad_name", "The client id must be letters, digits and . _ ~ -, at most 64 characters.");
	}
	// No part is escaped: a name holds nothing that a path or a query would need to escape.
	const httpUrl = (space: string, path: string) => new URL(`v1/spaces/${space}/${path}`, base);
	// Looked up at each call, and called without a `this`: browsers refuse a detached fetch that has another one.
	const plainFetch: typeof fetch = options.fetch ?? ((...request) => fetch(...request));
	const given = options.token;
	const token = given === undefined ? given : async () => (typeof given === "function" ? given() : given);
	const parts = {
		fetch: token ? withToken(plainFetch, token) : plainFetch,
		token,
		clock: options.clock ?? systemClock,
		durations: { ...durations, ...options.durations },
	};
	return {
		...parts,
		client,
		inFlight: Math.max(1, options.inFlight ?? sdkNumbers.inFlight),
		queueMessages: options.queueMessages ?? sdkNumbers.queueMessages,
		queueBytes: options.queueBytes ?? sdkNumbers.queueBytes,
		queueOverflow: options.queueOverflow ?? "reject",
		queue: options.queue,
		random: options.random ?? Math.random,
		transport: chooseTransports(options.transport, { ...parts, WebSocket: options.WebSocket, codec: options.codec }),
		closing: new AbortController(),
		base,
		httpUrl,
		socketUrl: (space) => httpUrl(space, `socket?client=${client}`).href.replace(/^http/, "ws"),
	};
}

/** A fetch that says the token, but for a request that says another one. */
function withToken(plainFetch: typeof fetch, token: () => Promise<string>): typeof fetch {
	return async (input, init) => {
		const headers = new Headers(init?.headers);
		if (!headers.has("authorization")) headers.set("authorization", `Bearer ${await token()}`);
		return plainFetch(input, { ...init, headers });
	};
}

/** The URL of a server, as all others are made from it. Throws `bad_request` for one that is none. */
export function readUrl(url: string | URL): URL {
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
