import type { Json } from "../protocol/envelopes.ts";

/** How to call. */
export interface CallOptions {
	/**
	 * Milliseconds until the call has failed, whatever becomes of it, with `deadline_passed`.
	 * @default durations.call (30000)
	 */
	readonly timeout?: number | undefined;
	/** Gives the call up: its handler is told, and the promise rejects with the signal's reason. */
	readonly signal?: AbortSignal | undefined;
	/** Called with what the handler tells of how far it is. What it tells while there is no connection is lost. */
	readonly onProgress?: ((progress: Json) => void) | undefined;
	/**
	 * The id of the call: a name that nobody can guess. The same id again, from this program or another of the same
	 * principal, is the same call: it is not run again, and has the same result, for 24 h.
	 * @default 32 random hexadecimal digits
	 */
	readonly id?: string | undefined;
}

/** How to serve. */
export interface ServeOptions {
	/**
	 * Calls that run at a time.
	 * @default 1
	 */
	readonly concurrency?: number | undefined;
}

/** What a handler knows of a call besides its input. */
export interface CallContext {
	/** Names the call. It is the same when the call is handed over once more, to this program or another. */
	readonly id: string;
	/** How often it has been handed over, as far as the server remembers. */
	readonly attempt: number;
	/** The principal that calls. */
	readonly from: string;
	/** Aborted when nobody waits for the reply any more: it was cancelled, its deadline passed, another one replied. */
	readonly signal: AbortSignal;
	/** Tells the caller how far the call is. Stored nowhere; dropped while there is no connection. Throws `not_json`. */
	progress(data: unknown): void;
}

/**
 * Answers calls with what it returns, `undefined` being null. What it throws is told to the caller as `handler_failed`: the
 * `message` of the error and, where that has a `data` of JSON, that too.
 */
export type CallHandler<Input = Json, Output = unknown> = (
	input: Input,
	context: CallContext,
) => Output | Promise<Output>;

/** A service that is served. */
export interface Serving {
	/** Resolves when the server hands calls over; rejects with what it refuses that with. */
	readonly ready: Promise<void>;
	/** Takes no more calls. Those that run are answered. */
	close(): void;
}
