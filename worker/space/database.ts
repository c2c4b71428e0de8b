import type { Sql, SqlValue } from "./ports.ts";

/** The platform's SQLite behind the `Sql` port, with a count of rows written: they are what storage costs. */
export class Database implements Sql {
	readonly #storage: DurableObjectStorage;
	#written = 0;

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
	}

	/** Rows written since the object woke, as the platform bills them. */
	get rowsWritten(): number {
		return this.#written;
	}

	/** What a space tells of its storage. */
	get usage(): { readonly bytes: number; readonly rowsWritten: number } {
		return { bytes: this.size(), rowsWritten: this.#written };
	}

	all<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Row[] {
		const cursor = this.#storage.sql.exec<Row>(query, ...bindings);
		const rows = cursor.toArray();
		this.#written += cursor.rowsWritten;
		return rows;
	}

	each<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Iterable<Row> {
		return this.#storage.sql.exec<Row>(query, ...bindings);
	}

	run(query: string, ...bindings: readonly SqlValue[]): void {
		this.#written += this.#storage.sql.exec(query, ...bindings).rowsWritten;
	}

	size(): number {
		return this.#storage.sql.databaseSize;
	}

	/**
	 * Runs `work` as one transaction; a throw undoes all of it. Nothing may be sent inside: a send is delivered even when
	 * the transaction is undone.
	 */
	transact<Value>(work: () => Value): Value {
		return this.#storage.transactionSync(work);
	}
}
