import type { Json } from "../../protocol/envelopes.ts";
import { type Durations, limits } from "../../protocol/limits.ts";
import type {
	CollectionList,
	FoundRecord,
	RecordPage,
	RecordPageRequest,
	RecordRefusal,
	RecordTags,
	RecordWriteRequest,
	WrittenRecord,
} from "./api.ts";
import type { Database } from "./database.ts";
import type { FanOut } from "./fan-out.ts";
import type { LockCheck } from "./locks.ts";
import type { Collections } from "./parts/collections/collections.ts";
import { type RecordKey, recordText } from "./parts/collections/record.ts";
import type { RecordWrite, Revisions, Stage } from "./parts/collections/stage.ts";
import type { Jobs } from "./parts/jobs/jobs.ts";
import type { Keys, UsedKey } from "./parts/log/keys.ts";
import type { Rates } from "./parts/rates/rates.ts";
import type { Watchers } from "./parts/watchers/watchers.ts";
import type { Clock } from "./ports.ts";
import { tooEarly } from "./too-early.ts";
import { changedRecords } from "./watched-collections.ts";

/** What records need of the space. */
export interface RecordsHost {
	readonly database: Pick<Database, "transact">;
	readonly collections: Collections;
	readonly keys: Keys;
	readonly jobs: Jobs;
	readonly rates: Rates;
	readonly fanOut: Pick<FanOut, "ofRecord">;
	readonly watchers: Watchers;
	readonly durations: Durations;
	readonly now: Clock;
	readonly checkLock: LockCheck;
	/** The id of this life of the space's data. */
	epoch(): string;
	/** Called after a write that stored something. */
	stored(): void;
	/** Sends what was written to all sockets. */
	send(): void;
}

/** The part of an answer that is the same when it is given again. */
type Answer = Pick<WrittenRecord, "id" | "rev" | "created" | "record">;

/**
 * Reads and writes records for HTTP: each write is one transaction. Tags come in as `<epoch>:<rev>`, and only those of
 * this life of the space's data can say a revision.
 */
export class Records {
	readonly #host: RecordsHost;

	constructor(host: RecordsHost) {
		this.#host = host;
	}

	/** Writes a record, or refuses to. Dedup comes first: what is stored must be answered so, whatever has changed since. */
	write(request: RecordWriteRequest): WrittenRecord | RecordRefusal {
		const { fanOut, keys, rates, now } = this.#host;
		const { principal, idempotency } = request;
		const used = idempotency && keys.get(principal, idempotency.key, now());
		if (idempotency && used) return this.#replay(used, idempotency.hash);
		if (request.refused) return { ok: false, ...request.refused };
		const early = rates.request(principal, 1, fanOut.ofRecord(request.collection));
		if (early > 0) {
			const { retryAfter, ...refusal } = tooEarly(early);
			return { ...refusal, state: { retryAfter } };
		}
		return this.#store(request);
	}

	/** Deletes a record for who administers the space: no rate counts, and the application's hook has its say. */
	remove(key: RecordKey, principal: string): WrittenRecord | RecordRefusal {
		return this.#store({ ...key, principal, action: { kind: "delete" } });
	}

