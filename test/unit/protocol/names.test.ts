import { describe, expect, test } from "vitest";
import { isClientId, isName, readName } from "../../../protocol/names.ts";

describe("a name", () => {
	test.each(["a", "chat", "A.b_c~d-9", "team:42:orders", "...", "a".repeat(164), "a:..", "-", "__proto__"])(
		"may be %j",
		(name) => {
			expect(isName(name)).toBe(true);
		},
	);

	test.each([
		"",
		".",
		"..",
		":",
		"a:",
		":a",
		"a::b",
		"a/b",
		"a%b",
		"a b",
		"小",
		"a\n",
		"\na",
		"a".repeat(165),
		1,
		null,
		undefined,
	])("may not be %j", (name) => {
		expect(isName(name)).toBe(false);
	});

	test("that comes from outside is the value itself or a fault that says what a name is", () => {
		expect(readName("chat", "channel")).toEqual({ ok: true, value: "chat" });
		const refused = readName("a/b", "channel");
		expect(refused).toMatchObject({ ok: false, fault: { code: "bad_name" } });
		expect(!refused.ok && refused.fault.message).toContain("channel");
		expect(!refused.ok && refused.fault.message).not.toContain("a/b");
	});
});

describe("a client id", () => {
	test("is one part of a name, at most 64 characters", () => {
		expect(["a", "A-b_c.d~9", "a".repeat(64)].map(isClientId)).toEqual([true, true, true]);
		expect(["", "a:b", "a b", "a/b", "a\n", "a".repeat(65), 7, null].map(isClientId)).toEqual(Array(8).fill(false));
	});
});
