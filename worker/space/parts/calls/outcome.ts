import type { ErrorCode } from "../../../../protocol/errors.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { StoredResult } from "./rows.ts";

/** What somebody calls. */
export interface CallAsked {
	readonly id: string;
	readonly service: string;
	readonly principal: string;
	/** Whose call it is, as a peer names its client. */
	readonly client: string;
	/** What is asked, as JSON text. */
	readonly data: string;
	/** Milliseconds to the deadline. Default: `durations.call`. */
	readonly timeout?: number;
	/** A digest of the request, which tells whether the same id means the same. */
	readonly hash?: string;
}

/** Why something cannot be done. */
export interface CallRefusal {
	readonly ok: false;
	readonly code: ErrorCode;
	readonly message: string;
	/** With `contract_violated`: JSON Pointer (RFC 6901) to what is wrong in the data. */
	readonly path?: string;
	/** With `rate_limited` and `budget_spent`: seconds to wait. */
	readonly retryAfter?: number;
}

/** A call that is stored, with its result where it has one. */
export interface CallKnown {
	readonly ok: true;
	/** Whether it was called before. */
	readonly duplicate: boolean;
	readonly service: string;
	readonly result: StoredResult | undefined;
}

/** What became of what was said of a call; `duplicate`: it had its result already. */
export type CallOutcome = { readonly ok: true; readonly duplicate: boolean } | CallRefusal;

/** A call that a client says it works on. */
export interface HeldCall {
	readonly id: string;
	readonly attempt: number;
}

/** The refusal of what is said of a call that is not known. */
export const unknown: CallRefusal = {
	ok: false,
	code: "not_found",
	message: "No such call is known: it was never made, or its result has been kept long enough.",
};
/** … of a call of another principal. */
export const foreign: CallRefusal = { ok: false, code: "forbidden", message: "This call is somebody else's." };
/** The refusal of too much data. */
export const tooBig: CallRefusal = {
	ok: false,
	code: "too_big",
	message: `What is asked, told and replied may be at most ${limits.messageBytes} bytes of JSON.`,
};

/** The refusal of one more call of others to wait for. */
export const tooMany: CallRefusal = {
	ok: false,
	code: "too_big",
	message: `A socket waits for at most ${limits.callsAwaited} of others' calls.`,
};
