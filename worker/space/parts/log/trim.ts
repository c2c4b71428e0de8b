import { storage } from "../../../../protocol/limits.ts";
import type { Channel } from "./channel.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { MessageStores } from "./message-store.ts";
import type { Producers } from "./producers.ts";

/** What trimming a channel works on. */
export interface TrimStores {
	readonly messages: MessageStores;
	readonly checkpoints: Checkpoints;
}

/**
 * Drops what a channel keeps no longer, and writes a checkpoint of its producers where one is due or what is dropped would
 * take some along. `producers` gives all as of the head; those that are stored must have been loaded, `channel.checkpoint` with
 * them. Runs inside a transaction; returns the channel as it then is.
 */
export function trimChannel(stores: TrimStores, channel: Channel, producers: () => Producers, now: number): Channel {
	const store = stores.messages[channel.stored];
	const { floor, bytes } = store.retained(channel, channel.retention, now);
	const kept = floor > channel.floor ? { ...store.dropBefore(channel, floor), bytes } : { ...channel, bytes };
	const due = channel.head - channel.checkpoint >= storage.checkpointMessages;
	if (!due && floor - 1 <= channel.checkpoint) return kept;
	const saved = stores.checkpoints.save(channel.number, channel.head, producers(), now);
	return { ...kept, producers: saved, checkpoint: channel.head };
}
