import type { Alarm, Clock, Sql } from "../../ports.ts";

/** What a space does later. */
export type JobKind = "sweep";

/** Runs one kind of job; returns when it is next due (milliseconds since 1970), or nothing when it is done. */
export type Job = () => number | undefined;

/** The part that serves many deadlines with the platform's one alarm. */
export class Jobs {
	readonly #sql: Sql;
	readonly #now: Clock;
	readonly #alarm: Alarm;
	/** Kinds known to have a row: most calls of `ensure` need no query. */
	readonly #known = new Set<JobKind>();

	constructor(sql: Sql, now: Clock, alarm: Alarm) {
		this.#sql = sql;
		this.#now = now;
		this.#alarm = alarm;
	}

	/** Makes a job due at a time, unless it already is at some time. */
	ensure(kind: JobKind, due: number): void {
		if (this.#known.has(kind)) return;
		this.#known.add(kind);
		if (this.#sql.all("SELECT 1 AS one FROM jobs WHERE kind = ?", kind).length > 0) return;
		this.#sql.run("INSERT INTO jobs VALUES (?, ?)", kind, due);
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
	run(jobs: Readonly<Record<JobKind, Job>>, retryAfter: number): void {
		const due = this.#sql.all<{ kind: JobKind }>("SELECT kind FROM jobs WHERE due <= ? ORDER BY due", this.#now());
		for (const { kind } of due) {
			const next = this.#attempt(jobs[kind], retryAfter);
			if (next === undefined) {
				this.#known.delete(kind);
				this.#sql.run("DELETE FROM jobs WHERE kind = ?", kind);
			} else {
				this.#sql.run("UPDATE jobs SET due = ? WHERE kind = ?", next, kind);
			}
		}
		this.#arm();
	}

	#attempt(job: Job | undefined, retryAfter: number): number | undefined {
		try {
			// A kind that only a newer version knows stays for it.
			return job ? job() : this.#now() + retryAfter;
		} catch (error) {
			console.error("job failed", error);
			return this.#now() + retryAfter;
		}
	}

	#arm(): void {
		const next = this.#sql.all<{ due: number | null }>("SELECT min(due) AS due FROM jobs")[0]?.due;
		this.#alarm.set(next ?? undefined);
	}
}
