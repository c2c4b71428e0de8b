import type { Message, ResetReason, ServerEnvelope, Start } from "../protocol/envelopes.ts";
import type { Position } from "../protocol/position.ts";

/** A position, with the id of the message at it where that is known: it proves to the server that it is the same log. */
export interface Mark extends Position {
	readonly id?: string;
}

/** A frame of messages, as the server sends it. */
export type MessageFrame = Extract<ServerEnvelope, { type: "messages" }>;

/** Ephemeral messages, as the server sends them. */
export type EphemeralFrame = Extract<ServerEnvelope, { type: "ephemeral" }>;

/** The answer that a subscription stands. */
export type Subscribed = Extract<ServerEnvelope, { type: "subscribed" }>;

/** What a frame is to a reader that has everything up to some seq. */
export type FrameVerdict =
	/** Something between what the reader has and this frame is missing: it must ask again from where it is. */
	| { readonly kind: "behind" }
	/** These are new, and the reader then has everything up to `to`. */
	| { readonly kind: "take"; readonly entries: readonly Message[]; readonly to: number };

/**
 * Reads a frame, which accounts for every seq in (after, to]. What the reader has is dropped; what is in the range and
 * not among the entries was withheld, not lost; a gap shows by `after` alone.
 */
export function judgeFrame(received: number, frame: MessageFrame): FrameVerdict {
	if (frame.after > received) return { kind: "behind" };
	const entries = frame.after === received ? frame.entries : frame.entries.filter(({ seq }) => seq > received);
	return { kind: "take", entries, to: Math.max(received, frame.to) };
}

/**
 * Whether a reader that was reset misses nothing after all, now that a subscription stands again: what was lost may lie
 * before what it has, on a channel whose other readers were further behind.
 */
export function survivesReset(position: Position, reason: ResetReason, stands: Subscribed): boolean {
	if (reason === "purged" || reason === "epoch" || position.epoch !== stands.epoch) return false;
	return position.seq >= stands.after && position.seq <= stands.head;
}

/** The earliest of some positions of one epoch. */
export function earliest(marks: readonly Mark[]): Mark | undefined {
	let least: Mark | undefined;
	for (const mark of marks) if (!least || mark.seq < least.seq) least = mark;
	return least;
}

/** Whether two starts ask for the same. */
export function isSameStart(one: Start, other: Start): boolean {
	return JSON.stringify(one) === JSON.stringify(other);
}
