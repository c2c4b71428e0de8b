import { makeEpoch } from "../../../../protocol/position.ts";
import type { Clock, Sql } from "../../ports.ts";
import { migrations } from "./migrations.ts";

/** The part that owns the tables: it brings them to the newest version, and holds the epoch of the space. */
export class Schema {
	readonly #sql: Sql;
	readonly #now: Clock;
	readonly #random: () => number;
	#epoch: string;

	/** Brings the tables up to date. Runs at every wake, inside one transaction of the caller. */
	constructor(sql: Sql, now: Clock, random: () => number) {
		this.#sql = sql;
		this.#now = now;
		this.#random = random;
		sql.run("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
		const version = Number(this.#get("version") ?? 0);
		for (const migration of migrations.slice(version)) {
			for (const statement of migration) sql.run(statement);
		}
		// A newer version's tables stay as they are: code may be rolled back, and migrations only ever add.
		if (version < migrations.length) this.#set("version", String(migrations.length));
		this.#epoch = this.#get("epoch") ?? this.#rotate();
	}

	/** The id of this life of the space's data. */
	get epoch(): string {
		return this.#epoch;
	}

	/** Whether the Directory knows this space. */
	get listed(): boolean {
		return this.#get("listed") !== undefined;
	}

	/** Notes that the Directory knows this space. */
	markListed(): void {
		this.#set("listed", "1");
	}

	/** The rows that were written on a day, as it was kept last. */
	get rowsOfDay(): { readonly day: number; readonly rows: number } | undefined {
		const [day, rows] = this.#get("rows")?.split(" ").map(Number) ?? [];
		return day === undefined || rows === undefined ? undefined : { day, rows };
	}

	/** Keeps how many rows were written on a day. */
	keepRows({ day, rows }: { readonly day: number; readonly rows: number }): void {
		this.#set("rows", `${day} ${rows}`);
	}

	/** The principal that began this space; undefined while nobody did, or who it was is not known. */
	get owner(): string | undefined {
		return this.#get("owner");
	}

	/** Notes who began this space. */
	keepOwner(principal: string): void {
		this.#set("owner", principal);
	}

	/** Forgets who began this space. */
	dropOwner(): void {
		this.#sql.run("DELETE FROM meta WHERE key = 'owner'");
	}

	/** Empties every table and starts another epoch. Runs inside one transaction of the caller. */
	wipe(): void {
		const tables = this.#sql.all<{ name: string }>(
			"SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'meta' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'",
		);
		for (const { name } of tables) this.#sql.run(`DELETE FROM "${name}"`);
		this.#epoch = this.#rotate();
	}

	#rotate(): string {
		// The clock may have gone back since the last epoch was made; a later epoch must compare greater all the same.
		const before = Number.parseInt((this.#get("epoch") ?? "").slice(0, 9), 36) || 0;
		const epoch = makeEpoch(Math.max(this.#now(), before + 1), this.#random);
		this.#set("epoch", epoch);
		return epoch;
	}

	#get(key: string): string | undefined {
		return this.#sql.all<{ value: string }>("SELECT value FROM meta WHERE key = ?", key)[0]?.value;
	}

	#set(key: string, value: string): void {
		this.#sql.run(
			"INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
			key,
			value,
		);
	}
}
