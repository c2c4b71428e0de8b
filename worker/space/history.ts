import { limits } from "../../protocol/limits.ts";
import type { ChannelState, HistoryPage, HistoryRequest, Refusal } from "./api.ts";
import type { Log } from "./parts/log/log.ts";
import { separator } from "./parts/log/segments.ts";
import { voidPosition } from "./void-position.ts";

/** Reads a page of a channel for HTTP: ascending after a seq, or descending before one. */
export function history(log: Log, epoch: string, request: HistoryRequest, now: number): HistoryPage | Refusal {
	const channel = log.channel(request.channel);
	const loose = channel.stored === "keyed" && { loose: true as const };
	const state: ChannelState = { epoch, floor: channel.floor, head: channel.head };
	if (
		isVoid(request.after, state, state.floor - 1, state.head) ||
		isVoid(request.before, state, state.floor, state.head + 1)
	) {
		return { ok: false, code: "position_expired", message: voidPosition(state), state };
	}
	const asked = request.after?.seq ?? 0;
	if (request.window !== undefined && Math.max(asked, channel.floor - 1) < log.before(channel, now - request.window)) {
		const message = "This needs history: some of it is older than what subscribe allows to read.";
		return { ok: false, code: "forbidden", message };
	}
	const lowest = Math.max(
		channel.floor - 1,
		asked,
		request.since === undefined ? 0 : log.before(channel, request.since),
	);
	const highest = Math.min(channel.head + 1, request.before?.seq ?? Number.POSITIVE_INFINITY);
	const span = { after: lowest, before: highest };
	const most = { count: request.limit, size: limits.bodyBytes };
	if (request.order === "desc") {
		const { texts, from } = highest - 1 > lowest ? log.newest(channel, span, most) : { texts: [], from: highest };
		return { ok: true, ...state, ...loose, body: texts.join(separator), next: from, more: from - 1 > lowest };
	}
	const page = highest - 1 > lowest ? log.page(channel, span, most) : undefined;
	// A reader at, or ahead of, everything here goes on from where it stands.
	const next = page?.to ?? Math.max(lowest, request.after?.seq ?? 0);
	return { ok: true, ...state, ...loose, body: page?.body ?? "", next, more: next + 1 < highest };
}

/**
 * Whether nothing can be read from a position: it belongs to another life of the space, some of what lies beyond it is gone,
 * or it is ahead of the log. A bare seq is not checked: whoever leaves the epoch out takes what is there.
 */
function isVoid(position: HistoryRequest["after"], state: ChannelState, least: number, most: number): boolean {
	if (position?.epoch === undefined) return false;
	// Nothing is gone of a log that still has its first message.
	const isGone = state.floor > 1 && position.seq < least;
	return position.epoch !== state.epoch || isGone || position.seq > most;
}
