import { expect, test } from "vitest";
import { Utf8Checker } from "../../../protocol/codec/utf8.ts";

/** The index of the first byte that is refused, the length when bytes are missing, or -1. */
function firstWrong(bytes: readonly number[]): number {
	const checker = new Utf8Checker();
	const wrong = bytes.findIndex((byte) => !checker.push(byte));
	return wrong === -1 && !checker.whole ? bytes.length : wrong;
}

test("every character of Unicode passes, and no surrogate does", () => {
	const encoder = new TextEncoder();
	for (let code = 0; code <= 0x10ffff; code += code < 0x3000 || (code > 0xd000 && code < 0xe100) ? 1 : 97) {
		if (code >= 0xd800 && code <= 0xdfff) {
			expect(firstWrong([0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)])).toBe(1);
		} else {
			expect(firstWrong([...encoder.encode(String.fromCodePoint(code))]), code.toString(16)).toBe(-1);
		}
	}
});

test.each([
	["a lone continuation", [0x80], 0],
	["the first byte of every packet", [0xae], 0],
	["an overlong slash", [0xc0, 0xaf], 0],
	["an overlong three", [0xe0, 0x9f, 0xbf], 1],
	["an overlong four", [0xf0, 0x8f, 0xbf, 0xbf], 1],
	["what is above Unicode", [0xf4, 0x90, 0x80, 0x80], 1],
	["a byte that no UTF-8 has", [0x41, 0xff], 1],
	["a character cut by a letter", [0xe5, 0xb0, 0x41], 2],
	["a character that does not end", [0xe5, 0xb0], 2],
	["你好 in GBK", [0xc4, 0xe3, 0xba, 0xc3], 1],
])("%s is refused at the byte that cannot stand there", (_, bytes, at) => {
	expect(firstWrong(bytes)).toBe(at);
});

test("random bytes are accepted exactly where a strict decoder accepts them", () => {
	const decoder = new TextDecoder("utf-8", { fatal: true });
	const leads = [
		0x00, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
	];
	const rests = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
	for (const lead of leads) {
		for (const second of rests) {
			for (const third of rests) {
				for (const fourth of rests) {
					const bytes = [lead, second, third, fourth];
					let valid = true;
					try {
						decoder.decode(Uint8Array.from(bytes));
					} catch {
						valid = false;
					}
					expect(firstWrong(bytes) === -1, bytes.join(" ")).toBe(valid);
				}
			}
		}
	}
});
