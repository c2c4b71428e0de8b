import type { Append, Outcome } from "../../ports.ts";
import type { Keys } from "./keys.ts";
import { producerKey } from "./producers.ts";
import { refused } from "./refused.ts";
import type { StagedChannel } from "./staged-channel.ts";

/** What an append is answered because of what was stored before; undefined for one that is new. */
export function earlierOutcome(append: Append, channel: StagedChannel, keys: Keys, now: number): Outcome | undefined {
	if (channel.channel.kind === "ephemeral") return unkept(append);
	return producerOutcome(append, channel) ?? keyOutcome(append, keys, now);
}

/** A publish to a channel that keeps nothing asks for what cannot be had without keeping something. */
function unkept({ idempotency, ifSeq }: Append): Outcome | undefined {
	if ((idempotency ?? ifSeq) === undefined) return undefined;
	return refused("bad_request", "This channel keeps nothing: a publish takes no condition and no idempotency key.");
}

function producerOutcome(append: Append, channel: StagedChannel): Outcome | undefined {
	if (!append.producer) return undefined;
	const { client, n, previous } = append.producer;
	const producer = producerKey(append.principal, client);
	const known = channel.producer(producer);
	if (!known) {
		if (previous < 0) return undefined;
		return refused(
			"producer_unknown",
			"Nothing of this client is remembered here; whether its last publish was stored is not known.",
		);
	}
	if (n <= known.n) {
		return { ok: true, first: channel.seqOf(producer, n, append.drafts[0]?.key), count: 1, duplicate: true };
	}
	if (previous <= known.n) return undefined;
	return {
		...refused("out_of_order", `Publish ${previous} has not arrived; the last one is ${known.n}.`),
		last: known.n,
	};
}

function keyOutcome(append: Append, keys: Keys, now: number): Outcome | undefined {
	if (!append.idempotency) return undefined;
	const used = keys.get(append.principal, append.idempotency.key, now);
	if (!used) return undefined;
	if (used.hash === append.idempotency.hash && used.answer === undefined) {
		return { ok: true, first: used.first, count: used.count, duplicate: true };
	}
	return refused("idempotency_mismatch", "This idempotency key was first used with another request; make a new key.");
}
