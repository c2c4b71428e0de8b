import type { Json } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Fault } from "../../protocol/result.ts";
import type { ChannelState, IssueState, RecordState, RetryState } from "../space/api.ts";

/**
 * Where reading stands, with `position_expired` and `condition_failed`; when to come back, with `rate_limited`; what is wrong,
 * with `contract_violated`; which item of a transaction it is.
 */
export type ProblemState =
	| ((ChannelState | RecordState | RetryState | IssueState | CallState) & { readonly item?: number })
	| { readonly item?: number };

/** Which call has no reply, and what its handler had to say of that. */
export interface CallState {
	readonly call: string;
	readonly data?: Json;
}

/** An error that ends a request: a code of the table, one sentence, and what the caller needs to go on. */
export class Problem extends Error {
	override readonly name = "Problem";
	readonly code: ErrorCode;
	readonly state: ProblemState | undefined;

	constructor(code: ErrorCode, message: string, state?: ProblemState) {
		super(message);
		this.code = code;
		this.state = state;
	}
}

/** Unwraps a fault of `protocol` as a thrown problem. */
export function problemOf(fault: Fault): Problem {
	const { code, message, retryAfter } = fault;
	return new Problem(code, message, retryAfter === undefined ? undefined : { retryAfter });
}
