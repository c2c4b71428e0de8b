import { exceedsBytes, writeJson } from "../../../../protocol/codec/json.ts";
import type { Json } from "../../../../protocol/envelopes.ts";
import type { ErrorCode } from "../../../../protocol/errors.ts";
import { limits } from "../../../../protocol/limits.ts";
import { mergePatch } from "../../../../protocol/merge-patch.ts";
import type { Fault } from "../../../../protocol/result.ts";
import type { RecordRules } from "../../ports.ts";
import type { Expiries } from "./expiries.ts";
import type { Collection, Heads } from "./heads.ts";
import { type Change, isLive, type LiveRecord, type RecordKey, type StoredRecord } from "./record.ts";
import type { Rows } from "./rows.ts";

/** What is done to a record. */
export type RecordAction =
	/** The whole document, as the compact JSON text of an object. */
	| { readonly kind: "put"; readonly data: string }
	/** A merge patch (RFC 7396), which is an object. */
	| { readonly kind: "patch"; readonly patch: Json }
	| { readonly kind: "delete" };

/** Only while the record is at one of these revisions, or (`any`) while there is one. */
export type Revisions = "any" | readonly number[];

/** A write of one record. */
export interface RecordWrite {
	/** Who writes it, for whoever looks at it first. Default: "". */
	readonly principal?: string;
	readonly collection: string;
	/** Default: one that the server makes. */
	readonly id?: string;
	readonly action: RecordAction;
	/** Milliseconds from now until it expires. Default: a put never, a patch as before. */
	readonly ttl?: number;
	readonly match?: Revisions;
	readonly noneMatch?: Revisions;
}

/** What became of a write. */
export type RecordOutcome =
	/** Stored: `created`, where nothing was there before. A deletion leaves a tombstone. */
	| { readonly ok: true; readonly created: boolean; readonly record: StoredRecord }
	| {
			readonly ok: false;
			readonly code: ErrorCode;
			readonly message: string;
			/** With `contract_violated`: JSON Pointer to what is wrong in the data. */
			readonly path?: string;
			/** With `budget_spent`: seconds to wait. */
			readonly retryAfter?: number;
			/** With `condition_failed`: the revision at which the record is, if there is one. */
			readonly rev?: number;
	  };

/** What a stage works on. */
export interface StageHost {
	readonly heads: Heads;
	readonly rows: Rows;
	readonly expiries: Expiries;
	readonly now: number;
	readonly makeId: () => string;
	/** Why nothing more may be stored, where that is so. */
	readonly full: Fault | undefined;
	/** Records that a collection may hold. */
	readonly most: number;
	/** The transaction whose parts these writes are, where it has a name. */
	readonly tx?: string;
	/** Who looks at the writes of a collection. */
	readonly screens: RecordRules;
}

/**
 * The writes of one transaction. They run inside it, each seeing those before; memory follows when `apply` is called, after
 * the transaction stands. A stage whose transaction was undone is thrown away.
 */
export class Stage {
	readonly #host: StageHost;
	readonly #collections = new Map<string, Collection>();
	readonly #changes: Change[] = [];

	constructor(host: StageHost) {
		this.#host = host;
	}

	/** What was written, in order: what a live feed hands on. */
	get changes(): readonly Change[] {
		return this.#changes;
	}

	/** Writes one record, or refuses to. A refusal stores nothing. */
	write(write: RecordWrite): RecordOutcome {
		const { now, rows, makeId, full, most } = this.#host;
		const { action, match, noneMatch } = write;
		const id = write.id ?? makeId();
		const row = rows.get(this.#collection(write.collection).number, id);
		const current = isLive(row, now) ? row : undefined;
		// RFC 9110, section 13.2.1: what would be refused without its conditions is refused so with them.
		if (!current && action.kind !== "put") return { ok: false, code: "not_found", message: "No record has that id." };
		const before = current?.data ?? null;
		const asked = action.kind === "put" ? action.data : action.kind === "patch" ? patched(before, action.patch) : null;
		if (asked !== null && exceedsBytes(asked, limits.recordBytes)) {
			const message = `A record may be at most ${limits.recordBytes} bytes of JSON.`;
			return { ok: false, code: "too_big", message };
		}
		const { collection, principal = "" } = write;
		const screened = this.#host.screens(collection)?.({ principal, collection, id, before, data: asked });
		if (screened?.ok === false) return screened;
		if ((match && !includes(match, current)) || (noneMatch && includes(noneMatch, current))) return failed(current);
		const data = screened ? screened.data : asked;
		if (data === null) return this.#put(collection, tombstone(id), row);
		if (full) return { ok: false, ...full };
		if (!isStored(row) && this.#collection(collection).records >= most) {
			return { ok: false, code: "collection_full", message: `A collection holds at most ${most} records.` };
		}
		const untouched = action.kind === "patch" ? (current?.expires ?? null) : null;
		const expires = write.ttl === undefined ? untouched : now + write.ttl;
		return this.#put(collection, { id, expires, data }, row, current === undefined);
	}

	/** Makes a record that has expired a tombstone; one that was written since is left alone. */
	expire({ collection, id }: RecordKey): void {
		const { now, rows } = this.#host;
		const row = rows.get(this.#collection(collection).number, id);
		if (row && row.data !== null && !isLive(row, now)) this.#put(collection, tombstone(id), row);
	}

	/** Takes what was written over into memory. */
	apply(): void {
		for (const collection of this.#collections.values()) this.#host.heads.set(collection);
		for (const { collection, record } of this.#changes) {
			this.#host.expiries.set({ collection, id: record.id }, record.expires);
		}
	}

	#collection(name: string): Collection {
		return this.#collections.get(name) ?? this.#host.heads.get(name);
	}

	#put(
		name: string,
		what: Pick<StoredRecord, "id" | "expires" | "data">,
		before: StoredRecord | undefined,
		created = false,
	): RecordOutcome {
		const { heads, rows, now, tx } = this.#host;
		const collection = heads.create(this.#collection(name));
		const record = { ...what, rev: collection.head + 1, updated: now };
		rows.put(collection.number, record);
		const records = collection.records + Number(isStored(record)) - Number(isStored(before));
		this.#collections.set(name, { ...collection, head: record.rev, records });
		this.#changes.push({ collection: name, record, ...(tx !== undefined && { tx }) });
		return { ok: true, created, record };
	}
}

/** Whether a row holds a record, be it one that has expired. */
function isStored(row: StoredRecord | undefined): boolean {
	return row !== undefined && row.data !== null;
}

function tombstone(id: string) {
	return { id, expires: null, data: null };
}

function includes(revisions: Revisions, current: LiveRecord | undefined): boolean {
	return current !== undefined && (revisions === "any" || revisions.includes(current.rev));
}

function failed(current: LiveRecord | undefined): RecordOutcome {
	const code = "condition_failed";
	return current
		? { ok: false, code, message: `The record is at revision ${current.rev}.`, rev: current.rev }
		: { ok: false, code, message: "There is no such record." };
}

function patched(before: string | null, patch: Json): string {
	return writeJson(mergePatch(before === null ? undefined : (JSON.parse(before) as Json), patch));
}
