import type { Operation, ResourceKind } from "../../protocol/capabilities.ts";
import type { ClientEnvelope } from "../../protocol/envelopes.ts";

/** An operation, and what on. */
export interface Need {
	readonly operation: Operation;
	readonly kind: ResourceKind;
	readonly name: string;
}

/**
 * What an envelope needs, as far as it says itself what it is about; `docs/reference/capabilities.md` is the table. What is said of
 * a call by its id needs a right on that call's service, which only the calls know.
 */
export function needOf(envelope: ClientEnvelope): Need | undefined {
	switch (envelope.type) {
		case "publish":
			return { operation: "publish", kind: "channels", name: envelope.channel };
		case "subscribe":
			return { operation: "subscribe", kind: "channels", name: envelope.channel };
		case "enter":
		case "update":
			return { operation: "presence", kind: "channels", name: envelope.channel };
		case "watch": {
			const { watched } = envelope;
			if (watched.kind === "records") return { operation: "read", kind: "collections", name: watched.collection };
			return { operation: "occupants", kind: "channels", name: watched.channel };
		}
		case "call":
			return { operation: "call", kind: "services", name: envelope.service };
		case "serve":
			// Taking no more is always allowed; what it says it holds would be in its hands.
			if (envelope.concurrency === 0 && !envelope.holds) return undefined;
			return { operation: "serve", kind: "services", name: envelope.service };
		default:
			return undefined;
	}
}

/** Whether an envelope may say what was said and stored before: that is looked up before the right to say it. */
export function isRepeatable(envelope: ClientEnvelope): boolean {
	return envelope.type === "call" || (envelope.type === "publish" && envelope.n !== undefined);
}
