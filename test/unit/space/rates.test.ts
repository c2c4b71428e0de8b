import { describe, expect, test } from "vitest";
import { Budgets } from "../../../worker/space/parts/rates/budgets.ts";
import { Rates } from "../../../worker/space/parts/rates/rates.ts";
import { TokenBucket } from "../../../worker/space/parts/rates/token-bucket.ts";

describe("a token bucket", () => {
	test("gives its burst at once, then says how long to wait, to the millisecond", () => {
		const bucket = new TokenBucket(5_000, 20_000, 0);
		for (let taken = 0; taken < 20_000; taken += 100) expect(bucket.take(100, 0)).toBe(0);
		expect(bucket.take(1, 0)).toBe(1);
		expect(bucket.take(100, 0)).toBe(20);
		expect(bucket.take(100, 19)).toBe(1);
		expect(bucket.take(100, 20)).toBe(0);
		expect(bucket.take(1, 20)).toBe(1);
	});

	test("sustains its rate and no more, however it is asked", () => {
		const bucket = new TokenBucket(10, 5, 0);
		let taken = 0;
		for (let now = 0; now < 10_000; now += 7) if (bucket.take(1, now) === 0) taken += 1;
		expect(taken).toBe(5 + 10 * 10 - 1);
	});

	test("never holds more than its burst, and loses nothing to a clock that goes back", () => {
		const bucket = new TokenBucket(10, 5, 1_000_000);
		expect(bucket.take(5, 2_000_000)).toBe(0);
		expect(bucket.take(1, 1_500_000)).toBe(100);
		expect(bucket.take(1, 1_500_100)).toBe(0);
	});

	test("gives more than its burst only when it is full, and is in debt then", () => {
		const bucket = new TokenBucket(10, 5, 0);
		expect(bucket.take(8, 0)).toBe(0);
		expect(bucket.take(1, 0)).toBe(400);
		expect(bucket.take(8, 400)).toBe(400);
	});
});

describe("budgets", () => {
	test("are counted for each key apart", () => {
		const budgets = new Budgets(10, 5);
		expect(budgets.of("a", 0).take(5, 0)).toBe(0);
		expect(budgets.of("a", 0).take(1, 0)).toBe(100);
		expect(budgets.of("b", 0).take(5, 0)).toBe(0);
	});

	test("forget nobody who is not full again", () => {
		const budgets = new Budgets(10, 5);
		const take = (key: string, now: number, count = 1) => budgets.of(key, now).take(count, now);
		expect(take("a", 0, 5)).toBe(0);
		for (let now = 100; now <= 3_000; now += 100) {
			for (let other = 0; other < 10; other++) take(`other-${now}-${other}`, now);
			expect([take("a", now), take("a", now)]).toEqual([0, 100]);
		}
	});
});

describe("the rates of a space", () => {
	const quotas = {
		...{ publishRate: 10, publishBurst: 10 },
		...{ clientRate: 100, clientBurst: 1_000, principalRate: 200, principalBurst: 1_500 },
	};

	test("count what a client causes: a message to a thousand subscribers is a thousand deliveries", () => {
		const rates = new Rates(quotas, () => 0);
		expect(rates.client("p", "a", 1_000)).toBe(0);
		expect(rates.client("p", "a", 1)).toBe(10);
		expect(rates.client("q", "a of q", 1_000)).toBe(0);
	});

	test("count all clients of a principal together, and its requests with them", () => {
		const rates = new Rates(quotas, () => 0);
		expect(rates.client("p", "a", 900)).toBe(0);
		expect(rates.client("p", "b", 601)).toBe(5);
		expect(rates.request("p", 1, 601)).toBe(5);
		expect(rates.client("p", "b", 600)).toBe(0);
	});

	test("take nothing from one budget where the other is used up", () => {
		const rates = new Rates(quotas, () => 0);
		expect(rates.request("p", 11, 1)).toBe(0);
		expect(rates.request("p", 1, 1_499)).toBe(200);
		expect(rates.client("p", "a", 1_000)).toBe(0);
		expect(rates.client("p", "b", 499)).toBe(0);
		expect(rates.client("p", "b", 1)).toBe(5);
	});
});
