import { encodePacket } from "../../protocol/codec/packet.ts";
import type { StreamForm } from "../../protocol/codec/stream.ts";
import { writeXml } from "../../protocol/codec/xml.ts";
import type { Json } from "../../protocol/envelopes.ts";
import type { Fault } from "../../protocol/result.ts";

const encoder = new TextEncoder();

/** An answer in the form its question had: one line of JSON or XML, or one packet. */
export function replyBytes(form: StreamForm, reply: Json, failed: boolean): Uint8Array {
	const text = form.body === "xml" ? oneLine(writeXml(reply, "exchange")) : JSON.stringify(reply);
	if (form.format === "packet") return encodePacket(failed ? "error" : "reply", form.body, text);
	return encoder.encode(`${text}\r\n`);
}

/** What a fault is answered. */
export function faultReply({ code, message, retryAfter, path }: Fault): Json {
	const more = { ...(retryAfter !== undefined && { retryAfter }), ...(path !== undefined && { path }) };
	return { status: "error", code, message, ...more };
}

/** A line of plain text, for the greeting. */
export function lineBytes(line: string): Uint8Array {
	return encoder.encode(`${oneLine(line)}\r\n`);
}

function oneLine(text: string): string {
	return text.replace(/[\r\n]+/g, " ");
}
