import { expect, test } from "vitest";
import { type JobKind, Jobs } from "../../../worker/space/parts/jobs/jobs.ts";
import { freshSql } from "./sqlite.ts";

const nothing = () => undefined;
const idle = { sweep: nothing, expire: nothing, forget: nothing, presence: nothing, pulse: nothing };

class Bench {
	readonly sql = freshSql();
	now = 1_000;
	alarm: number | undefined;
	/** How often the alarm was set: each time is a row written. */
	sets = 0;
	jobs = this.wake();
	readonly ran: string[] = [];
	/** When each kind is due again after it ran. */
	next: Partial<Record<JobKind, number>> = {};

	wake(): Jobs {
		const alarm = {
			set: (due: number | undefined) => {
				this.alarm = due;
				this.sets += 1;
			},
		};
		this.jobs = new Jobs(this.sql, () => this.now, alarm);
		return this.jobs;
	}

	run(): void {
		const job = (kind: JobKind) => () => {
			this.ran.push(kind);
			return this.next[kind];
		};
		this.jobs.run(
			{ ...idle, sweep: job("sweep"), expire: job("expire"), forget: job("forget"), trim: job("trim") },
			100,
		);
	}
}

test("the alarm is set for the job that is due first, and each runs when it is due", () => {
	const bench = new Bench();
	bench.jobs.ensure("sweep", 3_000);
	bench.jobs.by("expire", 2_000);
	expect(bench.alarm).toBe(2_000);
	bench.now = 2_000;
	bench.next = { expire: 2_500 };
	bench.run();
	expect([bench.ran, bench.alarm]).toEqual([["expire"], 2_500]);
	bench.now = 3_000;
	bench.next = {};
	bench.run();
	expect([bench.ran, bench.alarm]).toEqual([["expire", "expire", "sweep"], undefined]);
});

test("a job is moved to an earlier time and never to a later one, also across a wake", () => {
	const bench = new Bench();
	for (const [due, expected] of [
		[5_000, 5_000],
		[4_000, 4_000],
		[6_000, 4_000],
	] as const) {
		bench.jobs.by("expire", due);
		expect(bench.alarm).toBe(expected);
		bench.wake();
	}
	bench.jobs.ensure("expire", 1_500);
	expect(bench.alarm).toBe(4_000);
	bench.jobs.by("expire", 3_999);
	expect(bench.alarm).toBe(3_999);
});

test("a job that makes another due, and one that is moved while it waits, run when they are due", () => {
	const bench = new Bench();
	bench.jobs.by("expire", 1_000);
	bench.jobs.run(
		{
			...idle,
			expire: () => {
				bench.jobs.by("forget", 1_800);
				return 1_900;
			},
		},
		100,
	);
	expect(bench.alarm).toBe(1_800);
	bench.jobs.by("expire", 1_700);
	expect(bench.alarm).toBe(1_700);
	bench.now = 1_800;
	bench.run();
	expect(bench.ran).toEqual(["expire", "forget"]);
});

test("a job that throws comes again later, and keeps no other from running", () => {
	const bench = new Bench();
	bench.jobs.by("expire", 1_000);
	bench.jobs.by("sweep", 1_000);
	const ran: string[] = [];
	const failing = () => {
		throw new Error("this test throws on purpose");
	};
	bench.jobs.run({ ...idle, expire: failing, forget: failing, sweep: () => void ran.push("sweep") }, 100);
	expect([ran, bench.alarm]).toEqual([["sweep"], 1_100]);
});

test("an alarm that the platform gave up is set again, by a wake or by whatever needs a job, once in ten minutes", () => {
	for (const act of [
		(bench: Bench) => void bench.wake(),
		(bench: Bench) => bench.jobs.ensure("sweep", bench.now + 900_000),
		(bench: Bench) => bench.jobs.by("sweep", bench.now + 900_000),
	]) {
		const bench = new Bench();
		bench.jobs.ensure("sweep", 3_000);
		bench.alarm = undefined;
		bench.sets = 0;
		// As long as the platform may still try.
		bench.now = 3_000 + 600_000;
		act(bench);
		expect(bench.sets).toBe(0);
		bench.now += 1;
		act(bench);
		bench.jobs.ensure("sweep", bench.now + 900_000);
		bench.jobs.by("sweep", bench.now + 900_000);
		expect([bench.alarm, bench.sets]).toEqual([3_000, 1]);
		bench.now += 600_001;
		bench.jobs.ensure("sweep", bench.now + 900_000);
		expect(bench.sets).toBe(2);
		bench.run();
		expect([bench.ran, bench.alarm]).toEqual([["sweep"], undefined]);
	}
});

test("a wake with nothing overdue writes nothing", () => {
	const bench = new Bench();
	bench.wake();
	expect(bench.sets).toBe(0);
	bench.jobs.ensure("sweep", 3_000);
	bench.now = 500_000;
	bench.sets = 0;
	bench.wake();
	expect(bench.sets).toBe(0);
});
