import { DatabaseSync } from "node:sqlite";
import { Schema } from "../../../worker/space/parts/schema/schema.ts";
import type { Sql, SqlValue } from "../../../worker/space/ports.ts";

/** The `Sql` port over Node's SQLite, so that a part runs without workerd. */
export class MemorySql implements Sql {
	readonly database = new DatabaseSync(":memory:");
	/** What `size` answers. */
	bytes = 0;
	/** Every query that returned rows, in order. */
	readonly queries: string[] = [];

	all<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Row[] {
		this.queries.push(query);
		return this.database.prepare(query).all(...bindings) as Row[];
	}

	each<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Iterable<Row> {
		return this.database.prepare(query).iterate(...bindings) as Iterable<Row>;
	}

	run(query: string, ...bindings: readonly SqlValue[]): void {
		this.database.prepare(query).run(...bindings);
	}

	size(): number {
		return this.bytes;
	}

	/** One transaction, undone by a throw. */
	transact<Value>(work: () => Value): Value {
		this.database.exec("BEGIN");
		try {
			const value = work();
			this.database.exec("COMMIT");
			return value;
		} catch (error) {
			this.database.exec("ROLLBACK");
			throw error;
		}
	}
}

/** A database with all tables. */
export function freshSql(): MemorySql {
	const sql = new MemorySql();
	new Schema(
		sql,
		() => 1_700_000_000_000,
		() => 0.5,
	);
	return sql;
}
