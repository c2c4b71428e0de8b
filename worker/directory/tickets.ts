import type { Identity } from "../../protocol/identity.ts";

/** Who may open what by showing a ticket. */
export interface Ticket {
	readonly identity: Identity;
	/** The path that it opens, without a query. */
	readonly path: string;
	/** A `socket` is opened once; a `stream` again and again, because an EventSource comes back to the same URL. */
	readonly opens: "socket" | "stream";
	/** In milliseconds since 1970. */
	readonly expires: number;
}

/** Between two looks for tickets that have expired, in milliseconds: each scans what one shard holds. */
const tidyEvery = 60_000;

/** The tickets of one shard: a row each, by the digest of the ticket, so that a copy of the rows opens nothing. */
export class Tickets {
	readonly #sql: SqlStorage;
	#tidied = 0;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(
			"CREATE TABLE IF NOT EXISTS tickets (digest TEXT PRIMARY KEY, expires INTEGER, ticket TEXT) WITHOUT ROWID",
		);
	}

	/** Keeps a ticket until it expires. */
	keep(digest: string, ticket: Ticket, now: number): void {
		if (now - this.#tidied > tidyEvery) {
			this.#tidied = now;
			this.#sql.exec("DELETE FROM tickets WHERE expires <= ?", now);
		}
		this.#sql.exec("INSERT INTO tickets VALUES (?, ?, ?)", digest, ticket.expires, JSON.stringify(ticket));
	}

	/** What a ticket opens; undefined where it is used, has expired or never was. One for a socket is used by this. */
	use(digest: string, now: number): Ticket | undefined {
		const [row] = this.#sql
			.exec<{ ticket: string }>("SELECT ticket FROM tickets WHERE digest = ? AND expires > ?", digest, now)
			.toArray();
		if (!row) return undefined;
		const ticket = JSON.parse(row.ticket) as Ticket;
		if (ticket.opens === "socket") this.#sql.exec("DELETE FROM tickets WHERE digest = ?", digest);
		return ticket;
	}
}
