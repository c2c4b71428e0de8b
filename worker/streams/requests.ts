import type { Context } from "hono";
import { parseAccept } from "hono/utils/accept";
import { durations } from "../../protocol/limits.ts";
import { durationsOf } from "../env.ts";
import { Problem } from "../http/problem.ts";
import type { App } from "../http/types.ts";
import { tooManySpaces } from "../space/beginning.ts";

/** Whether a request asks for an event stream: it names that, and nothing that it would rather have. */
export function wantsEvents(context: Context<App>): boolean {
	const ranges = parseAccept(context.req.header("accept") ?? "").filter(({ q }) => q > 0);
	const events = ranges.find(({ type }) => type.toLowerCase() === "text/event-stream");
	return events !== undefined && ranges.every(({ type, q }) => q <= events.q || type.includes("*"));
}

/**
 * How long a request waits for something to answer, in milliseconds, from `?wait=` in seconds; undefined where it does not
 * say. HEAD waits for nothing. Throws a `Problem` (`bad_request`).
 */
export function readWait(context: Context<App>): number | undefined {
	const text = context.req.query("wait");
	if (text === undefined) return undefined;
	const most = durations.waitMost / 1_000;
	if (!/^\d{1,3}$/.test(text) || Number(text) > most) {
		throw new Problem("bad_request", `wait is a whole number of seconds, at most ${most}.`);
	}
	return context.req.method === "HEAD" ? 0 : (Number(text) / most) * durationsOf(context.env).waitMost;
}

/** The answer to HEAD where GET would be an event stream. It opens none. */
export function eventStreamHead(context: Context<App>): Response {
	return context.body(null, 200, eventStreamHeaders);
}

/** Headers of an event stream. `x-accel-buffering` keeps nginx from collecting it. */
export const eventStreamHeaders = {
	"content-type": "text/event-stream",
	"cache-control": "no-store",
	"x-accel-buffering": "no",
} as const;

/** Why a space took no connection, by the status with which it said so. */
export function refusedConnection(status: number): Problem {
	if (status === 507) return new Problem(tooManySpaces.code, tooManySpaces.message);
	return new Problem("space_full", "The space holds as many sockets as it may; come back later.");
}
