import { limits } from "../../protocol/limits.ts";
import type { ChannelState, HistoryPage, HistoryRequest, Refusal } from "./api.ts";
import type { Log } from "./parts/log/log.ts";
import { separator } from "./parts/log/segments.ts";

/** Reads a page of a channel for HTTP: ascending after a seq, or descending before one. */
export function history(log: Log, epoch: string, request: HistoryRequest): HistoryPage | Refusal {
	const channel = log.channel(request.channel);
	const state: ChannelState = { epoch, floor: channel.floor, head: channel.head };
	for (const position of [request.after, request.before]) {
		if (position && isExpired(position, state)) {
			const message = `That position is no longer in the log: it now reaches from ${state.floor} to ${state.head}.`;
			return { ok: false, code: "position_expired", message, state };
		}
	}
	const lowest = Math.max(
		channel.floor - 1,
		request.after?.seq ?? 0,
		request.since === undefined ? 0 : log.before(channel, request.since),
	);
	const highest = Math.min(channel.head + 1, request.before?.seq ?? Number.POSITIVE_INFINITY);
	const limit = Math.min(request.limit, Math.max(0, highest - lowest - 1));
	if (request.order === "desc") {
		const texts = limit === 0 ? [] : log.newestBefore(channel, highest, lowest, limit, limits.bodyBytes);
		const next = highest - texts.length;
		return { ok: true, ...state, body: texts.join(separator), next, more: next - 1 > lowest };
	}
	const page = limit === 0 ? undefined : log.page(channel, lowest, limits.bodyBytes, limit);
	// A reader at, or ahead of, everything here goes on from where it stands.
	const next = page?.to ?? Math.max(lowest, request.after?.seq ?? 0);
	return { ok: true, ...state, body: page?.body ?? "", next, more: next + 1 < highest };
}

/** A bare seq is not checked: whoever leaves the epoch out takes what is there. */
function isExpired(position: { readonly seq: number; readonly epoch?: string }, state: ChannelState): boolean {
	if (position.epoch === undefined) return false;
	return position.epoch !== state.epoch || position.seq < state.floor - 1 || position.seq > state.head + 1;
}
