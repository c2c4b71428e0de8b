import { describe, expect, test } from "vitest";
import { exceedsBytes, parseJson, writeJson } from "../../../protocol/codec/json.ts";
import type { Json } from "../../../protocol/envelopes.ts";
import { Random } from "../../helpers/random.ts";

function code(text: string): string {
	const read = parseJson(text);
	return read.ok ? "ok" : read.fault.code;
}

describe("a JSON text", () => {
	test.each<[string, Json]>([
		["{}", {}],
		[" [ ] ", []],
		["null", null],
		['"小飞机\\u0000\\n"', "小飞机\0\n"],
		["-0", -0],
		["[9007199254740991,-9007199254740991,1e21,1.5e-7,0.1]", [2 ** 53 - 1, 1 - 2 ** 53, 1e21, 1.5e-7, 0.1]],
		['{"a":{"b":[1,"]}",{"\\\\\\"":2}]}}', { a: { b: [1, "]}", { '\\"': 2 }] } }],
		['"12345678901234567890"', "12345678901234567890"],
	])("%s is read", (text, value) => {
		expect(parseJson(text)).toEqual({ ok: true, value });
	});

	test.each([
		"",
		" ",
		"{",
		"[1,]",
		"{'a':1}",
		"{a:1}",
		"nul",
		'"a',
		"1 2",
		"[1}",
		"01",
		"+1",
		"NaN",
		'"\n"',
		"\ufeff{}",
		"]",
		"-",
	])("%j is malformed", (text) => {
		expect(code(text)).toBe("malformed");
	});

	test.each([
		"9007199254740992",
		"-9007199254740993",
		"[1,12345678901234567890]",
		'["a\\\\",9007199254740993]',
		"9007199254740993.0",
		"1e20",
		"9.007199254740993e15",
		"1e400",
		"-1E+999",
		"1000000000000000000000",
	])("%s holds a number that cannot be carried", (text) => {
		expect(code(text)).toBe("not_json");
	});

	test("that is accepted stays acceptable however often it is written and read again", () => {
		const random = new Random(20_261_122);
		for (let count = 0; count < 20_000; count++) {
			const literal = `${random.below(10)}.${random.below(2 ** 31)}${random.below(2 ** 31)}e${random.below(330) - 20}`;
			const read = parseJson(literal);
			if (read.ok) expect(parseJson(JSON.stringify(read.value)), literal).toEqual(read);
		}
	});

	test("may be 32 deep, and not 33, whatever its brackets", () => {
		expect(code("[".repeat(32) + "]".repeat(32))).toBe("ok");
		expect(code("[".repeat(33) + "]".repeat(33))).toBe("too_deep");
		expect(code(`${'{"a":'.repeat(32)}1${"}".repeat(32)}`)).toBe("ok");
		expect(code('[{"a":'.repeat(17))).toBe("too_deep");
		expect(code(JSON.stringify(["[".repeat(100), '\\"[[['.repeat(40)]))).toBe("ok");
	});

	test('with a member "__proto__" has it as its own and leaves every other object alone', () => {
		const read = parseJson('{"__proto__":{"polluted":true}}');
		expect(read.ok && Object.hasOwn(read.value as object, "__proto__")).toBe(true);
		expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
	});
});

test("the size of a text is that of its UTF-8 bytes, exactly", () => {
	for (const text of ["", "a".repeat(10), "é".repeat(5), "小".repeat(7), "😀".repeat(3), "aé小😀"]) {
		const bytes = new TextEncoder().encode(text).length;
		expect(exceedsBytes(text, bytes), text).toBe(false);
		if (bytes > 0) expect(exceedsBytes(text, bytes - 1), text).toBe(true);
	}
});

test("a value is written as JSON.stringify writes it, but for -0, and reads back as it was", () => {
	expect(writeJson([-0, { a: -0, b: [0, -0.5] }])).toBe('[-0,{"a":-0,"b":[0,-0.5]}]');
	const random = new Random(8_259);
	for (let count = 0; count < 5_000; count++) {
		const value = random.json(5);
		const text = writeJson(value);
		expect(text.replaceAll(/(?<=[:,[]|^)-0(?=[,\]}]|$)/g, "0")).toBe(JSON.stringify(value));
		expect(parseJson(text)).toEqual({ ok: true, value });
	}
});
