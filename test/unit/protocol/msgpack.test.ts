import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "../../../protocol/codec/json.ts";
import { decodeMessagePack, encodeMessagePack } from "../../../protocol/codec/msgpack.ts";
import type { Json } from "../../../protocol/envelopes.ts";
import { limits } from "../../../protocol/limits.ts";

function bytesOf(value: Json): Uint8Array {
	const encoded = encodeMessagePack(value);
	if (!encoded.ok) throw new Error(encoded.fault.message);
	return encoded.value;
}

function codeOf(...bytes: readonly number[]): string {
	const decoded = decodeMessagePack(Uint8Array.from(bytes));
	return decoded.ok ? `decoded as ${JSON.stringify(decoded.value)}` : decoded.fault.code;
}

const wholeNumbers = [
	...[0, 1, 31, 32, 33, 127, 128, 129, 255, 256, 32_767, 32_768, 65_535, 65_536, 2_147_483_647, 2_147_483_648],
	...[4_294_967_295, 4_294_967_296, 2 ** 52, Number.MAX_SAFE_INTEGER],
];

test("every whole number that JSON carries exactly is read back, and written as another implementation writes it", () => {
	for (const number of wholeNumbers.flatMap((each) => [each, -each - 1, -each]).filter(Number.isSafeInteger)) {
		const bytes = bytesOf(number);
		expect(decodeMessagePack(bytes)).toStrictEqual({ ok: true, value: number });
		if (!Object.is(number, -0)) expect([...bytes], `${number}`).toEqual([...encode(number)]);
	}
});

test("the values that other formats trip over are read back unchanged", () => {
	const values: readonly Json[] = [
		...[
			"\u0000",
			"",
			"  x ",
			"01",
			"你好,服务器!",
			"\u{1f600}",
			"x".repeat(70_000),
			"é".repeat(13),
			-0,
			1.5,
			5e-324,
			1e300,
		],
		...[null, true, false, [], [[]], {}, { "": 1, "a b": 2, "1": 3 }],
		JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as Json,
		Array.from({ length: 70_000 }, (_, index) => index),
		Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`key-${index}`, index])),
	];
	for (const value of values) expect(decodeMessagePack(bytesOf(value))).toStrictEqual({ ok: true, value });
	expect("polluted" in {}).toBe(false);
});

test("10,000 random JSON values are read back unchanged, and read alike by another implementation", () => {
	let values = 0;
	fc.assert(
		fc.property(fc.jsonValue({ maxDepth: 6 }), (random) => {
			const value = random as Json;
			const text = JSON.stringify(value);
			// The other implementation refuses the key __proto__.
			fc.pre(parseJson(text).ok && text.isWellFormed() && !text.includes("__proto__"));
			const bytes = bytesOf(value);
			expect(decodeMessagePack(bytes)).toStrictEqual({ ok: true, value });
			expect(decode(bytes)).toStrictEqual(value);
			// The other implementation writes -0 as 0.
			expect(decodeMessagePack(encode(value))).toStrictEqual({ ok: true, value: JSON.parse(text) });
			values += 1;
		}),
		{ numRuns: 10_000 },
	);
	console.log(`values read back: ${values}`);
	expect(values).toBe(10_000);
});

test("what JSON cannot carry is a typed error and never another value", () => {
	const float = (value: number) => [0xcb, ...new Uint8Array(new Float64Array([value]).buffer).reverse()];
	expect(codeOf(0xc4, 1, 0)).toBe("not_json");
	expect(codeOf(0xd6, 0xff, 0, 0, 0, 0)).toBe("not_json");
	expect(codeOf(0xc7, 0, 1)).toBe("not_json");
	expect(codeOf(...float(Number.NaN))).toBe("not_json");
	expect(codeOf(...float(Number.POSITIVE_INFINITY))).toBe("not_json");
	expect(codeOf(...float(2 ** 53))).toBe("not_json");
	expect(codeOf(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0)).toBe("not_json");
	expect(codeOf(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1)).toBe("not_json");
	expect(codeOf(0xd3, 0xff, 0xdf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe("not_json");
	expect(codeOf(0x81, 0x01, 0x01)).toBe("not_json");
	expect(codeOf(0x81, 0xc0, 0x01)).toBe("not_json");
	expect(codeOf(0xa1, 0xff)).toBe("bad_encoding");
	expect(codeOf(0xa3, 0xed, 0xa0, 0x80)).toBe("bad_encoding");
	expect(encodeMessagePack("a lone \ud800")).toMatchObject({ ok: false, fault: { code: "not_json" } });
	expect(encodeMessagePack({ "\udfff": 1 })).toMatchObject({ ok: false, fault: { code: "not_json" } });
});

test("bytes that are no whole value are refused", () => {
	for (const bytes of [[], [0xc1], [0xcd, 1], [0xa5, 0x61], [0x92, 1], [0x81, 0xa1, 0x61], [1, 2]]) {
		expect(codeOf(...bytes), `${bytes}`).toBe("malformed");
	}
});

test("a few bytes that promise four thousand million items take no memory", () => {
	const before = process.memoryUsage().rss;
	for (const type of [0xdb, 0xdd, 0xdf]) expect(codeOf(type, 0xff, 0xff, 0xff, 0xff, 0)).toBe("malformed");
	const nested = Uint8Array.from(Array.from({ length: 50_000 }, () => 0x91));
	expect(decodeMessagePack(nested)).toMatchObject({ ok: false, fault: { code: "too_deep" } });
	expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
});

test("nesting is allowed as deep as in JSON and no deeper", () => {
	const nest = (depth: number) => Uint8Array.from([...Array.from({ length: depth }, () => 0x91), 0xc0]);
	expect(decodeMessagePack(nest(limits.depth))).toMatchObject({ ok: true });
	expect(decodeMessagePack(nest(limits.depth + 1))).toMatchObject({ ok: false, fault: { code: "too_deep" } });
});

test("of a key that comes twice the last value counts, as in JSON", () => {
	expect(decodeMessagePack(Uint8Array.from([0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2]))).toEqual({
		ok: true,
		value: { a: 2 },
	});
});

test("a view into the middle of a larger buffer is read at its own place", () => {
	const whole = Uint8Array.from([0xc1, 0xcd, 1, 0, 0xc1]);
	expect(decodeMessagePack(whole.subarray(1, 4))).toEqual({ ok: true, value: 256 });
});
