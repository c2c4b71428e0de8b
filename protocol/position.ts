import { fail, type Result, succeed } from "./result.ts";

/** A place in a channel: everything up to and including `seq` is behind it. `seq` 0 is before the first message. */
export interface Position {
	readonly epoch: string;
	readonly seq: number;
}

const epochPattern = /^[a-z0-9]{9,32}$/;

/** Whether a text is an epoch. */
export function isEpoch(text: unknown): text is string {
	return typeof text === "string" && epochPattern.test(text);
}

/** Whether a value is a seq: a whole number from 0 that JavaScript holds exactly. */
export function isSeq(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * Makes an epoch: milliseconds in base 36, padded to nine digits so that a later one compares greater as text, then
 * eight random ones.
 */
export function makeEpoch(now: number, random: () => number): string {
	const digits = Array.from({ length: 8 }, () => Math.floor(random() * 36).toString(36));
	return now.toString(36).padStart(9, "0") + digits.join("");
}

/** A position as text: `<epoch>:<seq>`. */
export function formatPosition(position: Position): string {
	return `${position.epoch}:${position.seq}`;
}

/** Reads `<epoch>:<seq>`. */
export function parsePosition(text: string): Result<Position> {
	const colon = text.indexOf(":");
	const epoch = text.slice(0, colon);
	const seq = text.slice(colon + 1);
	if (colon > 0 && isEpoch(epoch) && /^\d{1,16}$/.test(seq) && isSeq(Number(seq))) {
		return succeed({ epoch, seq: Number(seq) });
	}
	return fail("bad_position", "A position reads <epoch>:<seq>, as the server gave it.");
}
