import type { Sql } from "../../ports.ts";
import type { PendingCall } from "./pending.ts";

/** The result of a call, and whose call it was. */
export interface StoredResult {
	readonly service: string;
	readonly principal: string;
	readonly hash: string | null;
	/** Whether `data` is an error. */
	readonly failed: boolean;
	/** The JSON text of the reply, or of the error. */
	readonly data: string;
}

/** A call as the object finds it when it wakes. */
export type FoundCall = Pick<
	PendingCall,
	"id" | "number" | "service" | "principal" | "client" | "deadline" | "hash" | "attempt"
> & { readonly leased: number | null };

/** The rows of calls: one each, written at the call, at its result and when that has been kept long enough. */
export class CallRows {
	readonly #sql: Sql;

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** All calls without a result, the oldest first. Reads all rows, but not what they hold. */
	pending(): readonly FoundCall[] {
		return this.#sql.all<{ [Name in keyof FoundCall]: FoundCall[Name] }>(
			`SELECT id, number, service, principal, client, due AS deadline, hash, attempt, leased FROM calls
				WHERE failed IS NULL ORDER BY number`,
		);
	}

	/** Stores a call; `data` is what is asked, as JSON text. */
	insert({ id, number, service, principal, client, deadline, hash }: PendingCall, data: string): void {
		this.#sql.run(
			"INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, NULL, 0, NULL, ?, ?)",
			id,
			number,
			service,
			principal,
			client,
			deadline,
			hash,
			data,
		);
	}

	/** What is asked, as JSON text. */
	data(id: string): string {
		return this.#sql.all<{ data: string }>("SELECT data FROM calls WHERE id = ?", id)[0]?.data ?? "null";
	}

	/** Notes until when a call is held by whoever took it over HTTP. */
	lease(id: string, attempt: number, until: number): void {
		this.#sql.run("UPDATE calls SET attempt = ?, leased = ? WHERE id = ?", attempt, until, id);
	}

	/** Notes that whoever took a call over HTTP has it no longer. */
	release(id: string): void {
		this.#sql.run("UPDATE calls SET leased = NULL WHERE id = ?", id);
	}

	/** Stores the result of a call, to be kept until `due`. */
	finish(id: string, data: string, failed: boolean, due: number): void {
		this.#sql.run("UPDATE calls SET data = ?, failed = ?, due = ? WHERE id = ?", data, failed ? 1 : 0, due, id);
	}

	/** The result of a call; undefined where it has none, or is not known. */
	result(id: string): StoredResult | undefined {
		const row = this.#sql.all<
			Omit<StoredResult, "failed"> & { failed: number | null; [name: string]: string | number | null }
		>("SELECT service, principal, hash, failed, data FROM calls WHERE id = ?", id)[0];
		if (!row || row.failed === null) return undefined;
		const { service, principal, hash, data } = row;
		return { service, principal, hash, failed: row.failed === 1, data };
	}

	/** Drops the results that have been kept until now. */
	drop(now: number): void {
		this.#sql.run("DELETE FROM calls WHERE failed IS NOT NULL AND due <= ?", now);
	}

	/** When the next result is to be dropped. */
	nextDrop(): number | undefined {
		const query = "SELECT min(due) AS due FROM calls WHERE failed IS NOT NULL";
		return this.#sql.all<{ due: number | null }>(query)[0]?.due ?? undefined;
	}
}
