import type { Draft, Json, Start } from "../envelopes.ts";
import { isName, nameFault } from "../names.ts";
import { isEpoch, isSeq } from "../position.ts";
import { fail, type Result, succeed } from "../result.ts";

/** The members of a JSON object. */
export type Fields = { readonly [key: string]: Json };

/** Whether a value is a JSON object. */
export function isFields(value: Json | undefined): value is Fields {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads what is published, from a `pub` envelope or an HTTP body: the same fields, the same rules. */
export function readDraft(value: Json | undefined): Result<Draft> {
	if (!isFields(value)) return fail("bad_request", 'A publish is an object: {"data": …}.');
	const { data, name, key, id, ephemeral } = value;
	if (data === undefined) return fail("bad_request", "data is missing; null is a value, absence is not.");
	if (ephemeral !== undefined && typeof ephemeral !== "boolean") {
		return fail("bad_request", "ephemeral is true or false.");
	}
	if (name !== undefined && !isName(name)) return { ok: false, fault: nameFault("message") };
	if (key !== undefined && !isName(key)) return { ok: false, fault: nameFault("key") };
	if (id !== undefined && !isName(id)) return { ok: false, fault: nameFault("message id") };
	return succeed({
		data,
		...(name !== undefined && { name }),
		...(key !== undefined && { key }),
		...(id !== undefined && { id }),
		...(ephemeral && { ephemeral }),
	});
}

/** Reads where a subscription starts; undefined for what says no start. */
export function readStart(at: Json | undefined): Start | undefined {
	if (at === undefined || at === "live") return { from: "live" };
	if (at === "start") return { from: "start" };
	if (!isFields(at)) return undefined;
	if (isSeq(at.last)) return { from: "last", count: at.last };
	if (isSeq(at.since)) return { from: "since", ts: at.since };
	if (!isEpoch(at.epoch) || !isSeq(at.seq)) return undefined;
	return { from: "position", epoch: at.epoch, seq: at.seq, ...(typeof at.id === "string" && { id: at.id }) };
}

/** Writes where a subscription starts. */
export function writeStart(start: Start): Json {
	switch (start.from) {
		case "last":
			return { last: start.count };
		case "since":
			return { since: start.ts };
		case "position": {
			const { from: _, ...position } = start;
			return position;
		}
		default:
			return start.from;
	}
}
