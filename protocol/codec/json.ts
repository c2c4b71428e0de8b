import type { Json } from "../envelopes.ts";
import { limits } from "../limits.ts";
import { fail, type Result, succeed } from "../result.ts";

const quote = 0x22;
const backslash = 0x5c;

/**
 * Reads a JSON text as I-JSON (RFC 7493). Checked before it is parsed, in one pass: nesting beyond `depth` (by default
 * `limits.depth`; more where a frame stands around the values), and whole numbers beyond 2^53, which would silently
 * become other numbers. The caller has bounded the text's length.
 */
export function parseJson(text: string, depth: number = limits.depth): Result<Json> {
	const refused = scan(text, depth);
	if (refused) return refused;
	try {
		return succeed(JSON.parse(text) as Json);
	} catch {
		return fail(
			"malformed",
			"This is not JSON. Strings and keys need double quotes; no comma may follow the last item.",
		);
	}
}

function scan(text: string, most: number) {
	let depth = 0;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code === quote) {
			index = endOfString(text, index);
		} else if (code === 0x7b || code === 0x5b) {
			depth += 1;
			if (depth > most) {
				return fail("too_deep", `Arrays and objects may stand at most ${most} deep inside one another.`);
			}
		} else if (code === 0x7d || code === 0x5d) {
			depth -= 1;
		} else if (isDigit(code)) {
			const start = index;
			let exponent = false;
			for (let next = text.charCodeAt(index + 1); isNumberPart(next); next = text.charCodeAt(index + 1)) {
				exponent ||= next === 0x65 || next === 0x45;
				index += 1;
			}
			// 15 digits are exact whatever they are; only longer numbers and exponents are worth a closer look.
			if ((exponent || index - start >= 15) && !isCarried(text.slice(start, index + 1))) {
				return fail("not_json", "A number beyond 2^53 cannot be carried exactly; send it as a string.");
			}
		}
	}
	return undefined;
}

/** Writes a value as compact JSON text: as JSON.stringify does, but -0 stays what it is, which JSON can say. */
export function writeJson(value: Json): string {
	const text = JSON.stringify(value);
	// JSON.stringify is fast and writes -0 as 0: only where a 0 stands alone is it worth a closer look.
	return /(?:^|[[:,])0(?:$|[\],}])/.test(text) ? writeExactly(value) : text;
}

function writeExactly(value: Json): string {
	if (Object.is(value, -0)) return "-0";
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	if (Array.isArray(value)) return `[${(value as readonly Json[]).map(writeExactly).join(",")}]`;
	const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${writeExactly(member)}`);
	return `{${members.join(",")}}`;
}

/** Whether a text, if it is JSON, is an array. */
export function isList(text: string): boolean {
	return /^\s*\[/.test(text);
}

/**
 * The items of a JSON array, each as its text; a text that is no array is its own only item. Undefined for brackets that
 * do not match. What the items hold is not looked at.
 */
export function itemsOf(text: string): readonly string[] | undefined {
	const trimmed = text.trim();
	if (!isList(trimmed)) return [trimmed];
	const items: string[] = [];
	let depth = 0;
	let from = 1;
	for (let index = 0; index < trimmed.length; index++) {
		const character = trimmed[index];
		if (character === '"') index = endOfString(trimmed, index);
		else if (character === "{" || character === "[") depth += 1;
		else if (character === "}" || character === "]") depth -= 1;
		if (depth === 0 && index < trimmed.length - 1) return undefined;
		if ((character === "," && depth === 1) || depth === 0) {
			items.push(trimmed.slice(from, index).trim());
			from = index + 1;
		}
	}
	return depth === 0 ? items : undefined;
}

/** The index of the quote that closes the string opened at `open`, or the end of the text. */
function endOfString(text: string, open: number): number {
	let close = text.indexOf('"', open + 1);
	while (close !== -1) {
		let slashes = 0;
		while (text.charCodeAt(close - 1 - slashes) === backslash) slashes += 1;
		if (slashes % 2 === 0) return close;
		close = text.indexOf('"', close + 1);
	}
	return text.length;
}

function isDigit(code: number): boolean {
	return code >= 0x30 && code <= 0x39;
}

function isNumberPart(code: number): boolean {
	// 0-9 . + - e E
	return isDigit(code) || code === 0x2e || code === 0x2b || code === 0x2d || code === 0x65 || code === 0x45;
}

/**
 * Whether a number, as JSON writes it, is carried exactly. A whole number beyond 2^53 is not, however it is written: 1e20
 * would be written as 100000000000000000000 the next time. From 1e21 on JSON itself writes the exponent (ECMA-262,
 * Number::toString), which says that the digits are not exact.
 */
export function isCarried(literal: string): boolean {
	const number = Number(literal);
	return /[.eE]/.test(literal) ? isCarriedNumber(number) : Number.isSafeInteger(number);
}

/** Whether a number is carried exactly by JSON; see `isCarried`. */
export function isCarriedNumber(number: number): boolean {
	return (
		Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number) || Math.abs(number) >= 1e21)
	);
}

/** Whether a text is more than `most` bytes in UTF-8. Counts only when its length does not already tell. */
export function exceedsBytes(text: string, most: number): boolean {
	if (text.length > most) return true;
	return text.length * 3 > most && byteLength(text) > most;
}

/** The bytes of a text as UTF-8. */
export function byteLength(text: string): number {
	let bytes = text.length;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code >= 0x80) bytes += code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
	}
	return bytes;
}
