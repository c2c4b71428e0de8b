import type { Context } from "hono";
import type { Start } from "../../protocol/envelopes.ts";
import { formatPosition, parsePosition } from "../../protocol/position.ts";
import { readPosition, readQuery, readTime } from "../http/history-query.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { type StreamShape, streamMessages } from "./message-stream.ts";

/**
 * Answers with the messages of one channel as an event stream: from `Last-Event-ID`, else `after`, else `since`, else from
 * now on. Throws a `Problem`.
 */
export async function streamChannel(context: Context<App>, space: string, channel: string): Promise<Response> {
	const { start, strict } = await readStart(context, space, channel);
	const shape: StreamShape = {
		id: ({ epoch, seqs }) => formatPosition({ epoch, seq: seqs.get(channel) ?? 0 }),
		data: (_, text) => text,
		loss: ({ channel: _, ...loss }) => JSON.stringify(loss),
	};
	return streamMessages(context, space, { starts: new Map([[channel, start]]), strict }, shape);
}

async function readStart(
	context: Context<App>,
	space: string,
	channel: string,
): Promise<{ readonly start: Start; readonly strict: boolean }> {
	const { after, since } = readQuery(context, ["after", "since"]);
	if (after !== undefined && since !== undefined) {
		throw new Problem("bad_request", "An event stream starts at after or at since, and goes on from there.");
	}
	const lastId = context.req.header("last-event-id") ?? "";
	if (lastId !== "") {
		const position = parsePosition(lastId);
		if (!position.ok) throw problemOf(position.fault);
		return { start: { from: "position", ...position.value }, strict: false };
	}
	if (since !== undefined) return { start: { from: "since", ts: readTime(since) }, strict: true };
	if (after === undefined) return { start: { from: "live" }, strict: true };
	const { epoch, seq } = readPosition(after);
	if (epoch !== undefined) return { start: { from: "position", epoch, seq }, strict: true };
	// A bare seq is not checked: whoever leaves the epoch out takes what is there.
	if (seq === 0) return { start: { from: "start" }, strict: true };
	const state = await spaceStub(context.env, space).channel(channel);
	const place = Math.min(Math.max(seq, state.floor - 1), state.head);
	return { start: { from: "position", epoch: state.epoch, seq: place }, strict: false };
}
