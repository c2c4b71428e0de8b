import type { Context } from "hono";
import { describe, expect, test } from "vitest";
import { matches, readIfMatch, writeTag } from "../../../worker/http/conditions.ts";
import type { App } from "../../../worker/http/types.ts";

function read(header: string | undefined) {
	return readIfMatch({ req: { header: () => header } } as unknown as Context<App>);
}

describe("a list of tags", () => {
	test.each([
		[undefined, undefined],
		["*", "*"],
		[" * ", "*"],
		['"a:1"', [{ tag: "a:1", format: "json", weak: false }]],
		['W/"a:1-xml"', [{ tag: "a:1", format: "xml", weak: true }]],
		['"a:1-5-msgpack"', [{ tag: "a:1-5", format: "msgpack", weak: false }]],
		['"a:1-5"', [{ tag: "a:1-5", format: "json", weak: false }]],
		[
			' ,"a" ,, W/"b",',
			[
				{ tag: "a", format: "json", weak: false },
				{ tag: "b", format: "json", weak: true },
			],
		],
		['"a,b"', [{ tag: "a,b", format: "json", weak: false }]],
		['""', [{ tag: "", format: "json", weak: false }]],
	])("%s is read", (header, tags) => {
		expect(read(header)).toEqual(tags);
		if (tags !== undefined && typeof tags !== "string") {
			expect(read(tags.map((tag) => writeTag(tag as never)).join(", "))).toEqual(tags);
		}
	});

	test.each(["", " ", ",", "a", '"a', 'a"', '"a" "b"', 'w/"a"', '"a b"', '"\u00e9"', '*, "a"', "**"])(
		"%j is refused",
		(header) => {
			expect(() => read(header)).toThrow(expect.objectContaining({ code: "bad_position" }));
		},
	);

	test.each([
		['"-xml", ', "x"],
		['"a", ', '"'],
		[", \t", "x"],
		['W/"-msgpack"', "x"],
		['"', ""],
	])("of 200,000 characters that is wrong at its end is refused at once: %s", (part, end) => {
		const header = part.repeat(200_000 / part.length) + end;
		const start = performance.now();
		expect(() => read(header)).toThrow(expect.objectContaining({ code: "bad_position" }));
		expect(performance.now() - start).toBeLessThan(1_000);
	});
});

test("a weak tag matches nothing strongly, and what is not there matches nothing at all", () => {
	const tags = [
		{ tag: "a", format: "json", weak: true },
		{ tag: "b", format: "xml", weak: false },
	] as const;
	expect([matches(tags, "a", "strong"), matches(tags, "a", "weak")]).toEqual([false, true]);
	expect([matches(tags, "b", "strong"), matches(tags, "c", "weak")]).toEqual([true, false]);
	expect([matches("*", "a", "strong"), matches("*", undefined, "weak"), matches(tags, undefined, "weak")]).toEqual([
		true,
		false,
		false,
	]);
});
