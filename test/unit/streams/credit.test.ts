import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CreditPurse } from "../../../worker/streams/credit.ts";

const interval = 1_000;
let paid: (readonly (readonly [string, number])[])[];
let purse: CreditPurse<number>;

beforeEach(() => {
	vi.useFakeTimers();
	paid = [];
	purse = new CreditPurse<number>(interval, (owed) => paid.push([...owed]));
});
afterEach(() => vi.useRealTimers());

test("credit is given a second after anything was consumed, for all channels together", () => {
	purse.consumed("a", 1, 1, 100);
	vi.advanceTimersByTime(interval - 1);
	purse.consumed("b", 7, 1, 100);
	purse.consumed("a", 2, 1, 100);
	expect(paid).toEqual([]);
	vi.advanceTimersByTime(1);
	expect(paid).toEqual([
		[
			["a", 2],
			["b", 7],
		],
	]);
	vi.advanceTimersByTime(10 * interval);
	expect(paid.length).toBe(1);
});

test("credit is given at once after 32 messages, or 64 KiB", () => {
	for (let seq = 1; seq <= 31; seq++) purse.consumed("a", seq, 1, 10);
	expect(paid).toEqual([]);
	purse.consumed("a", 32, 1, 10);
	expect(paid).toEqual([[["a", 32]]]);
	purse.consumed("a", 33, 1, 21_844);
	expect(paid.length).toBe(1);
	purse.consumed("a", 34, 1, 1);
	expect(paid.at(-1)).toEqual([["a", 34]]);
	vi.advanceTimersByTime(10 * interval);
	expect(paid.length).toBe(2);
});

test("what was owed on a socket that has ended is not given on the next", () => {
	purse.consumed("a", 9, 5, 100);
	purse.clear();
	vi.advanceTimersByTime(10 * interval);
	expect(paid).toEqual([]);
	purse.consumed("b", 1, 1, 1);
	vi.advanceTimersByTime(interval);
	expect(paid).toEqual([[["b", 1]]]);
});
