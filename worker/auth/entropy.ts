import { keyLimits } from "../../protocol/auth-limits.ts";

/** No text drawn at random has so many bits of itself twice: once in 10^11 secrets. */
const repeatedBits = 48;

/**
 * Why a secret cannot have been drawn at random from enough possibilities, as the end of a sentence; undefined where it may
 * have been. Nobody can measure a text's entropy. What can be said: characters of an alphabet hold at most so many bits each,
 * and what repeats itself, counts up or uses few of them holds far less.
 */
export function weakness(secret: string): string | undefined {
	const text = secret.replace(/=+$/, "");
	const bits = bitsPerCharacter(text);
	const least = Math.ceil(keyLimits.secretBits / bits);
	if (text.length < least) {
		return `is ${text.length} characters of an alphabet that holds ${bits} bits each, and needs ${least}`;
	}
	// At random, this few of an alphabet come once in 10^9 secrets or less.
	const kinds = new Set(text).size;
	if (kinds < (bits === 6 ? 16 : 2 ** bits / 2)) return `uses only ${kinds} different characters`;
	if (repeats(text, Math.ceil(repeatedBits / bits))) return "repeats itself";
	if (countsUp(text)) return "counts up or down";
	return undefined;
}

/** Decimal digits hold 3 bits each, hexadecimal ones 4, letters of one case with digits 5, anything richer what base64 holds. */
function bitsPerCharacter(text: string): 3 | 4 | 5 | 6 {
	if (/^[0-9]*$/.test(text)) return 3;
	if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(text)) return 4;
	return /[a-z]/.test(text) && /[A-Z]/.test(text) ? 6 : 5;
}

function repeats(text: string, length: number): boolean {
	const seen = new Set<string>();
	for (let at = 0; at + length <= text.length; at++) {
		const run = text.slice(at, at + length);
		if (seen.has(run)) return true;
		seen.add(run);
	}
	return false;
}

function countsUp(text: string): boolean {
	let steps = 0;
	for (let at = 1; at < text.length; at++) {
		if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps += 1;
	}
	return steps > (text.length - 1) * 0.6;
}
