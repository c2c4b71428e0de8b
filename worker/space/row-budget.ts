import type { Clock } from "./ports.ts";

/** The rows that were written on one day. */
export interface RowsOfDay {
	/** Days since 1970, UTC. */
	readonly day: number;
	readonly rows: number;
}

/** What the budget counts, and where the count outlives the object's sleep. */
export interface RowBudgetHost {
	/** Rows written since the object woke. */
	written(): number;
	/** What was kept last. */
	kept(): RowsOfDay | undefined;
	keep(rows: RowsOfDay): void;
}

/** The count is kept when it has grown by so many: that costs a row in a thousand, and a sleep forgets no more. */
const keptEvery = 1_000;
const dayLength = 86_400_000;

/** The rows that a space may still write today. */
export class RowBudget {
	readonly #host: RowBudgetHost;
	readonly #most: number;
	readonly #now: Clock;
	/** The day that is counted, and what had been written on it when `#since` had been written in all. */
	#today: RowsOfDay;
	#since: number;
	#kept: number;

	constructor(host: RowBudgetHost, most: number, now: Clock) {
		this.#host = host;
		this.#most = most;
		this.#now = now;
		const day = dayOf(now());
		const kept = host.kept();
		this.#today = kept?.day === day ? kept : { day, rows: 0 };
		this.#since = host.written();
		this.#kept = this.#today.rows;
	}

	/** In how many milliseconds something may be written; 0 is now. */
	early(): number {
		if (this.#count() < this.#most) return 0;
		return (this.#today.day + 1) * dayLength - this.#now();
	}

	/** Keeps the count, where it has grown by much. Called after something was written, outside of any transaction. */
	note(): void {
		const rows = this.#count();
		if (rows - this.#kept < keptEvery) return;
		this.#kept = rows;
		this.#host.keep({ day: this.#today.day, rows });
	}

	#count(): number {
		const day = dayOf(this.#now());
		if (day > this.#today.day) {
			this.#today = { day, rows: 0 };
			this.#since = this.#host.written();
			this.#kept = 0;
		}
		return this.#today.rows + this.#host.written() - this.#since;
	}
}

function dayOf(time: number): number {
	return Math.floor(time / dayLength);
}
