import { expect, test } from "vitest";
import { formatCursor, parseCursor } from "../../../protocol/cursor.ts";
import { limits } from "../../../protocol/limits.ts";

const epoch = "0mws8iikc9alb9adv";

test("a cursor reads as it is written, in its order, also where names hold colons", () => {
	const cursor = {
		epoch,
		seqs: new Map([
			["orders:eu", 41],
			["b", 0],
			["~.-_", Number.MAX_SAFE_INTEGER],
		]),
	};
	const text = formatCursor(cursor);
	expect(text).toBe(`${epoch}:orders:eu=41,b=0,~.-_=9007199254740991`);
	expect(parseCursor(text)).toEqual({ ok: true, value: cursor });
	expect(
		formatCursor({
			epoch,
			seqs: new Map([
				["a", 41],
				["b", 7],
			]),
		}),
	).toBe(`${epoch}:a=41,b=7`);
});

test("as many channels as one stream may read fit, and one more does not", () => {
	const items = Array.from({ length: limits.channelsPerStream }, (_, index) => `c${index}=${index}`);
	expect(parseCursor(`${epoch}:${items.join(",")}`).ok).toBe(true);
	expect(parseCursor(`${epoch}:${items.join(",")},more=1`).ok).toBe(false);
});

test.each([
	"",
	":",
	epoch,
	`${epoch}:`,
	`${epoch}:a`,
	`${epoch}:a=`,
	`${epoch}:=1`,
	`${epoch}:a=1,`,
	`${epoch}:,a=1`,
	`${epoch}:a=1,a=2`,
	`${epoch}:a=-1`,
	`${epoch}:a=1.5`,
	`${epoch}:a=9007199254740992`,
	`${epoch}:a=0x1`,
	`${epoch}:a=1=2`,
	`${epoch}:a/b=1`,
	`${epoch}:..=1`,
	`${epoch}:41`,
	`${epoch}:a =1`,
	"EPOCH:a=1",
	"a=1,b=2",
	`${epoch}:__proto__=x`,
])("%j is no cursor", (text) => {
	expect(parseCursor(text)).toMatchObject({ ok: false, fault: { code: "bad_position" } });
});
