import { describe, expect, test } from "vitest";
import { formatPosition, isEpoch, isSeq, makeEpoch, parsePosition } from "../../../protocol/position.ts";
import { Random } from "../../helpers/random.ts";

describe("a position", () => {
	test.each([0, 1, 41, Number.MAX_SAFE_INTEGER])("with seq %i reads again as it was written", (seq) => {
		const position = { epoch: "k3abcdefgh", seq };
		expect(parsePosition(formatPosition(position))).toEqual({ ok: true, value: position });
	});

	test.each([
		"",
		":",
		"41",
		":41",
		"k3abcdefgh",
		"k3abcdefgh:",
		"k3abcdefgh:-1",
		"k3abcdefgh:1.5",
		"k3abcdefgh:1e3",
		"k3abcdefgh: 1",
		"k3abcdefgh:1 ",
		"k3abcdefgh:9007199254740992",
		"k3abcdefgh:00000000000000001",
		"k3abcdefgh:1:2",
		"K3ABCDEFGH:1",
		"short:1",
		`${"a".repeat(33)}:1`,
		"k3abcdefgh:４１",
	])("is not %j", (text) => {
		expect(parsePosition(text)).toMatchObject({ ok: false, fault: { code: "bad_position" } });
	});
});

describe("an epoch", () => {
	test("is valid and made of the time and the random source it is given", () => {
		const random = new Random(1);
		const epoch = makeEpoch(1_790_000_000_000, () => random.next());
		const again = new Random(1);
		expect(isEpoch(epoch)).toBe(true);
		expect(epoch).toHaveLength(17);
		expect(makeEpoch(1_790_000_000_000, () => again.next())).toBe(epoch);
	});

	test("that is made later compares greater, even across a change of length", () => {
		const times = [0, 35, 36, 1_790_000_000_000, 1_790_000_000_001, 36 ** 8 - 1, 36 ** 8];
		const epochs = times.map((time, index) => makeEpoch(time, () => (index % 2 === 0 ? 0.999 : 0)));
		expect([...epochs].sort()).toEqual(epochs);
		expect(epochs.every(isEpoch)).toBe(true);
	});
});

test("a seq is a whole number from 0 that JavaScript holds exactly", () => {
	expect([0, 1, 2 ** 53 - 1].map(isSeq)).toEqual([true, true, true]);
	expect([-1, 0.5, 2 ** 53, Number.NaN, Infinity, "1", null, undefined, [1]].map(isSeq)).toEqual(Array(9).fill(false));
});
