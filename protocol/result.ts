import type { ErrorCode } from "./errors.ts";

/** What went wrong with an input: a code of the error table, and one sentence for the person who sent it. */
export interface Fault {
	readonly code: ErrorCode;
	/** Says what was found and what to send instead. Never holds more of the input than a name. */
	readonly message: string;
	/** With `rate_limited` and `budget_spent`: seconds to wait. */
	readonly retryAfter?: number;
	/** With `contract_violated`: JSON Pointer (RFC 6901) to what is wrong in the data. */
	readonly path?: string;
}

/** The answer of everything that reads an input: the value, or the fault. Decoders never throw. */
export type Result<Value> =
	| { readonly ok: true; readonly value: Value }
	| { readonly ok: false; readonly fault: Fault };

/** A result that holds a value. */
export function succeed<Value>(value: Value): Result<Value> {
	return { ok: true, value };
}

/** A result that holds a fault. */
export function fail(code: ErrorCode, message: string): { readonly ok: false; readonly fault: Fault } {
	return { ok: false, fault: { code, message } };
}
