const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const values = new Map([...alphabet].map((character, value) => [character, value]));

/** Writes bytes as base64url (RFC 4648, section 5), without padding. */
export function writeBase64Url(bytes: Uint8Array): string {
	let text = "";
	for (let at = 0; at < bytes.length; at += 3) {
		const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
		const bits = (first << 16) | (second << 8) | third;
		for (let digit = 0; digit <= Math.min(3, bytes.length - at); digit++)
			text += alphabet[(bits >> (18 - 6 * digit)) & 63];
	}
	return text;
}

/**
 * Reads base64url, without padding. Undefined for what `writeBase64Url` would not have written: another alphabet, a length that
 * no bytes have, or bits left over that are not zero, by which one value could be written in several ways.
 */
export function readBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
	if (text.length % 4 === 1) return undefined;
	const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (const character of text) {
		const value = values.get(character);
		if (value === undefined) return undefined;
		bits = ((bits << 6) | value) & 0xfff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[at++] = (bits >> held) & 0xff;
		}
	}
	return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined;
}
