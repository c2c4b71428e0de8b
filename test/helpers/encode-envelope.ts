import { encodeClient } from "../../protocol/codec/envelope.ts";
import { encodeLive } from "../../protocol/codec/live.ts";
import type { ChannelRequest, ClientEnvelope, LiveRequest } from "../../protocol/envelopes.ts";

const ofChannels = new Set<string>([
	"publish",
	"subscribe",
	"unsubscribe",
	"credit",
] satisfies ChannelRequest["type"][]);

/** Writes an envelope of a client, whatever it is about. */
export function encodeEnvelope(envelope: ClientEnvelope): string {
	return ofChannels.has(envelope.type) ? encodeClient(envelope as ChannelRequest) : encodeLive(envelope as LiveRequest);
}
