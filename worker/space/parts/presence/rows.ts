import type { ClientRef, Sql } from "../../ports.ts";

/** A member of a channel as it is stored; `data` is its compact JSON text. */
export interface MemberRow extends ClientRef {
	readonly ts: number;
	readonly data: string;
}

/** A client that is gone, and when it has left. */
export interface GoneRow extends ClientRef {
	/** Milliseconds since 1970. */
	readonly due: number;
}

type Row<Some> = { [Field in keyof Some]: Some[Field] & (string | number) };

/** The rows of members, by the number of their channel, and of clients that are gone. */
export class MemberRows {
	readonly #sql: Sql;

	constructor(sql: Sql) {
		this.#sql = sql;
	}

	/** One member. */
	get(channel: number, { principal, client }: ClientRef): MemberRow | undefined {
		const query = "SELECT principal, client, ts, data FROM members WHERE channel = ? AND principal = ? AND client = ?";
		return this.#sql.all<Row<MemberRow>>(query, channel, principal, client)[0];
	}

	/** Stores a member in place of what stood there: one row. */
	put(channel: number, { principal, client, ts, data }: MemberRow): void {
		this.#sql.run(
			"INSERT INTO members VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ts = excluded.ts, data = excluded.data",
			channel,
			principal,
			client,
			ts,
			data,
		);
	}

	/** Takes a member away: one row. */
	delete(channel: number, { principal, client }: ClientRef): void {
		const statement = "DELETE FROM members WHERE channel = ? AND principal = ? AND client = ?";
		this.#sql.run(statement, channel, principal, client);
	}

	/** The members of a channel after one, in order of principal and client, one at a time. */
	after(channel: number, { principal, client }: ClientRef = { principal: "", client: "" }): Iterable<MemberRow> {
		return this.#sql.each<Row<MemberRow>>(
			`SELECT principal, client, ts, data FROM members
				WHERE channel = ? AND (principal, client) > (?, ?) ORDER BY principal, client`,
			channel,
			principal,
			client,
		);
	}

	/** When each member of a channel entered or was last updated. */
	times(channel: number): Iterable<ClientRef & { readonly ts: number }> {
		const query = "SELECT principal, client, ts FROM members WHERE channel = ?";
		return this.#sql.each<Row<ClientRef & { readonly ts: number }>>(query, channel);
	}

	/** Who is a member of what, over all channels. */
	memberships(): Iterable<ClientRef & { readonly channel: number }> {
		const query = "SELECT channel, principal, client FROM members";
		return this.#sql.each<Row<ClientRef & { readonly channel: number }>>(query);
	}

	/** Every client that is gone. */
	gone(): readonly GoneRow[] {
		return this.#sql.all<Row<GoneRow>>("SELECT principal, client, due FROM gone ORDER BY due");
	}

	/** Notes that a client is gone: one row. */
	putGone({ principal, client, due }: GoneRow): void {
		this.#sql.run("INSERT OR REPLACE INTO gone VALUES (?, ?, ?)", principal, client, due);
	}

	/** Notes that a client is gone no longer, or has left: one row. */
	deleteGone({ principal, client }: ClientRef): void {
		this.#sql.run("DELETE FROM gone WHERE principal = ? AND client = ?", principal, client);
	}
}
