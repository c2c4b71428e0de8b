import type { ClientEnvelope, Json, Message, ResetReason, ServerEnvelope } from "../envelopes.ts";
import { type ErrorCode, isErrorCode } from "../errors.ts";
import { limits } from "../limits.ts";
import { isName, nameFault } from "../names.ts";
import { isEpoch, isSeq } from "../position.ts";
import { type Fault, fail, type Result, succeed } from "../result.ts";
import { type Fields, isFields, readDraft, readStart, writeStart } from "./fields.ts";
import { isList, itemsOf, parseJson } from "./json.ts";

/** One envelope of a client's frame, or what is wrong with it and whose fault that is. */
export type Decoded =
	| { readonly ok: true; readonly envelope: ClientEnvelope }
	| { readonly ok: false; readonly ref: number | undefined; readonly fault: Fault };

/** How deep the data of a message stands in a server's frame: in a list, a `msg`, its `e` and an entry. */
const dataDepth = 4;

// --- from a client -------------------------------------------------------------------------------------------------

/** Reads a client's text frame: one envelope or an array of them, each with its own result. The caller bounds its size. */
export function decodeClientFrame(text: string): Result<readonly Decoded[]> {
	const parsed = parseJson(text, limits.depth + (isList(text) ? 2 : 1));
	if (!parsed.ok) return decodeOneByOne(text, parsed.fault);
	if (!Array.isArray(parsed.value)) return succeed([decodeClient(parsed.value)]);
	if (parsed.value.length > limits.frameEnvelopes) return tooMany;
	return succeed(parsed.value.map(decodeClient));
}

const tooMany = fail("too_big", `A frame holds at most ${limits.frameEnvelopes} envelopes.`);

/** Something in the frame cannot be carried. Only the envelope that holds it is refused; the others are read as ever. */
function decodeOneByOne(text: string, fault: Fault): Result<readonly Decoded[]> {
	const items = fault.code === "malformed" ? undefined : itemsOf(text);
	if (!items) return { ok: false, fault };
	if (items.length > limits.frameEnvelopes) return tooMany;
	return succeed(
		items.map((item) => {
			const parsed = parseJson(item, limits.depth + 1);
			return parsed.ok ? decodeClient(parsed.value) : { ok: false, ref: refOf(item), fault: parsed.fault };
		}),
	);
}

/** The `ref` of an envelope that is refused unread: whoever sent it must not wait in vain. */
function refOf(text: string): number | undefined {
	try {
		const value = JSON.parse(text) as Json;
		return isFields(value) && isSeq(value.ref) ? value.ref : undefined;
	} catch {
		return undefined;
	}
}

function decodeClient(value: Json): Decoded {
	if (!isFields(value))
		return refuse(undefined, "bad_request", 'An envelope is an object with a type: {"t": "pub", …}.');
	const ref = isSeq(value.ref) ? value.ref : undefined;
	switch (value.t) {
		case "pub":
			return decodePublish(value, ref);
		case "sub":
		case "unsub":
			return decodeSubscribe(value, ref);
		case "credit":
			if (!isName(value.ch)) return { ok: false, ref, fault: nameFault("channel") };
			if (!isSeq(value.seq)) return refuse(ref, "bad_request", "credit.seq is a whole number from 0.");
			return accept({ type: "credit", channel: value.ch, seq: value.seq });
		default:
			return refuse(
				ref,
				"unsupported",
				"This server does not know that envelope type; welcome.features says what it knows.",
			);
	}
}

function decodePublish(value: Fields, ref: number | undefined): Decoded {
	if (ref === undefined) return refuse(ref, "bad_request", "pub needs a ref, a whole number that its answer repeats.");
	if (!isName(value.ch)) return { ok: false, ref, fault: nameFault("channel") };
	const draft = readDraft(value);
	if (!draft.ok) return { ok: false, ref, fault: draft.fault };
	const { n, prev } = value;
	if (n !== undefined && !isSeq(n)) return refuse(ref, "bad_request", "n is a whole number from 0.");
	if (prev !== undefined && prev !== -1 && (!isSeq(prev) || n === undefined || prev >= n)) {
		return refuse(ref, "bad_request", "prev is -1 or the n of an earlier publish.");
	}
	const ifSeq = isFields(value.if) ? value.if.seq : undefined;
	if (value.if !== undefined && !isSeq(ifSeq))
		return refuse(ref, "bad_request", 'if reads {"seq": the head you expect}.');
	return accept({
		type: "publish",
		ref,
		channel: value.ch,
		draft: draft.value,
		...(n !== undefined && { n }),
		...(prev !== undefined && { previous: prev }),
		...(isSeq(ifSeq) && { ifSeq }),
	});
}

