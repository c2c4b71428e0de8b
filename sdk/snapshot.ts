import { parseJson } from "../protocol/codec/json.ts";
import type { Json } from "../protocol/envelopes.ts";
import { AerogramError } from "./errors.ts";

/** Data as it was when it was given, and its UTF-8 bytes as JSON. */
export interface Snapshot {
	readonly data: Json;
	readonly bytes: number;
}

/**
 * Copies data: what was given can change until it is sent, or sent again. Throws `not_json` for what JSON cannot carry,
 * whole numbers beyond 2^53 among it, and `too_deep`. One such message would spoil the frame of all that leave with it.
 */
export function takeSnapshot(data: unknown): Snapshot {
	const text = writeJson(data);
	const result = parseJson(text);
	if (!result.ok) throw new AerogramError(result.fault.code, result.fault.message);
	return { data: result.value, bytes: new TextEncoder().encode(text).length };
}

/** Data as JSON text. Throws `not_json`. */
export function writeJson(data: unknown): string {
	let text: string | undefined;
	let cause: unknown;
	try {
		text = JSON.stringify(data);
	} catch (thrown) {
		cause = thrown;
	}
	if (text !== undefined) return text;
	throw new AerogramError("not_json", "The data cannot be written as JSON; null is a value, undefined is not.", {
		cause,
	});
}
