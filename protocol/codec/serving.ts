/** The wire as a server needs it: how it reads a client's envelopes, and writes its own. `envelope.ts` is the other half. */
import type { EphemeralMessage, Json, Message, ServerEnvelope } from "../envelopes.ts";
import { limits } from "../limits.ts";
import { isName } from "../names.ts";
import { isSeq } from "../position.ts";
import { type Fault, fail, type Result, succeed } from "../result.ts";
import { readPublishCondition } from "./conditions.ts";
import { accept, type Decoded, readNamed, refuse, refuseName } from "./decoded.ts";
import { type Fields, isFields, readDraft, readStart } from "./fields.ts";
import { isList, itemsOf, parseJson } from "./json.ts";
import { decodeCalls } from "./serving-calls.ts";
import { decodePresence } from "./serving-presence.ts";
import { decodeWatch, decodeWatchCredit } from "./serving-watch.ts";

export type { Decoded };

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
			return decodePublish(value);
		case "sub":
		case "unsub":
			return decodeSubscribe(value);
		case "enter":
		case "update":
		case "leave":
			return decodePresence(value);
		case "watch":
		case "unwatch":
			return decodeWatch(value);
		case "auth":
			if (ref === undefined) return refuse(ref, "bad_request", "ref is a whole number from 0.");
			if (typeof value.token !== "string") return refuse(ref, "bad_request", "auth.token is a token, as a text.");
			return accept({ type: "auth", ref, token: value.token });
		case "call":
		case "cancel":
		case "serve":
		case "progress":
		case "reply":
		case "nack":
			return decodeCalls(value);
		case "credit":
			if (value.col !== undefined) return decodeWatchCredit(value);
			if (!isName(value.ch)) return refuseName(ref, "channel");
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

function decodePublish(value: Fields): Decoded {
	return readNamed(value, "ch", "channel", (ref, channel) => {
		const draft = readDraft(value);
		if (!draft.ok) return { ok: false, ref, fault: draft.fault };
		const { n, prev } = value;
		if (n !== undefined && !isSeq(n)) return refuse(ref, "bad_request", "n is a whole number from 0.");
		if (prev !== undefined && prev !== -1 && (!isSeq(prev) || n === undefined || prev >= n)) {
			return refuse(ref, "bad_request", "prev is -1 or the n of an earlier publish.");
		}
		const condition = readPublishCondition(value);
		if (!condition.ok) return { ok: false, ref, fault: condition.fault };
		const { ifSeq, lock } = condition.value;
		const { ephemeral } = draft.value;
		if (ephemeral && (n ?? prev ?? value.if) !== undefined) {
			return refuse(ref, "bad_request", "An ephemeral publish takes no n, prev or if: nothing of it is kept.");
		}
		return accept({
			type: "publish",
			ref,
			channel,
			draft: lock ? { ...draft.value, lock } : draft.value,
			...(n !== undefined && { n }),
			...(prev !== undefined && { previous: prev }),
			...(ifSeq !== undefined && { ifSeq }),
			...(ephemeral && value.echo === false && { echo: false }),
		});
	});
}

function decodeSubscribe(value: Fields): Decoded {
	return readNamed(value, "ch", "channel", (ref, channel) => {
		if (value.t === "unsub") return accept({ type: "unsubscribe", ref, channel });
		const start = readStart(value.at);
		if (start) return accept({ type: "subscribe", ref, channel, start });
		return refuse(
			ref,
			"bad_position",
			'at is "start", "live", {"last": n}, {"since": ms} or {"epoch": "…", "seq": n}.',
		);
	});
}

/** Writes a `msg` envelope around `body`: the messages as they are stored, JSON texts joined by `,\n`. Parses nothing. */
export function encodeMessages(channel: string, after: number, body: string, to: number): string {
	return `{"t":"msg","ch":"${channel}","after":${after},"e":[${body}],"to":${to}}`;
}

/** Writes a `msg` envelope around ephemeral messages: JSON texts joined by `,\n`. */
export function encodeEphemeral(channel: string, body: string): string {
	return `{"t":"msg","ch":"${channel}","ephemeral":[${body}]}`;
}

/** Writes the `welcome` of a connection of which it is not known yet who is on it: there is no epoch in it. */
export function encodeGreeting(
	greeting: Omit<Extract<ServerEnvelope, { type: "welcome" }>, "type" | "epoch" | "connection">,
) {
	return JSON.stringify({ t: "welcome", ...greeting });
}

/** Writes a server's envelope. */
export function encodeServer(envelope: ServerEnvelope): string {
	switch (envelope.type) {
		case "published":
			return `{"t":"ok","ref":${envelope.ref},"seq":${envelope.seq}${envelope.duplicate ? ',"dup":true' : ""}}`;
		case "messages":
			return encodeMessages(envelope.channel, envelope.after, encodeEntries(envelope.entries), envelope.to);
		case "ephemeral":
			return encodeEphemeral(envelope.channel, encodeEntries(envelope.entries));
		case "reset": {
			const { type, channel, ...rest } = envelope;
			return JSON.stringify({ t: type, ch: channel, ...rest });
		}
		case "live":
			return JSON.stringify(envelope.fields);
		case "done":
			return JSON.stringify({ t: "ok", ref: envelope.ref, ...envelope.says });
		case "subscribed": {
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

function encodeEntries(entries: readonly (Message | EphemeralMessage)[]): string {
	return entries.map((entry) => JSON.stringify(entry)).join(",\n");
}
