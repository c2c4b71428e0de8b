import { describe, expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import { backoffDelay, spreadDelay } from "../../../sdk/backoff.ts";
import { closeError, fateOf, isTooBig } from "../../../sdk/close-codes.ts";
import { Random } from "../../helpers/random.ts";

const most = () => 1 - Number.EPSILON;

describe("back-off", () => {
	test("is anything from the floor to base × 2^attempt, and never above the cap", () => {
		expect(backoffDelay(0, () => 0, durations)).toBe(50);
		expect(backoffDelay(0, most, durations)).toBeCloseTo(500);
		expect(backoffDelay(3, most, durations)).toBeCloseTo(4_000);
		expect(backoffDelay(6, most, durations)).toBeCloseTo(30_000);
		expect(backoffDelay(5_000, most, durations)).toBeCloseTo(30_000);
	});

	test("spreads clients that failed together over the whole range", () => {
		const random = new Random(7);
		const delays = Array.from({ length: 1_000 }, () => backoffDelay(4, () => random.next(), durations));
		const quarters = [0, 1, 2, 3].map(
			(quarter) => delays.filter((each) => Math.floor(each / 2_000) === quarter).length,
		);
		for (const count of quarters) expect(count).toBeGreaterThan(200);
	});

	test("after a drop that met many, the first delay is spread over five seconds", () => {
		expect(spreadDelay(0, () => 0.5, durations)).toBe(2_500);
		expect(spreadDelay(5, most, durations)).toBeCloseTo(16_000);
	});
});

describe("close codes", () => {
	test("40xx and a take-over are final, mass drops spread, the rest backs off", () => {
		expect([4000, 4001, 4003, 4006, 4099, 4203].map(fateOf)).toEqual(Array(6).fill("fail"));
		expect([1001, 1006, 1011, 1012, 4201, 4202].map(fateOf)).toEqual(Array(6).fill("spread"));
		expect([0, 1000, 1009, 4100, 4109, 4110].map(fateOf)).toEqual(Array(6).fill("backoff"));
	});

	test("become the errors of the table, or say that the network failed", () => {
		expect(closeError(4203, "").code).toBe("replaced");
		expect(closeError(4003, "").message).toBe("The server closed the connection: forbidden.");
		expect(closeError(4042, "no").code).toBe("unsupported");
		expect(closeError(1006, "")).toMatchObject({ code: "network", retryable: true });
		expect([1009, 4109, 1006].map(isTooBig)).toEqual([true, true, false]);
	});
});
