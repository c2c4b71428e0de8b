import type { Context } from "hono";
import { type ErrorCode, errorRow } from "../../protocol/errors.ts";
import { write } from "./answer.ts";
import { acceptedFormat, contentType } from "./formats.ts";
import type { ProblemState } from "./problem.ts";
import type { App } from "./types.ts";

/**
 * The response for a problem: problem details of RFC 9457, never with a stack, as JSON, XML or MessagePack by what the
 * request accepts; JSON where that is none of them.
 */
export function respond(context: Context<App>, code: ErrorCode, detail: string, state?: ProblemState): Response {
	const { status, title } = errorRow(code);
	const request = context.get("requestId");
	context.set("code", code);
	const format = acceptedFormat(context.req.header("accept")) ?? "json";
	const written = write({ type: "about:blank", title, status, detail, code, request, ...state }, "problem", format);
	// The namespace of RFC 9457, appendix B.
	const body =
		typeof written === "string" ? written.replace(/^<problem>/, '<problem xmlns="urn:ietf:rfc:7807">') : written;
	const headers = new Headers({ "content-type": contentType(format, true), "cache-control": "no-store" });
	// RFC 6750, section 3.
	if (status === 401) headers.set("www-authenticate", "Bearer");
	if (state && "retryAfter" in state) {
		headers.set("retry-after", String(state.retryAfter));
	} else if (state && "epoch" in state && (code === "condition_failed" || code === "position_expired")) {
		const last = "head" in state ? state.head : state.rev;
		if (last !== undefined) headers.set("etag", `"${state.epoch}:${last}"`);
	}
	return context.newResponse(body ?? null, status as never, Object.fromEntries(headers));
}
