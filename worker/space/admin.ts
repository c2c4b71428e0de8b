import { erased } from "../../protocol/identity.ts";
import { type Revocation, strikes } from "../directory/revocation.ts";
import type { ErasedStep, ErasePlace, EraseRequest } from "./api/erasing.ts";
import type { Beginning } from "./beginning.ts";
import type { CallDesk } from "./call-desk.ts";
import type { Commit } from "./commit.ts";
import type { Database } from "./database.ts";
import type { Collections } from "./parts/collections/collections.ts";
import type { Jobs } from "./parts/jobs/jobs.ts";
import { Erasing } from "./parts/log/erasing.ts";
import type { Log } from "./parts/log/log.ts";
import type { Rights } from "./parts/rights/rights.ts";
import type { Schema } from "./parts/schema/schema.ts";
import type { Sockets } from "./parts/sockets/sockets.ts";
import type { Records } from "./records.ts";
import type { SpacePresence } from "./space-presence.ts";

/** What administration needs of the space. */
export interface AdminHost {
	readonly database: Database;
	readonly commit: Pick<Commit, "flush">;
	readonly schema: Schema;
	readonly beginning: Pick<Beginning, "wiped" | "forget">;
	readonly log: Log;
	readonly collections: Collections;
	readonly records: Records;
	readonly presence: SpacePresence;
	readonly calls: CallDesk;
	readonly jobs: Jobs;
	readonly rights: Rights;
	readonly sockets: Sockets<WebSocket>;
	/** Stores whatever was said before and waits. */
	flush(): void;
}

/** Records that are deleted in one step. */
const stepRecords = 100;

/** What is done to a space as a whole: it is wiped, somebody is revoked, somebody is erased. */
export class Admin {
	readonly #host: AdminHost;

	constructor(host: AdminHost) {
		this.#host = host;
	}

	/** Drops everything, and closes every socket. */
	wipe(): void {
		const { beginning, calls, collections, commit, database, jobs, log, presence, rights, schema, sockets } =
			this.#host;
		commit.flush();
		database.transact(() => schema.wipe());
		log.clear();
		collections.clear();
		jobs.clear();
		rights.clear();
		presence.clear();
		calls.wiped(sockets.all());
		beginning.wiped();
		for (const session of sockets.all()) session.close("wiped");
	}

	/** Closes the sockets of whom a revocation strikes; what they said before counts. */
	revoke(revocation: Revocation): void {
		const { flush, sockets } = this.#host;
		flush();
		for (const session of sockets.all()) {
			const { principal } = session.identity;
			const { authority } = session.kept;
			if (authority && strikes(revocation, { principal, ...authority })) session.close("token_revoked");
		}
		sockets.send();
	}

	/**
	 * Erases some of what a principal left: first that it began the space and its memberships, then the records that it owns, then its
	 * name in messages. The same again does no harm. Rejects where the Directory cannot be asked.
	 */
	async erase({ principal, by, after }: EraseRequest): Promise<ErasedStep> {
		const { beginning, database, flush, log, sockets } = this.#host;
		if (!after) await beginning.forget(principal);
		flush();
		const erasing = new Erasing(database, principal, erased);
		if (!after) {
			const members = this.#leave(principal);
			database.transact(() => erasing.producers(principal));
			log.clear();
			sockets.send();
			return { ...nothing, members, next: { table: "records", collection: 0, id: "" } };
		}
		if (after.table === "records") return this.#deleteRecords(principal, by, after);
		const { messages, next } = database.transact(() => erasing.step(after));
		// What it knows of the length of what is stored is no longer so.
		if (messages > 0) log.clear();
		return { ...nothing, messages, ...(next && { next }) };
	}

	#leave(principal: string): number {
		const { database, presence } = this.#host;
		const clients = database.all<{ client: string }>(
			"SELECT DISTINCT client FROM members WHERE principal = ?",
			principal,
		);
		const left = clients.map(({ client }) => presence.leaveUnless({ principal, client }, () => false).length);
		return left.reduce((sum, count) => sum + count, 0);
	}

	/** A principal owns the records whose id is its name, or begins with it and a colon. */
	#deleteRecords(principal: string, by: string, after: Extract<ErasePlace, { table: "records" }>): ErasedStep {
		const { database, records } = this.#host;
		const owned = database.all<{ number: number; collection: string; id: string }>(
			`SELECT number, name AS collection, id FROM records JOIN collections ON number = collection
				WHERE (collection, id) > (?, ?) AND data IS NOT NULL AND (id = ? OR (id > ? AND id < ?))
				ORDER BY collection, id LIMIT ${stepRecords}`,
			after.collection,
			after.id,
			principal,
			`${principal}:`,
			`${principal};`,
		);
		const written = owned.map(({ collection, id }) => records.remove({ collection, id }, by));
		const last = owned.at(-1);
		const next: ErasePlace = last ? { table: "records", collection: last.number, id: last.id } : logStart;
		const kept = written.filter((write) => !write.ok && write.code !== "not_found").length;
		return { ...nothing, records: written.filter(({ ok }) => ok).length, kept, next };
	}
}

const nothing = { messages: 0, members: 0, records: 0, kept: 0 } as const;

/** Where the messages begin. */
const logStart = { table: "segments", k: 0 } as const;
