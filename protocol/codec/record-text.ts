import { isName } from "../names.ts";
import { formatPosition, isEpoch, isSeq } from "../position.ts";

/** Between two records in an envelope. Compact JSON holds no raw newline, so every newline in it is one of these. */
export const recordSeparator = ",\n";

/** A place in a watch: a revision of a collection, or, with `id`, how far a snapshot at that revision has come. */
export interface RecordPlace {
	readonly epoch: string;
	readonly rev: number;
	readonly id?: string;
}

/** What a `rec` envelope holds, with each record as the JSON text that the server wrote. `after`: absent of a snapshot. */
export interface RecordTexts {
	readonly after?: number;
	readonly to: number;
	/** Of a part of a snapshot: the id after which the next one goes on. */
	readonly next?: string;
	readonly texts: readonly string[];
}

/** Takes a `rec` envelope apart as the server writes it, and parses nothing of its records. Undefined for any other text. */
export function splitRecords(envelope: string): RecordTexts | undefined {
	const head = /^\{"t":"rec","col":"[^"]+"(?:,"(?:id|prefix)":"[^"]+")?,(?:"snapshot":true|"after":(\d+)),"e":\[/.exec(
		envelope,
	);
	// A name has at most 164 characters, a revision at most 16.
	const tail = head && /\],"to":(\d+)(?:,"next":"([^"]+)")?\}$/.exec(envelope.slice(-220));
	if (!head || !tail) return undefined;
	const [opening, after] = head;
	const [closing, to, next] = tail;
	const body = envelope.slice(opening.length, -closing.length);
	return {
		...(after !== undefined && { after: Number(after) }),
		to: Number(to),
		...(next !== undefined && { next }),
		texts: body === "" ? [] : body.split(recordSeparator),
	};
}

/** The id and the revision of a record, from its text: they always stand first. Undefined for what is no record. */
export function keyOfText(text: string): { readonly id: string; readonly rev: number } | undefined {
	const found = /^\{"id":"([^"]+)","rev":(\d+),/.exec(text);
	return found?.[1] === undefined ? undefined : { id: found[1], rev: Number(found[2]) };
}

/** A place as text: `<epoch>:<rev>`, or `<epoch>:<rev>:<id>` in the middle of a snapshot. */
export function formatPlace({ epoch, rev, id }: RecordPlace): string {
	const text = formatPosition({ epoch, seq: rev });
	return id === undefined ? text : `${text}:${id}`;
}

/** Reads a place. Undefined for what is none. */
export function parsePlace(text: string): RecordPlace | undefined {
	const [, epoch, digits = "", id] = /^([^:]+):(\d{1,16})(?::(.*))?$/.exec(text) ?? [];
	const rev = Number(digits);
	if (!isEpoch(epoch) || !isSeq(rev) || !(id === undefined || id === "" || isName(id))) return undefined;
	return { epoch, rev, ...(id !== undefined && { id }) };
}
