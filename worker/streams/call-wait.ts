import type { Context } from "hono";
import { failureLine } from "../../protocol/log.ts";
import { durationsOf } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import type { App } from "../http/types.ts";
import { type CallResult, CallWatch } from "./call-watch.ts";
import { EventStream, writeEvent } from "./event-stream.ts";
import { eventStreamHeaders } from "./requests.ts";

/**
 * Waits for the result of a call, for `wait` milliseconds at most; resolves to undefined where there is none by then.
 * Rejects with a `Problem`: `not_found`, `forbidden`, `space_full`.
 */
export async function awaitCall(
	context: Context<App>,
	space: string,
	id: string,
	wait: number,
): Promise<CallResult | undefined> {
	if (wait <= 0) return undefined;
	const { promise, resolve, reject } = Promise.withResolvers<CallResult | undefined>();
	const target = { space, identity: context.get("identity"), id };
	const watch = new CallWatch(
		context.env,
		target,
		{ progress: () => {}, result: resolve, refused: reject },
		Math.random,
	);
	const over = AbortSignal.any([context.req.raw.signal, AbortSignal.timeout(wait)]);
	over.addEventListener("abort", () => resolve(undefined));
	watch.open();
	return promise.finally(() => watch.close());
}

/**
 * Answers with what comes of a call as an event stream: `progress`, as often as it is told, then `result`, and the end. What
 * has its result is told at once.
 */
export function streamCall(context: Context<App>, space: string, id: string): Response {
	const target = { space, identity: context.get("identity"), id };
	const stream = new EventStream(durationsOf(context.env), Math.random, context.req.raw.signal, () => watch.close());
	const watch = new CallWatch(
		context.env,
		target,
		{
			progress: (data) => stream.write(writeEvent({ event: "progress", data })),
			result: (result) => {
				stream.write(writeEvent({ event: "result", data: resultText(id, result) }));
				stream.end();
			},
			// It was known a moment ago: whoever reads comes back, and is told.
			refused: (problem: Problem) => {
				console.error(failureLine("a stream of a call", problem.code));
				stream.end();
			},
		},
		Math.random,
	);
	watch.open();
	return context.body(stream.body, 200, eventStreamHeaders);
}

/** A result as JSON text: `{id, data}`, or `{id, error}`. */
export function resultText(id: string, { data, failed }: CallResult): string {
	return `{"id":"${id}","${failed ? "error" : "data"}":${data}}`;
}
