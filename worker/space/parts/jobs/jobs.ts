import { failureLine } from "../../../../protocol/log.ts";
import type { Alarm, Clock, Sql } from "../../ports.ts";

/** What a space does later. */
export type JobKind =
	/** Takes off what is dead or too old: sockets, idempotency keys. */
	| "sweep"
	/** Drops messages that have been kept long enough. */
	| "trim"
	/** Makes tombstones of records that have expired. */
	| "expire"
	/** Drops tombstones that have been kept long enough. */
	| "forget"
	/** Ends the memberships of clients that have been gone for the grace. */
	| "presence"
	/** Finds dead sockets of members, while there are any: soon, because the others are waiting to hear of it. */
	| "pulse"
	/** Ends calls whose deadline has passed, and hands on those whose server is gone. */
	| "calls"
	/** Drops results of calls that have been kept long enough. */
	| "results"
	/** Closes the sockets whose token has ended, or which never said who is on them. */
	| "ends";

/** Runs one kind of job; returns when it is next due (milliseconds since 1970), or nothing when it is done. */
export type Job = () => number | undefined;

/**
 * Overdue for so long, in milliseconds, a job has no alarm any more: the platform tries one that fails again for some two
 * minutes, then drops it.
 */
const overdue = 600_000;

/** The part that serves many deadlines with the platform's one alarm. */
export class Jobs {
	readonly #sql: Sql;
	readonly #now: Clock;
	readonly #alarm: Alarm;
	/** When a kind known to have a row is due: most calls of `ensure` and `by` need no query. */
	readonly #known = new Map<JobKind, number>();
	/** When the alarm was set last. */
	#armed = Number.NEGATIVE_INFINITY;

	constructor(sql: Sql, now: Clock, alarm: Alarm) {
		this.#sql = sql;
		this.#now = now;
		this.#alarm = alarm;
		const first = this.#first();
		if (first !== undefined) this.#revive(first);
	}

	/** Makes a job due at a time, unless it already is at some time. */
	ensure(kind: JobKind, due: number): void {
		const known = this.#due(kind);
		if (known === undefined) this.by(kind, due);
		else this.#revive(known);
	}

	/** Makes a job due at a time, unless it already is at an earlier one. */
	by(kind: JobKind, due: number): void {
		const known = this.#due(kind);
		if (known !== undefined && known <= due) return this.#revive(known);
		this.#known.set(kind, due);
		this.#sql.run("INSERT INTO jobs VALUES (?, ?) ON CONFLICT DO UPDATE SET due = excluded.due", kind, due);
		this.#arm();
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#known.clear();
		this.#arm();
	}

	/**
	 * Runs what is due. A job that throws comes again later and keeps no other from running: the platform drops an alarm
	 * that has failed a few times, so no throw may leave here.
	 */
	run(jobs: Readonly<Partial<Record<JobKind, Job>>>, retryAfter: number): void {
		const due = this.#sql.all<{ kind: JobKind }>("SELECT kind FROM jobs WHERE due <= ? ORDER BY due", this.#now());
		for (const { kind } of due) {
			const next = this.#attempt(jobs[kind], retryAfter);
			if (next === undefined) {
				this.#known.delete(kind);
				this.#sql.run("DELETE FROM jobs WHERE kind = ?", kind);
			} else {
				this.#known.set(kind, next);
				this.#sql.run("UPDATE jobs SET due = ? WHERE kind = ?", next, kind);
			}
		}
		this.#arm();
	}

	#due(kind: JobKind): number | undefined {
		const known = this.#known.get(kind);
		if (known !== undefined) return known;
		const due = this.#sql.all<{ due: number }>("SELECT due FROM jobs WHERE kind = ?", kind)[0]?.due;
		if (due !== undefined) this.#known.set(kind, due);
		return due;
	}

	#attempt(job: Job | undefined, retryAfter: number): number | undefined {
		try {
			// A kind that only a newer version knows stays for it.
			return job ? job() : this.#now() + retryAfter;
		} catch (error) {
			console.error(failureLine("job", error));
			return this.#now() + retryAfter;
		}
	}

	/** Sets the alarm again for what it should long have run, but not at every call: each setting is a row written. */
	#revive(due: number): void {
		const now = this.#now();
		if (due < now - overdue && this.#armed < now - overdue) this.#arm();
	}

	#arm(): void {
		this.#armed = this.#now();
		this.#alarm.set(this.#first());
	}

	/** When the first job is due. */
	#first(): number | undefined {
		return this.#sql.all<{ due: number | null }>("SELECT min(due) AS due FROM jobs")[0]?.due ?? undefined;
	}
}
