/** The wire as a client needs it: how it writes its own envelopes, and reads a server's. `serving.ts` is the other half. */
import type { ChannelRequest, EphemeralMessage, Json, Message, ResetReason, ServerEnvelope } from "../envelopes.ts";
import { type ErrorCode, isErrorCode } from "../errors.ts";
import { limits } from "../limits.ts";
import { isName } from "../names.ts";
import { isEpoch, isSeq } from "../position.ts";
import { fail, type Result, succeed } from "../result.ts";
import { type Fields, isFields, writeStart } from "./fields.ts";
import { parseJson } from "./json.ts";

/** How deep the data of a message stands in a server's frame: in a list, a `msg`, its `e` and an entry. */
const dataDepth = 4;

/** Writes what a client sends for channels. `live.ts` writes the rest. */
export function encodeClient(envelope: ChannelRequest): string {
	switch (envelope.type) {
		case "publish": {
			const { ref, channel, n, previous, ifSeq, echo } = envelope;
			const { lock, ...draft } = envelope.draft;
			return JSON.stringify({
				t: "pub",
				ref,
				ch: channel,
				n,
				prev: previous,
				if: ifSeq === undefined && !lock ? undefined : { seq: ifSeq, lock: lock?.name, token: lock?.token },
				echo,
				...draft,
			});
		}
		case "subscribe":
			return JSON.stringify({ t: "sub", ref: envelope.ref, ch: envelope.channel, at: writeStart(envelope.start) });
		case "unsubscribe":
			return JSON.stringify({ t: "unsub", ref: envelope.ref, ch: envelope.channel });
		case "credit":
			return JSON.stringify({ t: "credit", ch: envelope.channel, seq: envelope.seq });
	}
}

/** Reads a server's frame. Envelopes of a type this version does not know are left out: a newer server may send them. */
export function decodeServerFrame(text: string): Result<readonly ServerEnvelope[]> {
	const parsed = parseJson(text, limits.depth + dataDepth);
	if (!parsed.ok) return parsed;
	const envelopes: ServerEnvelope[] = [];
	for (const value of Array.isArray(parsed.value) ? parsed.value : [parsed.value]) {
		if (!isFields(value)) return fail("malformed", "A frame of the server holds something that is not an envelope.");
		const envelope = decodeServer(value);
		if (envelope) envelopes.push(envelope);
	}
	return succeed(envelopes);
}

function decodeServer(value: Fields): ServerEnvelope | undefined {
	const { t, ch, ref } = value;
	switch (t) {
		case "msg":
			return isName(ch) ? decodeMessages(value, ch) : undefined;
		case "ok":
			return isSeq(ref) ? decodeOk(value, ref) : undefined;
		case "err":
			return {
				type: "error",
				...(isSeq(ref) && { ref }),
				...readCode(value),
				...(isSeq(value.last) && { last: value.last }),
				...(isSeq(value.head) && { head: value.head }),
				...(typeof value.path === "string" && { path: value.path }),
				...(isSeq(value.retryAfter) && { retryAfter: value.retryAfter }),
			};
		case "reset": {
			// Without positions it is about something else than a subscription.
			if (!isName(ch) || !isEpoch(value.epoch) || !isSeq(value.floor) || !isSeq(value.head))
				return { type: "live", fields: value };
			const reason = value.reason as ResetReason;
			const { epoch, floor, head } = value;
			return { type: "reset", ...(isSeq(ref) && { ref }), channel: ch, reason, epoch, floor, head };
		}
		case "bye":
			return { type: "bye", ...readCode(value) };
		case "welcome":
			return decodeWelcome(value);
		case "pres":
		case "rec":
		case "call":
		case "result":
			return { type: "live", fields: value };
		default:
			return undefined;
	}
}

function decodeMessages(value: Fields, channel: string): ServerEnvelope | undefined {
	const { after, to, e, ephemeral } = value;
	if (Array.isArray(ephemeral)) {
		if (!ephemeral.every((entry) => isFields(entry) && entry.data !== undefined)) return undefined;
		return { type: "ephemeral", channel, entries: ephemeral as unknown as readonly EphemeralMessage[] };
	}
	if (!isSeq(after) || !isSeq(to) || !Array.isArray(e) || !e.every(isEntry)) return undefined;
	return { type: "messages", channel, after, to, entries: e as unknown as readonly Message[] };
}

function decodeOk(value: Fields, ref: number): ServerEnvelope {
	if (isEpoch(value.epoch) && isSeq(value.head) && isSeq(value.after)) {
		const { epoch, head, after } = value;
		return { type: "subscribed", ref, epoch, head, after, recovered: value.recovered === true };
	}
	if (value.seq === null || isSeq(value.seq)) {
		return { type: "published", ref, seq: value.seq, duplicate: value.dup === true };
	}
	const { t: _, ref: __, ...says } = value;
	return { type: "done", ref, ...(Object.keys(says).length > 0 && { says }) };
}

function decodeWelcome(value: Fields): ServerEnvelope | undefined {
	if (!isEpoch(value.epoch)) return undefined;
	// A limit that an older server does not tell keeps the value this version ships with.
	const told = Object.entries(isFields(value.limits) ? value.limits : {}).filter(([, limit]) => isSeq(limit));
	return {
		type: "welcome",
		greeting: readText(value.greeting),
		epoch: value.epoch,
		connection: readText(value.connection),
		limits: { ...limits, ...(Object.fromEntries(told) as Partial<typeof limits>) },
		...(isSeq(value.endsIn) && { endsIn: value.endsIn }),
		features: Array.isArray(value.features) ? value.features.filter((feature) => typeof feature === "string") : [],
	};
}

function readCode(value: Fields): { readonly code: ErrorCode; readonly message: string } {
	// A newer server may know more codes; to this version they are all failures of the server.
	return { code: isErrorCode(value.code) ? value.code : "internal", message: readText(value.message) };
}

// What a receiver cannot do without. A frame that is left out for lack of it shows as a gap by the next one's `after`.
function isEntry(value: Json): boolean {
	return isFields(value) && isSeq(value.seq) && value.data !== undefined;
}

// String() of an object runs its toString, which may be any value that came over the wire, and throws.
function readText(value: Json | undefined): string {
	return typeof value === "string" ? value : "";
}
