import type { Json } from "../json-value.ts";
import { isName, isRecordPrefix } from "../names.ts";
import { isEpoch, isSeq } from "../position.ts";
import type { RecordSelector, Watched, WatchStart } from "../watch.ts";
import { accept, type Decoded, readNamed, refuse, refuseName } from "./decoded.ts";
import { type Fields, isFields } from "./fields.ts";

/** Reads `watch` and `unwatch`: of a channel's members or occupancy, or of records. */
export function decodeWatch(value: Fields): Decoded {
	if (value.col !== undefined) {
		return readNamed(value, "col", "collection", (ref, collection) => {
			const selector = readSelector(value, collection);
			if (!selector) return refuse(ref, "bad_name", badSelector);
			return readStartOf(value, ref, { kind: "records", ...selector }, readRevision);
		});
	}
	return readNamed(value, "ch", "channel", (ref, channel) => {
		const kind = value.of;
		if (kind !== "members" && kind !== "occupancy") {
			return refuse(
				ref,
				"bad_request",
				'of is "members" or "occupancy"; to watch records, name their collection in col.',
			);
		}
		return readStartOf(value, ref, { kind, channel }, readDigest);
	});
}

/** Reads the credit of a watch of records: a `credit` that names a collection. */
export function decodeWatchCredit(value: Fields): Decoded {
	const ref = isSeq(value.ref) ? value.ref : undefined;
	const { col, rev, snapshot } = value;
	if (!isName(col)) return refuseName(ref, "collection");
	const selector = readSelector(value, col);
	if (!selector) return refuse(ref, "bad_name", badSelector);
	if (!isSeq(rev)) return refuse(ref, "bad_request", "credit.rev is a whole number from 0.");
	if (!isIdOfPlace(snapshot)) return refuse(ref, "bad_request", "credit.snapshot is the id of a record.");
	return accept({ type: "watch-credit", selector, rev, ...(snapshot !== undefined && { id: snapshot }) });
}

/** Writes a part of a snapshot. `body`: the records as JSON texts joined by `,\n`. */
export function encodeRecordSnapshot(selector: RecordSelector, body: string, to: number, next?: string): string {
	const more = next === undefined ? "" : `,"next":"${next}"`;
	return `{"t":"rec",${selectorText(selector)},"snapshot":true,"e":[${body}],"to":${to}${more}}`;
}

/** Writes changes: all of (after, to] that the selector lets through, as JSON texts joined by `,\n`. */
export function encodeRecordChanges(selector: RecordSelector, after: number, body: string, to: number): string {
	return `{"t":"rec",${selectorText(selector)},"after":${after},"e":[${body}],"to":${to}}`;
}

// Names hold nothing that JSON would have to escape.
function selectorText({ collection, id, prefix }: RecordSelector): string {
	const rest = id === undefined ? (prefix === undefined ? "" : `,"prefix":"${prefix}"`) : `,"id":"${id}"`;
	return `"col":"${collection}"${rest}`;
}

function readStartOf(
	value: Fields,
	ref: number,
	watched: Watched,
	read: (at: Json | undefined) => WatchStart | undefined,
): Decoded {
	if (value.t === "unwatch") return accept({ type: "unwatch", ref, watched });
	if (value.at === undefined) return accept({ type: "watch", ref, watched });
	const start = read(value.at);
	if (!start) return refuse(ref, "bad_position", 'at is what the server gave: {"epoch": "…", "rev": n}, or a digest.');
	return accept({ type: "watch", ref, watched, start });
}

function readRevision(at: Json | undefined): WatchStart | undefined {
	if (at === "live") return { from: "live" };
	if (!isFields(at) || !isEpoch(at.epoch) || !isSeq(at.rev) || !isIdOfPlace(at.id)) return undefined;
	return { from: "revision", epoch: at.epoch, rev: at.rev, ...(at.id !== undefined && { id: at.id }) };
}

/** An id that were left out for being none would move the place behind a snapshot. Empty, it is before the first record. */
function isIdOfPlace(id: Json | undefined): id is string | undefined {
	return id === undefined || id === "" || isName(id);
}

function readDigest(at: Json | undefined): WatchStart | undefined {
	return typeof at === "string" ? { from: "digest", digest: at } : undefined;
}

function readSelector({ id, prefix }: Fields, collection: string): RecordSelector | undefined {
	if (id !== undefined) return isName(id) && prefix === undefined ? { collection, id } : undefined;
	if (prefix === undefined || prefix === "") return { collection };
	return isRecordPrefix(prefix) ? { collection, prefix } : undefined;
}

const badSelector = "A watch names one id, or a prefix of ids, or neither: names as records have.";
