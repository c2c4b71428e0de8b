/** Whether the same request may be sent again: never, at once, or after a back-off. */
export type Retry = "no" | "now" | "backoff";

/** What follows from an error: how the same failure looks over HTTP and on a socket, and what a program does. */
export interface ErrorRule {
	/** HTTP status, RFC 9110. */
	readonly status: number;
	/** WebSocket close code, where this error ends the socket. 40xx: do not come back; 41xx: back off; 42xx: come back. */
	readonly close?: number;
	readonly retry: Retry;
}

/** One row of the error table. */
export interface ErrorRow extends ErrorRule {
	/** The title of its problem details (RFC 9457): the same for every occurrence. */
	readonly title: string;
}

/**
 * THE error table. A code that is not here does not exist: HTTP problem details, `err` envelopes, close codes, replies
 * over raw TCP and the SDK's `AerogramError.code` are all read from it.
 */
export const errorTable = {
	malformed: { status: 400, retry: "no" },
	bad_encoding: { status: 400, retry: "no" },
	bad_name: { status: 400, retry: "no" },
	bad_request: { status: 400, retry: "no" },
	bad_position: { status: 400, retry: "no" },
	too_deep: { status: 400, retry: "no" },
	unsupported: { status: 400, close: 4006, retry: "no" },
	unauthorized: { status: 401, close: 4001, retry: "no" },
	token_expired: { status: 401, close: 4204, retry: "no" },
	token_revoked: { status: 401, close: 4007, retry: "no" },
	forbidden: { status: 403, close: 4003, retry: "no" },
	not_found: { status: 404, retry: "no" },
	method_not_allowed: { status: 405, retry: "no" },
	not_acceptable: { status: 406, retry: "no" },
	out_of_order: { status: 409, retry: "now" },
	producer_unknown: { status: 409, retry: "no" },
	cancelled: { status: 409, retry: "no" },
	position_expired: { status: 410, retry: "no" },
	condition_failed: { status: 412, retry: "no" },
	lock_lost: { status: 412, retry: "no" },
	too_big: { status: 413, close: 4109, retry: "no" },
	unsupported_media_type: { status: 415, retry: "no" },
	not_json: { status: 422, retry: "no" },
	contract_violated: { status: 422, retry: "no" },
	rejected: { status: 422, retry: "no" },
	idempotency_mismatch: { status: 422, retry: "no" },
	rate_limited: { status: 429, close: 4108, retry: "backoff" },
	budget_spent: { status: 429, retry: "backoff" },
	internal: { status: 500, retry: "backoff" },
	handler_failed: { status: 502, retry: "no" },
	application_failed: { status: 500, retry: "no" },
	not_configured: { status: 503, retry: "no" },
	keys_unavailable: { status: 503, retry: "backoff" },
	space_full: { status: 503, close: 4100, retry: "backoff" },
	channel_full: { status: 503, retry: "backoff" },
	calls_full: { status: 503, retry: "backoff" },
	deadline_passed: { status: 504, retry: "no" },
	collection_full: { status: 507, retry: "backoff" },
	too_many_spaces: { status: 507, retry: "no" },
	storage_full: { status: 507, retry: "backoff" },
	slow_consumer: { status: 503, close: 4110, retry: "backoff" },
	wiped: { status: 409, close: 4202, retry: "now" },
	replaced: { status: 409, close: 4203, retry: "no" },
	another_principal: { status: 403, close: 4205, retry: "no" },
} as const satisfies Record<string, ErrorRule>;

/** The titles of the table. They stand apart, so that a page that loads the SDK need not load them. */
const titles: { readonly [Code in keyof typeof errorTable]: string } = {
	malformed: "The input is not well formed",
	bad_encoding: "The input is not UTF-8: send UTF-8",
	bad_name: "The name is not allowed",
	bad_request: "A field is missing or has the wrong type",
	bad_position: "The position cannot be read",
	too_deep: "The value is nested too deeply",
	unsupported: "This server does not support that",
	unauthorized: "It is not known who you are",
	token_expired: "The token has ended",
	token_revoked: "The token, its key or its principal was revoked",
	forbidden: "Not allowed",
	not_found: "Nothing is here",
	method_not_allowed: "This method is not allowed here",
	not_acceptable: "No format that you accept",
	out_of_order: "An earlier publish of this client has not arrived",
	producer_unknown: "The publishes before this one are no longer known",
	cancelled: "Cancelled",
	position_expired: "The position is no longer in the log",
	condition_failed: "The condition does not hold",
	lock_lost: "The lock is not held",
	too_big: "The input is too big",
	unsupported_media_type: "This content type is not read here",
	not_json: "The value cannot be carried as JSON",
	contract_violated: "The contract does not take this",
	rejected: "The application does not take this",
	idempotency_mismatch: "This idempotency key was used for another request",
	rate_limited: "Too many messages in a short time",
	budget_spent: "The space has written as many rows as it may in a day",
	internal: "The server failed; nothing was stored",
	handler_failed: "The handler failed",
	application_failed: "The application's own code failed; nothing was stored",
	not_configured: "This server is not set up yet",
	keys_unavailable: "The keys of tokens cannot be had now",
	space_full: "The space holds as many sockets as it may",
	channel_full: "The channel has as many members as it may",
	calls_full: "Too many calls wait",
	deadline_passed: "No reply in time",
	collection_full: "The collection holds as many records as it may",
	too_many_spaces: "The principal has begun as many spaces as it may",
	storage_full: "The space holds as many bytes as it may",
	slow_consumer: "The client reads too slowly",
	wiped: "The space was wiped: its positions are void",
	replaced: "Another socket of the same client took over",
	another_principal: "The token is somebody else's",
};

/** A code of the error table. */
export type ErrorCode = keyof typeof errorTable;

/** All codes, in the order of the table. */
export const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];

/** What follows from a code: its row but for the title. */
export function errorRule(code: ErrorCode): ErrorRule {
	return errorTable[code];
}

/** The row of a code. */
export function errorRow(code: ErrorCode): ErrorRow {
	return { ...errorRule(code), title: titles[code] };
}

/** Whether a text is a code of the table. */
export function isErrorCode(text: unknown): text is ErrorCode {
	return typeof text === "string" && Object.hasOwn(errorTable, text);
}
