import type { ChannelInfo } from "./api.ts";
import type { Channel } from "./parts/log/channel.ts";

/** What is told of a channel. */
export function channelInfo(channel: Channel, epoch: string, occupancy: ChannelInfo["occupancy"]): ChannelInfo {
	const { name, kind, floor, head, retention } = channel;
	const { age, messages, bytes } = retention;
	const told = { age: finite(age), messages: finite(messages), bytes: finite(bytes) };
	return { name, kind, ...(kind !== "ephemeral" && { retention: told }), epoch, floor, head, occupancy };
}

function finite(bound: number): number | null {
	return bound === Number.POSITIVE_INFINITY ? null : bound;
}
