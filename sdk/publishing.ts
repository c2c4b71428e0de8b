import type { Draft } from "../protocol/envelopes.ts";
import type { Timer } from "./clock.ts";
import { AerogramError } from "./errors.ts";
import type { Producer, Publication } from "./producer.ts";

/** What became of a publish. */
export interface Published {
	readonly epoch: string;
	/** Its place in the channel; null only for an ephemeral one, and for a duplicate whose message is no longer retained. */
	readonly seq: number | null;
	/** An earlier attempt had stored it, and its answer was lost: it is in the log once. */
	readonly duplicate: boolean;
}

/** One publish, as it is asked for. */
export interface Publishing {
	readonly channel: string;
	readonly draft: Draft;
	/** UTF-8 bytes of its data. */
	readonly bytes: number;
	/** Only while the channel's head is this seq. */
	readonly ifSeq: number | undefined;
	/** Whether its own client gets it, where it is ephemeral. */
	readonly echo: boolean;
	readonly signal: AbortSignal | undefined;
}

/** A publish in the queue. */
export interface Item extends Publication {
	readonly lane: Lane;
	readonly ifSeq: number | undefined;
	/** Writes to the stored queue that are under way: it is not sent before they are done. */
	writes: number;
	readonly resolve: (published: Published) => void;
	readonly reject: (reason: unknown) => void;
	readonly stopListening: () => void;
}

/** A channel's publishes, and their pause after the server asked for one. */
export interface Lane {
	readonly producer: Producer<Item>;
	readonly pause: Timer;
	refusals: number;
}

/** What is said of a publish that may be stored or not. */
export function unknownOutcome(why: string, cause?: AerogramError): AerogramError {
	const message = `The message may be stored or not. ${why}`;
	return new AerogramError("unknown_outcome", message, cause && { cause });
}

/** Of the time that the server remembers a producer, how much may pass until a repetition is no longer safe to send. */
export const safeShare = 0.9;
