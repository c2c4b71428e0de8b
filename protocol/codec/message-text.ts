import { isSeq } from "../position.ts";
import { itemsOf } from "./json.ts";

/** Between two messages in a body. Compact JSON holds no raw newline, so every newline in it is one of these. */
const separator = ",\n";

/** What a `msg` envelope holds, with each message as the JSON text that was stored. */
export type MessageTexts =
	| {
			readonly type: "messages";
			readonly channel: string;
			readonly after: number;
			readonly to: number;
			readonly texts: readonly string[];
	  }
	| { readonly type: "ephemeral"; readonly channel: string; readonly texts: readonly string[] };

/** The envelopes of a server's frame, each as its text. Undefined for what is no frame. */
export function envelopeTexts(frame: string): readonly string[] | undefined {
	return frame.startsWith("{") ? [frame] : itemsOf(frame);
}

/**
 * Takes a `msg` envelope apart as `encodeMessages` and `encodeEphemeral` write it, and parses nothing of its messages.
 * Undefined for any other text.
 */
export function splitMessages(envelope: string): MessageTexts | undefined {
	const head = /^\{"t":"msg","ch":"([^"]+)","(?:after":(\d+),"e|ephemeral)":\[/.exec(envelope);
	if (!head) return undefined;
	const [opening, channel = "", after] = head;
	if (after === undefined) {
		return envelope.endsWith("]}")
			? { type: "ephemeral", channel, texts: split(envelope, opening.length, 2) }
			: undefined;
	}
	const tail = /\],"to":(\d+)\}$/.exec(envelope.slice(-30));
	if (!tail) return undefined;
	const [closing, to] = tail;
	const texts = split(envelope, opening.length, closing.length);
	return { type: "messages", channel, after: Number(after), to: Number(to), texts };
}

/** The seq of a stored message, from its text: it always stands first. Undefined for what is no stored message. */
export function seqOfText(text: string): number | undefined {
	const seq = Number(/^\{"seq":(\d+),/.exec(text)?.[1]);
	return isSeq(seq) ? seq : undefined;
}

function split(envelope: string, head: number, tail: number): readonly string[] {
	const body = envelope.slice(head, -tail);
	return body === "" ? [] : body.split(separator);
}
