import * as sdkNumbers from "../../protocol/sdk-numbers.ts";
import { AerogramError, toAerogramError } from "../errors.ts";
import { randomId } from "../random-id.ts";
import type { Settings } from "../settings.ts";

/** What can stand for one name in a query. */
export type QueryValue = string | number | boolean;

/** What can be said of one HTTP request. */
export interface HttpOptions {
	/** The body: any value, sent as JSON. `null` is a value; `undefined` is no body. */
	readonly json?: unknown;
	/** The body as it is; say its `content-type` in `headers`. No stream, which could be sent only once. */
	readonly body?: string | Uint8Array<ArrayBuffer> | Blob | URLSearchParams | undefined;
	/** Added to the query of the path. A list repeats its name; what is undefined is left out. */
	readonly query?: Readonly<Record<string, QueryValue | readonly QueryValue[] | undefined>> | undefined;
	/**
	 * Sent along. What stands here wins over what would be sent by itself: `accept`, `content-type`, `idempotency-key`. What
	 * is undefined is left out.
	 */
	readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
	/**
	 * Milliseconds that one attempt may take, its answer's body included. A long-poll needs more than it waits.
	 * @default durations.answer (10000)
	 */
	readonly timeout?: number | undefined;
	/**
	 * How often the request is sent again when nothing answered or the answer says to come back: 429, 408, and a 5xx that
	 * can pass. With 0 it is sent once, and without an `idempotency-key` of its own.
	 * @default 2
	 */
	readonly retries?: number | undefined;
	/** Gives up the wait; the promise then rejects with the signal's reason. What was sent may have been done all the same. */
	readonly signal?: AbortSignal | undefined;
}

/** A request as it was asked for. */
export interface OutgoingRequest {
	readonly method: string;
	readonly path: string | URL;
	readonly options: HttpOptions;
	/** What `json` was when it was given. */
	readonly text: string | undefined;
}

/** A request that can be sent any number of times. */
export interface HttpRequest {
	readonly url: URL;
	readonly init: RequestInit;
	readonly timeout: number;
	readonly retries: number;
}

/**
 * Makes a request ready to be sent. Throws `bad_request` for a place of another origin and for what the platform makes no
 * request of, such as a GET with a body.
 *
 * Every write carries an `idempotency-key`, the same one each time it is sent: PUT and DELETE, too, because the second of
 * two alike could undo what somebody else did in between, and would fail the condition that the first one met.
 */
export function makeRequest(settings: Settings, { method, path, options, text }: OutgoingRequest): HttpRequest {
	const { query = {}, timeout = settings.durations.answer, retries = sdkNumbers.retries } = options;
	const url = resolve(settings.base, path);
	for (const [name, value] of Object.entries(query)) {
		for (const each of [value ?? []].flat()) url.searchParams.append(name, String(each));
	}
	try {
		const headers = new Headers({ accept: "application/json" });
		if (text !== undefined) headers.set("content-type", "application/json");
		if (retries > 0 && !/^(?:GET|HEAD|OPTIONS)$/.test(method)) headers.set("idempotency-key", randomId());
		for (const [name, value] of Object.entries({ ...options.headers })) {
			if (value !== undefined) headers.set(name, value);
		}
		const body = text ?? options.body;
		const init = { method, headers, ...(body !== undefined && { body }) };
		// What no request can be made of would look like a network that fails once it is sent, and be sent again.
		new Request(url, init);
		return { url, init, timeout, retries };
	} catch (thrown) {
		throw toAerogramError(thrown, "bad_request");
	}
}

/** What is said to this server, a token one day, must reach no other one, whoever wrote the path. */
function resolve(base: URL, path: string | URL): URL {
	// Paths as the server writes them start with a slash; the server itself may stand below a path.
	const relative = String(path).replace(/^\/(?!\/)/, "");
	const url = URL.canParse(relative, base.href) ? new URL(relative, base) : undefined;
	if (url?.origin === base.origin) return url;
	throw new AerogramError("bad_request", `A request goes to ${base.origin}: give a path there, such as /v1/spaces.`);
}
