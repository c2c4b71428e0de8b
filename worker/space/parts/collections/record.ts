/** A record as it is stored. One without data is a tombstone: it tells that the record was deleted or has expired. */
export interface StoredRecord {
	readonly id: string;
	/** The collection's change number of its last write. */
	readonly rev: number;
	/** When that was, in milliseconds since 1970. */
	readonly updated: number;
	/** From when on it is absent; null for never. */
	readonly expires: number | null;
	/** The document as compact JSON text. */
	readonly data: string | null;
}

/** A record that is there. */
export type LiveRecord = StoredRecord & { readonly data: string };

/** One change of a collection. */
export interface Change {
	readonly collection: string;
	readonly record: StoredRecord;
	/** The transaction that it is a part of. Only who watches live is told: it is stored nowhere. */
	readonly tx?: string;
}

/** A record by its collection and id. */
export interface RecordKey {
	readonly collection: string;
	readonly id: string;
}

/** Whether a record is there. One that has expired is not, although nobody may have made it a tombstone yet. */
export function isLive(record: StoredRecord | undefined, now: number): record is LiveRecord {
	return record !== undefined && record.data !== null && (record.expires === null || record.expires > now);
}

/** A record as every reader gets it, as JSON text. Its id is a name, which JSON has no escapes for. */
export function recordText(record: LiveRecord): string {
	return changeText(record);
}

/** What was written, as those who watch get it: a record, or what is left of one that is gone. */
export function changeText({ id, rev, updated, expires, data }: StoredRecord, tx?: string): string {
	const until = expires === null ? "" : `,"expires":${expires}`;
	const part = tx === undefined ? "" : `,"tx":"${tx}"`;
	const document = data === null ? "" : `,"data":${data}`;
	return `{"id":"${id}","rev":${rev},"updated":${updated}${until}${part}${document}}`;
}
