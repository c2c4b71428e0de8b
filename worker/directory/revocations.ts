import { revocationLimits, tokenLimits } from "../../protocol/auth-limits.ts";
import type { Revocation, RevocationNews } from "./revocation.ts";

/** A revocation that spaces have not been told, or not for the last time. */
export interface UntoldRevocation {
	readonly version: number;
	readonly revocation: Revocation;
	/** How many times all spaces were told; from 2 on only those are that could not be. */
	readonly told: number;
	/** When it was made, in milliseconds since 1970. */
	readonly made: number;
	/** The last space that was told this time, in order of name; empty at the start. */
	readonly after: string;
}

/** What came of telling some more spaces. */
export interface ToldSpaces {
	readonly names: readonly string[];
	/** Those of them that could not be told. */
	readonly missed: readonly string[];
	/** Whether there are no more after them. */
	readonly last: boolean;
}

/** How long a revocation of tokens is kept, in milliseconds: so long that none of them is left. */
const keptFor = (tokenLimits.lifeSeconds + 2 * tokenLimits.leewaySeconds) * 1_000;

/**
 * The revocations, all of them in each shard, so that who asks may ask any. Spaces are told at once, to close sockets; and once
 * more when nobody can let in any more what was revoked, because a socket may have been opened in between; and whoever could not be
 * told then is told alone, as long as the revocation counts.
 */
export class Revocations {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(
			`CREATE TABLE IF NOT EXISTS revocations (version INTEGER PRIMARY KEY AUTOINCREMENT, revocation TEXT NOT NULL UNIQUE,
				made INTEGER NOT NULL, expires INTEGER, told INTEGER NOT NULL, due INTEGER)`,
		);
		sql.exec("CREATE TABLE IF NOT EXISTS tellings (version INTEGER PRIMARY KEY, after TEXT NOT NULL)");
		sql.exec(
			"CREATE TABLE IF NOT EXISTS missed (version INTEGER, name TEXT, PRIMARY KEY (version, name)) WITHOUT ROWID",
		);
	}

	/** Notes one. The same again, which somebody repeats who had no answer or sees a socket that stayed, is told to all anew. */
	add(revocation: Revocation, now: number): void {
		const expires = revocation.kind === "key" ? null : now + keptFor;
		const text = JSON.stringify(revocation);
		this.#sql.exec(
			`INSERT INTO revocations (revocation, made, expires, told, due) VALUES (?, ?, ?, 0, ?) ON CONFLICT (revocation)
				DO UPDATE SET made = excluded.made, expires = excluded.expires, told = 0, due = excluded.due`,
			text,
			now,
			expires,
			now,
		);
		for (const table of ["tellings", "missed"]) {
			this.#sql.exec(
				`DELETE FROM ${table} WHERE version = (SELECT version FROM revocations WHERE revocation = ?)`,
				text,
			);
		}
	}

	/** Those after a version. */
	after(version: number): RevocationNews {
		const rows = this.#sql
			.exec<{ version: number; revocation: string }>(
				"SELECT version, revocation FROM revocations WHERE version > ? ORDER BY version",
				version,
			)
			.toArray();
		const revocations = rows.map((row) => JSON.parse(row.revocation) as Revocation);
		return { version: rows.at(-1)?.version ?? version, revocations };
	}

	/** Those that spaces are to be told now, first those that spaces were told of least. What has expired is dropped. */
	untold(now: number): readonly UntoldRevocation[] {
		this.#sql.exec("DELETE FROM revocations WHERE expires <= ?", now);
		for (const table of ["tellings", "missed"]) {
			this.#sql.exec(`DELETE FROM ${table} WHERE version NOT IN (SELECT version FROM revocations)`);
		}
		const rows = this.#sql.exec<{ version: number; revocation: string; told: number; made: number; after: string }>(
			`SELECT version, revocation, told, made, coalesce(after, '') AS after FROM revocations LEFT JOIN tellings USING (version)
				WHERE due <= ? ORDER BY told, version`,
			now,
		);
		return rows
			.toArray()
			.map(({ revocation, ...row }) => ({ ...row, revocation: JSON.parse(revocation) as Revocation }));
	}

	/** Spaces that could not be told of one, after the last that was told this time. */
	missed({ version, after }: UntoldRevocation, most: number): readonly string[] {
		const query = "SELECT name FROM missed WHERE version = ? AND name > ? ORDER BY name LIMIT ?";
		const rows = this.#sql.exec<{ name: string }>(query, version, after, most);
		return rows.toArray().map(({ name }) => name);
	}

	/** Some more spaces were told of one: the next are due at once; after the last, all once more or whoever was missed, later. */
	told({ version, told, made }: UntoldRevocation, { names, missed, last }: ToldSpaces, now: number): void {
		const [row] = this.#sql.exec<{ made: number }>("SELECT made FROM revocations WHERE version = ?", version).toArray();
		// It was repeated meanwhile, and begins anew.
		if (row?.made !== made) return;
		const away = new Set(missed);
		for (const name of names) {
			const change = away.has(name)
				? "INSERT INTO missed VALUES (?, ?) ON CONFLICT DO NOTHING"
				: "DELETE FROM missed WHERE version = ? AND name = ?";
			this.#sql.exec(change, version, name);
		}
		if (last) this.#toldAll({ version, told, made }, now);
		else this.#sql.exec("INSERT OR REPLACE INTO tellings VALUES (?, ?)", version, names.at(-1) ?? "");
	}

	#toldAll({ version, told, made }: Pick<UntoldRevocation, "version" | "told" | "made">, now: number): void {
		this.#sql.exec("DELETE FROM tellings WHERE version = ?", version);
		const away = this.#sql.exec("SELECT 1 FROM missed WHERE version = ? LIMIT 1", version).toArray().length > 0;
		// Ever more rarely: what cannot be told for long may be so for good.
		const pause = Math.min(Math.max((now - made) / 4, 1_000), revocationLimits.retrySeconds * 1_000);
		const again = away ? Math.round(now + pause) : null;
		const due = told === 0 ? made + revocationLimits.againSeconds * 1_000 : again;
		this.#sql.exec("UPDATE revocations SET told = told + 1, due = ? WHERE version = ?", due, version);
	}

	/** When spaces are to be told next, in milliseconds since 1970. */
	due(): number | undefined {
		const [row] = this.#sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM revocations").toArray();
		return row?.due ?? undefined;
	}
}
