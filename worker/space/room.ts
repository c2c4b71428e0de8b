import type { Quotas } from "../../protocol/limits.ts";
import type { Fault } from "../../protocol/result.ts";
import type { Database } from "./database.ts";
import type { Schema } from "./parts/schema/schema.ts";
import type { Clock } from "./ports.ts";
import { RowBudget } from "./row-budget.ts";

/** What is left of the room of a space: it holds so many bytes, and writes so many rows in a day. */
export class Room {
	readonly #database: Pick<Database, "size" | "rowsWritten">;
	readonly #bytes: number;
	readonly #rows: RowBudget;

	constructor(
		database: Pick<Database, "size" | "rowsWritten">,
		schema: Pick<Schema, "rowsOfDay" | "keepRows">,
		{ spaceBytes, rowsPerDay }: Pick<Quotas, "spaceBytes" | "rowsPerDay">,
		now: Clock,
	) {
		this.#database = database;
		this.#bytes = spaceBytes;
		const host = {
			written: () => database.rowsWritten,
			kept: () => schema.rowsOfDay,
			keep: (rows: Parameters<Schema["keepRows"]>[0]) => schema.keepRows(rows),
		};
		this.#rows = new RowBudget(host, rowsPerDay, now);
	}

	/** Why nothing more may be stored now; undefined while there is room. */
	readonly full = (): Fault | undefined => {
		if (this.#database.size() > this.#bytes) {
			const message = "The space is full: wait for retention, delete records, purge a channel or wipe the space.";
			return { code: "storage_full", message };
		}
		const early = this.#rows.early();
		if (early === 0) return undefined;
		const message = "The space has written as many rows as it may in a day: it writes again from midnight UTC on.";
		return { code: "budget_spent", message, retryAfter: Math.ceil(early / 1_000) };
	};

	/** Something was written. Outside of any transaction. */
	written(): void {
		this.#rows.note();
	}
}
