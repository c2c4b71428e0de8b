import { type ErrorCode, errorRule, isErrorCode } from "../protocol/errors.ts";

/** Codes of what can only go wrong on the client's side, with whether the same call may be tried again. */
const ownCodes = {
	/** No answer in time. */
	timeout: true,
	/** `close()` was called. */
	closed: false,
	/** It was sent, and whether it is stored can no longer be found out. */
	unknown_outcome: false,
	/** It is not in the queue: more wait than that holds, or its storage failed. */
	queue_full: true,
	/** WebSockets were asked for by name, the platform has none, and none was passed in. */
	no_websocket: false,
	/** The server could not be reached, or what answered is no Aerogram server. */
	network: true,
	/** A callback of the application threw; `cause` is what it threw. */
	callback_failed: false,
} as const satisfies Record<string, boolean>;

/** Every code an `AerogramError` can carry: the protocol's error table, and what only a client can meet. */
export type AerogramErrorCode = ErrorCode | keyof typeof ownCodes;

/** Where things stand, as a refusal over HTTP says it: of a channel (`floor`, `head`) or of a collection (`rev`). */
export interface ProblemState {
	readonly epoch: string;
	/** The oldest seq retained. */
	readonly floor?: number | undefined;
	/** The last seq of the channel. */
	readonly head?: number | undefined;
	/** The revision of the record. */
	readonly rev?: number | undefined;
}

/** What an error may be given besides its code and message. */
export interface AerogramErrorFacts {
	readonly cause?: unknown;
	readonly status?: number | undefined;
	readonly etag?: string | undefined;
	readonly state?: ProblemState | undefined;
	readonly retryAfter?: number | undefined;
	readonly data?: unknown;
	readonly item?: number | undefined;
	readonly path?: string | undefined;
}

// Registered by name: an error made by another copy of this package, or in another realm, is recognised all the same.
const brand: unique symbol = Symbol.for("aerogram.error");

/** Every error of the SDK. Compare `code`, never the message. */
export class AerogramError extends Error {
	override readonly name = "AerogramError";
	readonly [brand] = true;
	/** What went wrong. */
	readonly code: AerogramErrorCode;
	/** Whether the same call may succeed later. */
	readonly retryable: boolean;
	/** The HTTP status, where an HTTP answer is behind it. */
	readonly status: number | undefined;
	/** With `condition_failed` and `position_expired`: the ETag of what is there now. */
	readonly etag: string | undefined;
	/** With `condition_failed` and `position_expired`: where the channel or the record stands. */
	readonly state: ProblemState | undefined;
	/** Milliseconds after which the server asks to come back. */
	readonly retryAfter: number | undefined;
	/** Of a transaction: which of its writes was refused first, counted from 0. */
	readonly item: number | undefined;

	/** With `handler_failed`: what the handler had to say besides. */
	readonly data: unknown;
	/** With `contract_violated`: JSON Pointer (RFC 6901) to what is wrong in the data. */
	readonly path: string | undefined;

	constructor(code: AerogramErrorCode, message: string, facts: AerogramErrorFacts = {}) {
		super(message, "cause" in facts ? { cause: facts.cause } : undefined);
		this.code = code;
		this.retryable = isErrorCode(code) ? errorRule(code).retry !== "no" : ownCodes[code];
		this.status = facts.status;
		this.etag = facts.etag;
		this.state = facts.state;
		this.retryAfter = facts.retryAfter;
		this.data = facts.data;
		this.item = facts.item;
		this.path = facts.path;
	}
}

/** Whether a value is an error of this SDK, whichever copy of it made it. */
export function isAerogramError(value: unknown): value is AerogramError {
	return typeof value === "object" && value !== null && (value as { [brand]?: unknown })[brand] === true;
}

/** What was thrown, as an error of the SDK: itself where it is one, else wrapped. */
export function toAerogramError(thrown: unknown, code: AerogramErrorCode): AerogramError {
	if (isAerogramError(thrown)) return thrown;
	return new AerogramError(code, thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}
