import { durations } from "../../../../protocol/limits.ts";
import type { Sql } from "../../ports.ts";

/** What an idempotency key was first used for, and what it was answered. */
export interface UsedKey {
	readonly hash: string;
	readonly first: number;
	readonly count: number;
	/** The answer as text, where seqs do not say it all: then `first` and `count` mean nothing. */
	readonly answer?: string;
}

/** Idempotency keys: each is used once and has a row of its own for 24 h. */
export class Keys {
	readonly #sql: Sql;

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** Looks a key up. One that has expired is as good as new. */
	get(principal: string, key: string, now: number): UsedKey | undefined {
		const rows = this.#sql.all<{ hash: string; first: number; count: number; answer: string | null }>(
			`SELECT hash, first, count, NULL AS answer FROM keys WHERE scope = ? AND expires > ?
				UNION ALL SELECT hash, 0, 0, answer FROM answers WHERE scope = ? AND expires > ?`,
			scope(principal, key),
			now,
			scope(principal, key),
			now,
		);
		const row = rows[0];
		if (!row) return undefined;
		const { answer, ...used } = row;
		return answer === null ? used : { ...used, answer };
	}

	/** Remembers a key for 24 h. */
	set(principal: string, key: string, used: UsedKey, now: number): void {
		const expires = now + durations.dedup;
		if (used.answer !== undefined) {
			const query = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)";
			return this.#sql.run(query, scope(principal, key), used.hash, used.answer, expires);
		}
		this.#sql.run(
			"INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?)",
			scope(principal, key),
			used.hash,
			used.first,
			used.count,
			expires,
		);
	}

	/** Drops the keys that have expired. */
	sweep(now: number): void {
		for (const table of ["keys", "answers"]) this.#sql.run(`DELETE FROM ${table} WHERE expires <= ?`, now);
	}

	/** Whether any key is remembered, so that a sweep has something to come back for. */
	any(): boolean {
		return this.#sql.all("SELECT 1 AS one FROM keys UNION ALL SELECT 1 FROM answers LIMIT 1").length > 0;
	}
}

/** A key belongs to its principal: nobody can use up, or look at, another's. */
function scope(principal: string, key: string): string {
	return `${principal}\n${key}`;
}
