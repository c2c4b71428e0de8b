/** Whether the same request may be sent again: never, at once, or after a back-off. */
export type Retry = "no" | "now" | "backoff";

/** One row of the error table: how the same failure looks over HTTP, on a socket and to a program. */
export interface ErrorRow {
	/** HTTP status, RFC 9110. */
	readonly status: number;
	/** WebSocket close code, where this error ends the socket. 40xx: do not come back; 41xx: back off; 42xx: come back. */
	readonly close?: number;
	readonly retry: Retry;
	/** The title of its problem details (RFC 9457): the same for every occurrence. */
	readonly title: string;
}

/**
 * THE error table. A code that is not here does not exist: HTTP problem details, `err` envelopes, close codes, replies
 * over raw TCP and the SDK's `AerogramError.code` are all read from it.
 */
export const errorTable = {
	malformed: { status: 400, retry: "no", title: "The input is not well formed" },
	bad_encoding: { status: 400, retry: "no", title: "The input is not UTF-8: send UTF-8" },
	bad_name: { status: 400, retry: "no", title: "The name is not allowed" },
	bad_request: { status: 400, retry: "no", title: "A field is missing or has the wrong type" },
	bad_position: { status: 400, retry: "no", title: "The position cannot be read" },
	too_deep: { status: 400, retry: "no", title: "The value is nested too deeply" },
	unsupported: { status: 400, close: 4006, retry: "no", title: "This server does not support that" },
	unauthorized: { status: 401, close: 4001, retry: "no", title: "Who are you?" },
	forbidden: { status: 403, close: 4003, retry: "no", title: "Not allowed" },
	not_found: { status: 404, retry: "no", title: "Nothing is here" },
	method_not_allowed: { status: 405, retry: "no", title: "This method is not allowed here" },
	not_acceptable: { status: 406, retry: "no", title: "No format that you accept" },
	out_of_order: { status: 409, retry: "now", title: "An earlier publish of this client has not arrived" },
	producer_unknown: { status: 409, retry: "no", title: "The publishes before this one are no longer known" },
	position_expired: { status: 410, retry: "no", title: "The position is no longer in the log" },
	condition_failed: { status: 412, retry: "no", title: "The condition does not hold" },
	too_big: { status: 413, close: 4109, retry: "no", title: "The input is too big" },
	unsupported_media_type: { status: 415, retry: "no", title: "This content type is not read here" },
	not_json: { status: 422, retry: "no", title: "The value cannot be carried as JSON" },
	idempotency_mismatch: { status: 422, retry: "no", title: "This idempotency key was used for another request" },
	internal: { status: 500, retry: "backoff", title: "The server failed; nothing was stored" },
	not_configured: { status: 503, retry: "no", title: "This server is not set up yet" },
	space_full: { status: 503, close: 4100, retry: "backoff", title: "The space holds as many sockets as it may" },
	storage_full: { status: 507, retry: "backoff", title: "The space holds as many bytes as it may" },
	slow_consumer: { status: 503, close: 4110, retry: "backoff", title: "The client reads too slowly" },
	wiped: { status: 409, close: 4202, retry: "now", title: "The space was wiped: its positions are void" },
	replaced: { status: 409, close: 4203, retry: "no", title: "Another socket of the same client took over" },
} as const satisfies Record<string, ErrorRow>;

/** A code of the error table. */
export type ErrorCode = keyof typeof errorTable;

/** All codes, in the order of the table. */
export const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];

/** The row of a code. */
export function errorRow(code: ErrorCode): ErrorRow {
	return errorTable[code];
}

/** Whether a text is a code of the table. */
export function isErrorCode(text: unknown): text is ErrorCode {
	return typeof text === "string" && Object.hasOwn(errorTable, text);
}
