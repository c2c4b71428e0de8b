import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { DirectoryApi } from "./api.ts";

/** One shard of the list of spaces: one row a space, written at the space's first write. It is on no publish path. */
export class Directory extends DurableObject<Env> implements DirectoryApi {
	readonly #sql: SqlStorage;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec("CREATE TABLE IF NOT EXISTS spaces (name TEXT PRIMARY KEY) WITHOUT ROWID");
	}

	async add(space: string): Promise<void> {
		this.#sql.exec("INSERT INTO spaces VALUES (?) ON CONFLICT DO NOTHING", space);
	}

	async list(after: string, limit: number): Promise<readonly string[]> {
		const rows = this.#sql.exec<{ name: string }>(
			"SELECT name FROM spaces WHERE name > ? ORDER BY name LIMIT ?",
			after,
			limit,
		);
		return rows.toArray().map((row) => row.name);
	}
}
