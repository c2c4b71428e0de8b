import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { DirectoryApi } from "./api.ts";
import type { Revocation, RevocationNews } from "./revocation.ts";
import { Revocations } from "./revocations.ts";
import { tellSome } from "./telling.ts";
import { type Ticket, Tickets } from "./tickets.ts";

/**
 * One shard of what is known beyond a space: the names of spaces, a row at the first write of each, and one for each space that a
 * principal began; tickets, and revocations. It is on no publish path.
 */
export class Directory extends DurableObject<Env> implements DirectoryApi {
	readonly #sql: SqlStorage;
	readonly #tickets: Tickets;
	readonly #revocations: Revocations;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec("CREATE TABLE IF NOT EXISTS spaces (name TEXT PRIMARY KEY) WITHOUT ROWID");
		this.#sql.exec(
			"CREATE TABLE IF NOT EXISTS begun (principal TEXT, space TEXT, PRIMARY KEY (principal, space)) WITHOUT ROWID",
		);
		this.#sql.exec("CREATE TABLE IF NOT EXISTS visited (name TEXT PRIMARY KEY) WITHOUT ROWID");
		this.#tickets = new Tickets(this.#sql);
		this.#revocations = new Revocations(this.#sql);
	}

	async add(space: string): Promise<void> {
		this.#sql.exec("INSERT INTO spaces VALUES (?) ON CONFLICT DO NOTHING", space);
	}

	async claim(principal: string, space: string, most: number): Promise<boolean> {
		const query = "SELECT count(*) AS others FROM begun WHERE principal = ? AND space <> ?";
		const { others } = this.#sql.exec<{ others: number }>(query, principal, space).one();
		if (others >= most) return false;
		this.#sql.exec("INSERT INTO begun VALUES (?, ?) ON CONFLICT DO NOTHING", principal, space);
		return true;
	}

	async release(principal: string, space: string): Promise<void> {
		this.#sql.exec("DELETE FROM begun WHERE principal = ? AND space = ?", principal, space);
	}

	async list(after: string, limit: number, also?: "visited"): Promise<readonly string[]> {
		if (also) return this.#spacesAfter(after, limit);
		const query = "SELECT name FROM spaces WHERE name > ? ORDER BY name LIMIT ?";
		const rows = this.#sql.exec<{ name: string }>(query, after, limit);
		return rows.toArray().map((row) => row.name);
	}

	async knows(space: string): Promise<boolean> {
		const query = "SELECT 1 FROM spaces WHERE name = ?1 UNION SELECT 1 FROM visited WHERE name = ?1";
		return this.#sql.exec(query, space).toArray().length > 0;
	}

	async keepTicket(digest: string, ticket: Ticket): Promise<void> {
		this.#tickets.keep(digest, ticket, Date.now());
	}

	async useTicket(digest: string): Promise<Ticket | undefined> {
		return this.#tickets.use(digest, Date.now());
	}

	async visit(space: string): Promise<void> {
		this.#sql.exec("INSERT INTO visited VALUES (?) ON CONFLICT DO NOTHING", space);
	}

	async revoke(revocation: Revocation): Promise<void> {
		this.#revocations.add(revocation, Date.now());
		await this.ctx.storage.setAlarm(Date.now());
	}

	async revocationsAfter(version: number): Promise<RevocationNews> {
		return this.#revocations.after(version);
	}

	/** Tells some spaces what was revoked; more of them in the next alarm. If the object ends meanwhile, they are told again. */
	override async alarm(): Promise<void> {
		await tellSome(this.#revocations, {
			now: () => Date.now(),
			spacesAfter: (after, most) => this.#spacesAfter(after, most),
			tell: (name, revocation) => this.env.SPACES.get(this.env.SPACES.idFromName(name)).revoke(revocation),
		});
		const due = this.#revocations.due();
		if (due !== undefined) await this.ctx.storage.setAlarm(due);
	}

	/** All that are known, also those that hold nothing. */
	#spacesAfter(after: string, most: number): readonly string[] {
		const rows = this.#sql.exec<{ name: string }>(
			`SELECT name FROM spaces WHERE name > ?1 UNION SELECT name FROM visited WHERE name > ?1 ORDER BY name LIMIT ?2`,
			after,
			most,
		);
		return rows.toArray().map((row) => row.name);
	}
}
