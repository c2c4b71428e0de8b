import { revocationLimits, tokenLimits } from "../../protocol/auth-limits.ts";
import type { Revocation, RevocationNews } from "./revocation.ts";

/** A revocation that spaces have not been told, or not for the last time. */
export interface UntoldRevocation {
	readonly version: number;
	readonly revocation: Revocation;
	/** How many times all spaces were told. */
	readonly told: number;
	/** When it was made, in milliseconds since 1970. */
	readonly made: number;
}

/** How long a revocation of tokens is kept, in milliseconds: so long that none of them is left. */
const keptFor = (tokenLimits.lifeSeconds + 2 * tokenLimits.leewaySeconds) * 1_000;

/**
 * The revocations, all of them in each shard, so that who asks may ask any. Spaces are told at once, to close sockets; and once
 * more when nobody can let in any more what was revoked, because a socket may have been opened in between.
 */
export class Revocations {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(
			`CREATE TABLE IF NOT EXISTS revocations (version INTEGER PRIMARY KEY AUTOINCREMENT, revocation TEXT NOT NULL UNIQUE,
				made INTEGER NOT NULL, expires INTEGER, told INTEGER NOT NULL, due INTEGER)`,
		);
	}

	/** Notes one. The same again, which somebody repeats who had no answer, changes nothing. */
	add(revocation: Revocation, now: number): void {
		const expires = revocation.kind === "key" ? null : now + keptFor;
		this.#sql.exec(
			"INSERT INTO revocations (revocation, made, expires, told, due) VALUES (?, ?, ?, 0, ?) ON CONFLICT DO NOTHING",
			JSON.stringify(revocation),
			now,
			expires,
			now,
		);
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

	/** Those that spaces are to be told now. What has expired is dropped. */
	untold(now: number): readonly UntoldRevocation[] {
		this.#sql.exec("DELETE FROM revocations WHERE expires <= ?", now);
		const rows = this.#sql.exec<{ version: number; revocation: string; told: number; made: number }>(
			"SELECT version, revocation, told, made FROM revocations WHERE due <= ? ORDER BY version",
			now,
		);
		return rows
			.toArray()
			.map(({ revocation, ...row }) => ({ ...row, revocation: JSON.parse(revocation) as Revocation }));
	}

	/** All spaces were told of one: once more is due a little later. */
	told({ version, told, made }: UntoldRevocation): void {
		const due = told === 0 ? made + revocationLimits.againSeconds * 1_000 : null;
		this.#sql.exec("UPDATE revocations SET told = told + 1, due = ? WHERE version = ?", due, version);
	}

	/** Some space could not be told: it is tried again in a second, as long as `triedSeconds`. */
	missed({ version, made }: UntoldRevocation, now: number): void {
		const due = now - made > revocationLimits.triedSeconds * 1_000 ? null : now + 1_000;
		this.#sql.exec("UPDATE revocations SET due = ? WHERE version = ?", due, version);
	}

	/** When spaces are to be told next, in milliseconds since 1970. */
	due(): number | undefined {
		const [row] = this.#sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM revocations").toArray();
		return row?.due ?? undefined;
	}
}