function decodeSubscribe(value: Fields, ref: number | undefined): Decoded {
	if (ref === undefined)
		return refuse(ref, "bad_request", `${value.t} needs a ref, a whole number that its answer repeats.`);
	if (!isName(value.ch)) return { ok: false, ref, fault: nameFault("channel") };
	if (value.t === "unsub") return accept({ type: "unsubscribe", ref, channel: value.ch });
	const start = readStart(value.at);
	if (!start) {
		return refuse(
			ref,
			"bad_position",
			'at is "start", "live", {"last": n}, {"since": ms} or {"epoch": "…", "seq": n}.',
		);
	}
	return accept({ type: "subscribe", ref, channel: value.ch, start });
}

/** Writes a client's envelope. */
export function encodeClient(envelope: ClientEnvelope): string {
	switch (envelope.type) {
		case "publish": {
			const { ref, channel, n, previous, draft, ifSeq } = envelope;
			return JSON.stringify({
				t: "pub",
				ref,
				ch: channel,
				n,
				prev: previous,
				if: ifSeq === undefined ? undefined : { seq: ifSeq },
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

// --- from the server -----------------------------------------------------------------------------------------------

/** Writes a `msg` envelope around `body`: the messages as they are stored, JSON texts joined by `,\n`. Parses nothing. */
export function encodeMessages(channel: string, after: number, body: string, to: number): string {
	return `{"t":"msg","ch":"${channel}","after":${after},"e":[${body}],"to":${to}}`;
}

/** Writes a server's envelope. */
export function encodeServer(envelope: ServerEnvelope): string {
	switch (envelope.type) {
		case "published":
			return `{"t":"ok","ref":${envelope.ref},"seq":${envelope.seq}${envelope.duplicate ? ',"dup":true' : ""}}`;
		case "messages": {
			const body = envelope.entries.map((entry) => JSON.stringify(entry)).join(",\n");
			return encodeMessages(envelope.channel, envelope.after, body, envelope.to);
		}
		case "reset": {
			const { type, channel, ...rest } = envelope;
			return JSON.stringify({ t: type, ch: channel, ...rest });
		}
		case "subscribed":
		case "done": {
			const { type: _, ...rest } = envelope;
			return JSON.stringify({ t: "ok", ...rest });
		}
		case "error": {
			const { type: _, ...rest } = envelope;
			return JSON.stringify({ t: "err", ...rest });
		}
		default: {
			const { type, ...rest } = envelope;
			return JSON.stringify({ t: type, ...rest });
		}
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
		case "msg": {
			if (!isName(ch) || !isSeq(value.after) || !isSeq(value.to) || !Array.isArray(value.e)) return undefined;
			if (!value.e.every(isEntry)) return undefined;
			const entries = value.e as unknown as readonly Message[];
			return { type: "messages", channel: ch, after: value.after, to: value.to, entries };
		}
		case "ok":
			return isSeq(ref) ? decodeOk(value, ref) : undefined;
		case "err":
			return {
				type: "error",
				...(isSeq(ref) && { ref }),
				...readCode(value),
				...(isSeq(value.last) && { last: value.last }),
				...(isSeq(value.head) && { head: value.head }),
			};
		case "reset": {
			if (!isName(ch) || !isEpoch(value.epoch) || !isSeq(value.floor) || !isSeq(value.head)) return undefined;
			const reason = value.reason as ResetReason;
			const { epoch, floor, head } = value;
			return { type: "reset", ...(isSeq(ref) && { ref }), channel: ch, reason, epoch, floor, head };
		}
		case "bye":
			return { type: "bye", ...readCode(value) };
		case "welcome":
			return decodeWelcome(value);
		default:
			return undefined;
	}
}

function decodeOk(value: Fields, ref: number): ServerEnvelope {
	if (isEpoch(value.epoch) && isSeq(value.head) && isSeq(value.after)) {
		const { epoch, head, after } = value;
		return { type: "subscribed", ref, epoch, head, after, recovered: value.recovered === true };
	}
	if (value.seq === null || isSeq(value.seq)) {
		return { type: "published", ref, seq: value.seq, duplicate: value.dup === true };
	}
	return { type: "done", ref };
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

// --- both ----------------------------------------------------------------------------------------------------------

function accept(envelope: ClientEnvelope): Decoded {
	return { ok: true, envelope };
}

function refuse(ref: number | undefined, code: ErrorCode, message: string): Decoded {
	return { ok: false, ref, fault: { code, message } };
}
