/** The wire of presence, watches and calls as a client needs it. The SDK loads it with the first of them that is used. */
import type { CallNews } from "../calls.ts";
import type { LiveNews, LiveRequest } from "../envelopes.ts";
import { isErrorCode } from "../errors.ts";
import type { Json } from "../json-value.ts";
import { isName } from "../names.ts";
import { isSeq } from "../position.ts";
import type { Member, MemberEvent, PresenceNews } from "../presence.ts";
import type { RecordChange, RecordNews, RecordSelector, Watched, WatchStart } from "../watch.ts";
import { type Fields, isFields } from "./fields.ts";

/** Writes a client's envelope. */
export function encodeLive(envelope: LiveRequest): string {
	return JSON.stringify(wireOf(envelope));
}

function wireOf(envelope: LiveRequest): object {
	switch (envelope.type) {
		case "enter":
		case "update":
		case "leave": {
			const { type, channel, ...rest } = envelope;
			return { t: type, ch: channel, ...rest };
		}
		case "watch":
			return { t: "watch", ref: envelope.ref, ...writeWatched(envelope.watched), at: writeStart(envelope.start) };
		case "unwatch":
			return { t: "unwatch", ref: envelope.ref, ...writeWatched(envelope.watched) };
		case "watch-credit": {
			const { selector, rev, id } = envelope;
			return { t: "credit", ...writeSelector(selector), rev, snapshot: id };
		}
		case "call":
		case "serve": {
			const { type, service, ...rest } = envelope;
			return { t: type, svc: service, ...rest };
		}
		case "call-again":
			return { t: "call", ref: envelope.ref, id: envelope.id };
		case "reply": {
			const { type, reply, ...rest } = envelope;
			return { t: type, ...rest, ...reply };
		}
		default: {
			const { type, ...rest } = envelope;
			return { t: type, ...rest };
		}
	}
}

function writeWatched(watched: Watched): object {
	if (watched.kind === "records") return writeSelector(watched);
	return { ch: watched.channel, of: watched.kind };
}

function writeSelector({ collection, id, prefix }: RecordSelector): object {
	return { col: collection, id, prefix };
}

function writeStart(start: WatchStart | undefined): Json | object | undefined {
	switch (start?.from) {
		case "live":
			return "live";
		case "digest":
			return start.digest;
		case "revision": {
			const { from: _, ...at } = start;
			return at;
		}
		default:
			return undefined;
	}
}

/** Reads news of the server; undefined for what this version does not know, or cannot use. */
export function readLiveNews(fields: Fields): LiveNews | undefined {
	switch (fields.t) {
		case "pres":
			return readPresence(fields);
		case "rec":
			return readRecords(fields);
		case "call":
		case "result":
			return isName(fields.id) ? readCall(fields, fields.id) : undefined;
		default:
			return undefined;
	}
}

function readPresence({ ch, members, subscribers, snapshot, more, after, e, to }: Fields): PresenceNews | undefined {
	if (!isName(ch)) return undefined;
	if (isSeq(members) && isSeq(subscribers)) return { type: "occupancy", channel: ch, members, subscribers };
	if (!Array.isArray(e) || !e.every(isMember) || typeof to !== "string") return undefined;
	const type = "members";
	if (snapshot === true) {
		return { type, channel: ch, snapshot, more: more === true, to, entries: e as unknown as readonly Member[] };
	}
	if (typeof after !== "string") return undefined;
	return { type, channel: ch, snapshot: false, after, to, entries: e as unknown as readonly MemberEvent[] };
}

function readRecords({ col, id, prefix, snapshot, after, e, to, next }: Fields): RecordNews | undefined {
	if (!isName(col) || !isSeq(to) || !Array.isArray(e) || !e.every(isChange)) return undefined;
	const entries = e as unknown as readonly RecordChange[];
	const selector = {
		collection: col,
		...(typeof id === "string" && { id }),
		...(typeof prefix === "string" && { prefix }),
	};
	if (snapshot === true) {
		return { type: "records", selector, snapshot, to, ...(isName(next) && { next }), entries };
	}
	return isSeq(after) ? { type: "records", selector, snapshot: false, after, to, entries } : undefined;
}

function readCall(fields: Fields, id: string): CallNews | undefined {
	const { t, svc, attempt, from, data, deadline, cancelled, progress, error } = fields;
	if (t === "call") {
		if (!isSeq(attempt)) return undefined;
		if (cancelled === true) return { type: "call-cancelled", id, attempt };
		if (!isName(svc) || typeof from !== "string" || data === undefined || !isSeq(deadline)) return undefined;
		return { type: "call", service: svc, id, attempt, from, data, deadline };
	}
	if (progress !== undefined) return { type: "progress-told", id, progress };
	if (data !== undefined) return { type: "result", id, data };
	if (!isFields(error)) return undefined;
	const code = isErrorCode(error.code) ? error.code : "internal";
	const message = typeof error.message === "string" ? error.message : "";
	return { type: "result", id, error: { code, message, ...(error.data !== undefined && { data: error.data }) } };
}

function isMember(value: Json): boolean {
	return (
		isFields(value) && typeof value.from === "string" && typeof value.client === "string" && value.data !== undefined
	);
}

function isChange(value: Json): boolean {
	return isFields(value) && isName(value.id) && isSeq(value.rev);
}
