import { type ErrorCode, errorRow, isErrorCode } from "../protocol/errors.ts";

/** Codes of what can only go wrong on the client's side, with whether the same call may be tried again. */
const ownCodes = {
	/** No answer in time. */
	timeout: true,
	/** `close()` was called. */
	closed: false,
	/** It was sent, and whether it is stored can no longer be found out. */
	unknown_outcome: false,
	/** More publishes wait than the queue holds. */
	queue_full: true,
	/** This platform has no WebSocket and none was passed in. */
	no_websocket: false,
	/** The server could not be reached, or what answered is no Aerogram server. */
	network: true,
	/** A callback of the application threw; `cause` is what it threw. */
	callback_failed: false,
} as const satisfies Record<string, boolean>;

/** Every code an `AerogramError` can carry: the protocol's error table, and what only a client can meet. */
export type AerogramErrorCode = ErrorCode | keyof typeof ownCodes;

/** What an error may be given besides its code and message. */
export interface AerogramErrorFacts {
	readonly cause?: unknown;
	readonly status?: number;
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

	constructor(code: AerogramErrorCode, message: string, facts: AerogramErrorFacts = {}) {
		super(message, "cause" in facts ? { cause: facts.cause } : undefined);
		this.code = code;
		this.retryable = isErrorCode(code) ? errorRow(code).retry !== "no" : ownCodes[code];
		this.status = facts.status;
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
