import { expect, test } from "vitest";
import { RowBudget, type RowsOfDay } from "../../../worker/space/row-budget.ts";

const day = 86_400_000;

/** A budget of 5,000 rows a day, with what its object wrote and what it kept. */
class Bench {
	now = 20_000 * day + 1_000;
	written = 0;
	kept: RowsOfDay | undefined;
	keeps = 0;
	budget = this.wake();

	wake(): RowBudget {
		this.written = 0;
		const keep = (rows: RowsOfDay) => {
			this.kept = rows;
			this.keeps += 1;
		};
		const host = { written: () => this.written, kept: () => this.kept, keep };
		this.budget = new RowBudget(host, 5_000, () => this.now);
		return this.budget;
	}

	write(rows: number): number {
		this.written += rows;
		this.budget.note();
		return this.budget.early();
	}
}

test("what is written of the last row waits for midnight, and then there is a new budget", () => {
	const bench = new Bench();
	expect(bench.write(4_999)).toBe(0);
	expect(bench.write(1)).toBe(day - 1_000);
	bench.now += day - 1_001;
	expect(bench.budget.early()).toBe(1);
	bench.now += 1;
	expect(bench.budget.early()).toBe(0);
	expect([bench.write(4_999), bench.write(1)]).toEqual([0, day]);
});

test("a sleep forgets less than a thousand rows, and keeping them costs one in a thousand", () => {
	const bench = new Bench();
	for (let row = 0; row < 2_500; row++) bench.write(1);
	expect([bench.keeps, bench.kept]).toEqual([2, { day: 20_000, rows: 2_000 }]);
	bench.wake();
	expect([bench.write(2_999), bench.write(1)]).toEqual([0, day - 1_000]);
});

test("what was kept of another day does not count", () => {
	const bench = new Bench();
	bench.write(5_000);
	bench.now += day;
	bench.wake();
	expect(bench.budget.early()).toBe(0);
});

test("a clock that goes back to yesterday gives nothing back", () => {
	const bench = new Bench();
	bench.write(5_000);
	bench.now -= 2_000;
	expect(bench.budget.early()).toBeGreaterThan(0);
});
