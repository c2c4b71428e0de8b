import type { Context } from "hono";
import { type ErrorCode, errorRow } from "../../protocol/errors.ts";
import type { Fault } from "../../protocol/result.ts";
import type { ChannelState } from "../space/api.ts";
import type { App } from "./types.ts";

/** An error that ends a request: a code of the table, one sentence, and what the caller needs to go on. */
export class Problem extends Error {
	override readonly name = "Problem";
	readonly code: ErrorCode;
	/** Where reading stands, with `position_expired` and `condition_failed`. */
	readonly state: ChannelState | undefined;

	constructor(code: ErrorCode, message: string, state?: ChannelState) {
		super(message);
		this.code = code;
		this.state = state;
	}
}

/** Unwraps a fault of `protocol` as a thrown problem. */
export function problemOf(fault: Fault): Problem {
	return new Problem(fault.code, fault.message);
}

/** The response for a problem: RFC 9457 problem details, never with a stack. */
export function respond(context: Context<App>, code: ErrorCode, detail: string, state?: ChannelState): Response {
	const { status, title } = errorRow(code);
	const request = context.get("requestId");
	const body = { type: "about:blank", title, status, detail, code, request, ...state };
	const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
	if (state && (code === "condition_failed" || code === "position_expired")) {
		headers.set("etag", `"${state.epoch}:${state.head}"`);
	}
	return context.newResponse(`${JSON.stringify(body)}\n`, status as never, Object.fromEntries(headers));
}
