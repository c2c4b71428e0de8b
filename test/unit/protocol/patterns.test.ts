import fc from "fast-check";
import { expect, test } from "vitest";
import {
	comparePatterns,
	matchesPattern,
	type Pattern,
	readPattern,
	readPatterns,
} from "../../../protocol/patterns.ts";

function pattern(text: string): Pattern {
	const read = readPattern(text);
	if (!read.ok) throw new Error(read.fault.message);
	return read.value;
}

test("a star stands for one part, and two at the end for one or more", () => {
	const rows: [pattern: string, matches: string[], others: string[]][] = [
		["chat", ["chat"], ["chat:1", "cha", "Chat", "chats"]],
		["*", ["chat", "a.b~c_d-e"], ["chat:1"]],
		["chat:*", ["chat:1"], ["chat", "chat:1:2", "other:1"]],
		["*:new", ["a:new", "new:new"], ["new", "a:b:new", "a:new:b"]],
		["a:*:c", ["a:b:c"], ["a:c", "a:b:b:c"]],
		["**", ["a", "a:b", "a:b:c:d"], []],
		["a:**", ["a:b", "a:b:c:d"], ["a", "b:a"]],
		["*:b:**", ["a:b:c", "x:b:c:d"], ["a:b", "a:c:b"]],
	];
	for (const [text, matches, others] of rows) {
		for (const name of matches) expect([text, name, matchesPattern(pattern(text), name)]).toEqual([text, name, true]);
		for (const name of others) expect([text, name, matchesPattern(pattern(text), name)]).toEqual([text, name, false]);
	}
});

test("what is no pattern is refused, and named", () => {
	for (const text of ["", ":", "a:", ":a", "a::b", "a*", "*a", "***", "**:a", "a:**:b", "a b", "a/b", ".", "..", "ü"]) {
		expect([text, readPattern(text).ok]).toEqual([text, false]);
	}
	expect(readPattern("a".repeat(164)).ok).toBe(true);
	expect(readPattern("a".repeat(165)).ok).toBe(false);
	const read = readPatterns({ "a:*": 1, "a*": 2 });
	expect(read.ok ? "" : read.fault.message).toMatch(/^"a\*" is no pattern\./);
});

test("the most specific pattern decides, in whatever order they are given", () => {
	const ordered = ["a:b:c", "a:b:*", "a:b:**", "a:*:c", "a:*:*", "a:*:**", "a:**", "*:b:c", "*:**", "**"];
	for (const texts of [ordered, [...ordered].reverse()]) {
		const left = new Map(texts.map((text) => [text, text]));
		for (const text of ordered) {
			const table = readPatterns(Object.fromEntries(left));
			if (!table.ok) throw new Error(table.fault.message);
			expect(table.value.find("a:b:c")).toBe(text);
			left.delete(text);
		}
	}
	const numbers = readPatterns({ "**": "all", "42": "own" });
	expect(numbers.ok && [numbers.value.find("42"), numbers.value.find("43"), numbers.value.find("4:2")]).toEqual([
		"own",
		"all",
		"all",
	]);
});

test("of two patterns that match one name, one always comes first, and the order has no circle", () => {
	const part = fc.constantFrom("a", "b", "*");
	const texts = fc
		.tuple(fc.array(part, { maxLength: 3 }), fc.constantFrom("a", "b", "*", "**"))
		.map(([parts, last]) => [...parts, last].join(":"));
	const name = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(":"));
	let both = 0;
	fc.assert(
		fc.property(texts, texts, texts, name, (one, two, three, matched) => {
			const [a, b, c] = [one, two, three].map(pattern) as [Pattern, Pattern, Pattern];
			expect(comparePatterns(a, b) + comparePatterns(b, a)).toBe(0);
			if (comparePatterns(a, b) < 0 && comparePatterns(b, c) < 0) expect(comparePatterns(a, c)).toBeLessThan(0);
			if (one === two || !matchesPattern(a, matched) || !matchesPattern(b, matched)) return;
			both += 1;
			expect(comparePatterns(a, b)).not.toBe(0);
		}),
		{ numRuns: 20_000 },
	);
	console.log(`names that two random patterns matched: ${both}`);
	expect(both).toBeGreaterThan(100);
});
