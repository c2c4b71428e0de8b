import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isCarried } from "../../../protocol/codec/json.ts";
import { parseXml, writeXml } from "../../../protocol/codec/xml.ts";
import type { Json } from "../../../protocol/envelopes.ts";

// Any UTF-16 code unit, lone surrogates among them, but often the ones that mean something to XML.
const unit = fc.oneof(
	fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
	fc.constantFrom(..."<>&'\"\\]-/?! \t\r\nu0aZ", "\0", "\ufffe", "小", "😀", "]]>", "&amp;", "\\u0000"),
);
const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(""));
const key = fc.oneof(
	text,
	fc.constantFrom("", "a", "a b", "1", "m", "k", "e", "type", "item", "xml", "a:b", "__proto__", "名"),
);
const number = fc
	.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger())
	.filter((value) => isCarried(JSON.stringify(value)));
const { value } = fc.letrec<{ value: Json }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 5, depthSize: "small" },
		fc.oneof(text, number, fc.constantFrom<Json>(null, true, false, -0, "", [], {}, [[]])),
		fc.array(tie("value"), { maxLength: 4 }),
		fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((members): Json => Object.fromEntries(members)),
	),
}));

test.each<[Json]>([
	["\0"],
	["\ud800"],
	["a\udc00b"],
	[""],
	["  x "],
	["01"],
	[[]],
	[[[]]],
	[{}],
	[null],
	[-0],
	[{ "": "" }],
	[{ "a b": "a b" }],
	[{ "1": 1 }],
	[JSON.parse('{"__proto__":{"__proto__":null}}')],
	[Number.MAX_SAFE_INTEGER],
	[-Number.MAX_SAFE_INTEGER],
	[5e-324],
	[Number.MAX_VALUE],
])("what other mappings lose is written as XML and read again the same: %j", (each) => {
	for (const value of [each, [each], [each, each], { a: each }, { "": each, b: [each] }]) {
		const read = parseXml(writeXml(value, "value"));
		expect(read.ok && isDeepStrictEqual(read.value, value), writeXml(value, "value")).toBe(true);
	}
});

test("10,000 random values are written as XML and read again the same", { timeout: 30_000 }, () => {
	const seen = { values: 0, objects: 0, arrays: 0, escaped: 0, keyed: 0 };
	fc.assert(
		fc.property(value, (each) => {
			const written = writeXml(each, "value");
			const read = parseXml(written);
			seen.values += 1;
			if (Array.isArray(each)) seen.arrays += 1;
			else if (each !== null && typeof each === "object") seen.objects += 1;
			if (written.includes('type="escaped"')) seen.escaped += 1;
			if (written.includes("<m ")) seen.keyed += 1;
			return read.ok && isDeepStrictEqual(read.value, each) && !/[\r\n]/.test(written);
		}),
		{ numRuns: 10_000, seed: 20_261_122 },
	);
	console.log("XML round trips", seen);
	// The random values must have met what the mapping is hard for.
	expect(seen.values).toBe(10_000);
	expect(Math.min(seen.objects, seen.arrays, seen.escaped, seen.keyed)).toBeGreaterThan(500);
});
