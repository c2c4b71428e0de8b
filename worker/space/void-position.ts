import type { ChannelState } from "./api.ts";

/** What a reader is told whose place in a channel is void. `of` names the channel, where many are read. */
export function voidPosition({ floor, head }: Omit<ChannelState, "epoch">, of?: string): string {
	const log = of === undefined ? "the log" : `the log of ${of}`;
	const state = floor > head ? "it is empty now" : `it now reaches from ${floor} to ${head}`;
	return `That position is no longer in ${log}: ${state}.`;
}