	#store(request: RecordWriteRequest): WrittenRecord | RecordRefusal {
		const { keys, now } = this.#host;
		const { principal, idempotency } = request;
		return this.#transact((stage): WrittenRecord | RecordRefusal => {
			const epoch = this.#host.epoch();
			const lost = request.lock && this.#host.checkLock(request.lock);
			if (lost) return { ok: false, code: lost.code, message: lost.message };
			const outcome = stage.write(this.writeOf(request));
			if (!outcome.ok) {
				const { rev, path, retryAfter, ...refusal } = outcome;
				if (retryAfter !== undefined) return { ...refusal, state: { retryAfter } };
				if (path !== undefined) return { ...refusal, state: { path } };
				if (outcome.code !== "condition_failed") return refusal;
				return { ...refusal, state: { epoch, ...(rev !== undefined && { rev }) } };
			}
			const { created, record } = outcome;
			const text = record.data === null ? null : recordText({ ...record, data: record.data });
			const answer: Answer = { id: record.id, rev: record.rev, created, record: text };
			if (idempotency) {
				const { key, hash } = idempotency;
				keys.set(principal, key, { hash, first: 0, count: 0, answer: JSON.stringify(answer) }, now());
			}
			return { ok: true, epoch, replayed: false, ...answer };
		});
	}

	/** A record that is there. */
	read(key: RecordKey): FoundRecord | RecordRefusal {
		const record = this.#host.collections.record(key);
		const epoch = this.#host.epoch();
		if (!record) return { ok: false, code: "not_found", message: "No record has that id." };
		return { ok: true, epoch, rev: record.rev, record: recordText(record) };
	}

	/** Some records of a collection, in order of id. */
	page({ collection, prefix, cursor, limit }: RecordPageRequest): RecordPage | RecordRefusal {
		const { collections } = this.#host;
		const epoch = this.#host.epoch();
		if (cursor && cursor.epoch !== epoch) {
			const message = "That cursor is from before the space was wiped.";
			const rev = collections.collection(collection).head;
			return { ok: false, code: "position_expired", message, state: { epoch, rev } };
		}
		const size = { count: limit, size: limits.bodyBytes };
		const { head, records, more } = collections.page(collection, { prefix, after: cursor?.id ?? "" }, size);
		const next = more ? (records.at(-1)?.id ?? null) : null;
		return { ok: true, epoch, rev: head, body: records.map(recordText).join(","), next };
	}

	/** Collections after a name, in order of name. */
	list(after: string, limit: number): CollectionList {
		const { collections, epoch } = this.#host;
		const infos = collections.names(after, limit).map((name) => ({ name, rev: collections.collection(name).head }));
		return { epoch: epoch(), collections: infos };
	}

	/** What is done later. */
	get jobs() {
		return { expire: () => this.expire(), forget: () => this.forget() };
	}

	/** Makes tombstones of records that have expired; returns when the next one does. */
	expire(): number | undefined {
		const { collections } = this.#host;
		this.#transact((stage) => collections.expire(stage));
		return collections.nextExpiry();
	}

	/** Drops tombstones that have been kept long enough; returns when to come again. */
	forget(): number | undefined {
		const { collections, database, durations, now, watchers, send } = this.#host;
		watchers.account();
		database.transact(() => collections.forget())();
		send();
		const next = collections.nextForget();
		// Looking for them reads all records, and nobody waits for it.
		return next === undefined ? undefined : Math.max(next, now() + durations.sweep);
	}

	/**
	 * Memory follows what is stored, the alarm is told what is to come of it, and who watches is told of it: in one turn,
	 * which is stored whole. The caller sends.
	 */
	apply(stage: Stage): void {
		const { collections, jobs, durations, watchers } = this.#host;
		stage.apply();
		for (const { record } of stage.changes) {
			if (record.expires !== null) jobs.by("expire", record.expires);
			if (record.data === null) jobs.by("forget", record.updated + durations.changes);
		}
		for (const changed of changedRecords(stage.changes, collections)) watchers.changed(changed);
	}

	#transact<Value>(work: (stage: Stage) => Value): Value {
		const { collections, database, stored, send } = this.#host;
		const stage = collections.stage();
		try {
			const value = database.transact(() => work(stage));
			this.apply(stage);
			send();
			if (stage.changes.length > 0) stored();
			return value;
		} catch (error) {
			// What was read in the meantime may never have been stored.
			collections.clear();
			throw error;
		}
	}

	/** A write as a stage takes it. */
	writeOf({ principal, collection, id, action, ttl, ifMatch, ifNoneMatch }: RecordWriteRequest): RecordWrite {
		return {
			principal,
			collection,
			...(id !== undefined && { id }),
			action: action.kind === "patch" ? { kind: "patch", patch: JSON.parse(action.patch) as Json } : action,
			...(ttl !== undefined && { ttl: ttl * 1_000 }),
			...(ifMatch && { match: this.#revisions(ifMatch) }),
			...(ifNoneMatch && { noneMatch: this.#revisions(ifNoneMatch) }),
		};
	}

	#revisions(tags: RecordTags): Revisions {
		if (tags === "*") return "any";
		const start = `${this.#host.epoch()}:`;
		const revisions = tags.filter((tag) => tag.startsWith(start)).map((tag) => tag.slice(start.length));
		return revisions.filter((text) => /^[1-9]\d{0,14}$/.test(text)).map(Number);
	}

	#replay(used: UsedKey, hash: string): WrittenRecord | RecordRefusal {
		if (used.hash !== hash || used.answer === undefined) {
			const message = "This idempotency key was first used with another request; make a new key.";
			return { ok: false, code: "idempotency_mismatch", message };
		}
		const answer = JSON.parse(used.answer) as Answer;
		return { ok: true, epoch: this.#host.epoch(), replayed: true, ...answer };
	}
}
