import { describe, expect, test } from "vitest";
import type { Json } from "../../../protocol/envelopes.ts";
import { mergePatch } from "../../../protocol/merge-patch.ts";
import { mergePatchRows } from "../../helpers/merge-patch-rows.ts";
import { Random } from "../../helpers/random.ts";

describe("RFC 7396, appendix A", () => {
	test.each(mergePatchRows)("%s patched with %s is %s", (target, patch, result) => {
		expect(JSON.stringify(mergePatch(JSON.parse(target), JSON.parse(patch)))).toBe(result);
	});
});

test("the example of RFC 7396, section 3", () => {
	const target = {
		title: "Goodbye!",
		author: { givenName: "John", familyName: "Doe" },
		tags: ["example", "sample"],
		content: "This will be unchanged",
	};
	const patch = { title: "Hello!", phoneNumber: "+01-123-456-7890", author: { familyName: null }, tags: ["example"] };
	expect(mergePatch(target, patch)).toEqual({
		title: "Hello!",
		author: { givenName: "John" },
		tags: ["example"],
		content: "This will be unchanged",
		phoneNumber: "+01-123-456-7890",
	});
});

test("a patch of nothing makes an object without the members that are null", () => {
	expect(mergePatch(undefined, { a: null, b: { c: null, d: 1 }, e: [null] })).toEqual({ b: { d: 1 }, e: [null] });
	expect(mergePatch(undefined, 7)).toBe(7);
});

test("__proto__ and constructor are keys like any other", () => {
	const patch = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as Json;
	const once = mergePatch({}, patch);
	expect(JSON.stringify(once)).toBe(JSON.stringify(patch));
	expect(Object.getPrototypeOf(once)).toBe(Object.prototype);
	const twice = mergePatch(once, JSON.parse('{"__proto__":{"polluted":null,"more":1},"constructor":null}') as Json);
	expect(JSON.stringify(twice)).toBe('{"__proto__":{"more":1}}');
	expect(JSON.stringify(mergePatch({ a: 1 }, JSON.parse('{"__proto__":null}') as Json))).toBe('{"a":1}');
	expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("no depth exhausts the stack", () => {
	const depth = 100_000;
	let patch: Json = { leaf: 1 };
	for (let level = 0; level < depth; level++) patch = { a: patch };
	let merged: Json | undefined = mergePatch(mergePatch(undefined, patch), patch);
	for (let level = 0; level < depth; level++) merged = (merged as { readonly a: Json }).a;
	expect(merged).toEqual({ leaf: 1 });
});

describe("for 20,000 random values", () => {
	/** The algorithm of RFC 7396, section 2, word for word; it changes its target. */
	function asWritten(target: Json | undefined, patch: Json): Json {
		if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
		const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
		const members = new Map<string, Json>(isObject ? Object.entries(target) : []);
		for (const [name, value] of Object.entries(patch)) {
			if (value === null) members.delete(name);
			else members.set(name, asWritten(members.get(name), value));
		}
		return Object.fromEntries(members);
	}

	/** Whether a null stands in an object: as a patch it would take a member away instead of being one. */
	function holdsNull(value: Json): boolean {
		if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
		return Object.values(value).some((member) => member === null || holdsNull(member));
	}

	test("the result is that of the RFC's own words, neither input is changed, and twice is once", () => {
		const random = new Random(7_396);
		let kept = 0;
		for (let count = 0; count < 20_000; count++) {
			const target = random.json(4);
			const patch = random.json(4);
			const before = JSON.stringify([target, patch]);
			const result = mergePatch(target, patch);
			expect(JSON.stringify(result)).toBe(JSON.stringify(asWritten(target, patch)));
			expect(JSON.stringify([target, patch])).toBe(before);
			expect(mergePatch(result, patch)).toEqual(result);
			if (holdsNull(target)) continue;
			kept += 1;
			expect(mergePatch(undefined, target)).toEqual(target);
			expect(mergePatch(target, {})).toEqual(
				typeof target === "object" && target && !Array.isArray(target) ? target : {},
			);
		}
		expect(kept).toBeGreaterThan(10_000);
	});
});
