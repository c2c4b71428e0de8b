import type { Random } from "./random.ts";

const pieces = [
	..."abcXYZ019 _-.,:;/+*=#%&<>'\"\\`$|?!@^~{}[]()",
	..."äßçñøŁžıİ",
	..."小飞机宮你好服务器テスト한국어ไทยक्षि",
	..."שלוםمرحباฺΑλφаЖ",
	// Emoji: one code point, with a skin tone, a family joined by U+200D, a flag of two halves.
	"😀",
	"👍🏽",
	"👨‍👩‍👧‍👦",
	"🇫🇷",
	// Combining marks, and the same letter composed.
	"e\u0301",
	"é",
	"o\u0323\u0302",
	// Marks of direction, a no-break space, the last code points of a plane.
	"\u200f",
	"\u202b",
	"\u00a0",
	"\u{1fffd}",
	"&amp;",
	"]]>",
	"</name>",
	"\\u0041",
	"\\n",
];

/** A name as people may have one, or try: any script, emoji, signs that mean something to JSON and XML. Never empty. */
export function makeName(random: Random): string {
	return Array.from({ length: 1 + random.below(6) }, () => random.pick(pieces)).join("");
}

/** Names, each different from all others. */
export function makeNames(random: Random, count: number): string[] {
	const names = new Set<string>();
	while (names.size < count) names.add(makeName(random));
	return [...names];
}
