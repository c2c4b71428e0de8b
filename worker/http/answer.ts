import type { Context } from "hono";
import { parseJson, writeJson } from "../../protocol/codec/json.ts";
import { encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { writeXml } from "../../protocol/codec/xml.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { notModified, writeTag } from "./conditions.ts";
import { answerFormat, contentType, type Format } from "./formats.ts";
import { Problem } from "./problem.ts";
import type { App } from "./types.ts";

/** A value that is JSON text already, such as what was stored: it is parsed only where another format asks for it. */
export class JsonText {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

/** Wraps JSON text that the server itself wrote. */
export function jsonText(text: string): JsonText {
	return new JsonText(text);
}

/** What is answered. */
export interface Answer {
	readonly status: 200 | 201 | 202;
	/** The name of the root element, where it is XML: `message`, `page` … */
	readonly root: string;
	readonly value: Json | JsonText;
	/**
	 * What names this state of the resource, `<epoch>:<number>`: its ETag, without the quotes. With it the answer to a GET may
	 * be kept by the one who asked, who asks again by `If-None-Match` and is answered 304.
	 */
	readonly etag?: string;
	/** The ETag is a weak one: what is answered under it may say the same in other words. */
	readonly weak?: boolean;
	readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers in the format that the request accepts most. Throws a `Problem` (`not_acceptable`) where there is none, or where
 * that format cannot carry the value, but for a request that may have stored something: it is told so, in JSON. Throws
 * `bad_position` for an `If-None-Match` that cannot be read.
 */
export function answer(context: Context<App>, reply: Answer): Response {
	const asked = answerFormat(context);
	const body = write(reply.value, reply.root, asked);
	if (body !== undefined) return send(context, reply, asked, body);
	if (isRead(context)) {
		throw new Problem(
			"not_acceptable",
			"MessagePack cannot carry a lone surrogate, which stands in this. Accept JSON or XML.",
		);
	}
	return send(context, reply, "json", writeJsonBody(reply.value));
}

function send(context: Context<App>, reply: Answer, format: Format, body: string | Uint8Array<ArrayBuffer>): Response {
	const { status, etag, weak = false, headers = {} } = reply;
	const entityTag = etag === undefined ? undefined : { tag: etag, format, weak };
	const tagged = { ...headers, ...(entityTag && { etag: writeTag(entityTag) }) };
	const kept = entityTag && isRead(context) ? { ...tagged, "cache-control": "private, no-cache" } : tagged;
	if (entityTag && isRead(context) && notModified(context, entityTag)) return context.body(null, 304, kept);
	return context.body(body, status, { ...kept, "content-type": contentType(format) });
}

function isRead(context: Context<App>): boolean {
	return context.req.method === "GET" || context.req.method === "HEAD";
}

/** Writes a value in a format, ending in a newline where that is text; undefined where the format cannot carry it. */
export function write(
	value: Json | JsonText,
	root: string,
	format: Format,
): string | Uint8Array<ArrayBuffer> | undefined {
	switch (format) {
		case "json":
			return writeJsonBody(value);
		case "xml":
			return `${writeXml(parsed(value), root)}\n`;
		case "msgpack": {
			const bytes = encodeMessagePack(parsed(value));
			return bytes.ok ? new Uint8Array(bytes.value) : undefined;
		}
	}
}

// The newline is for whoever reads it in a terminal.
function writeJsonBody(value: Json | JsonText): string {
	return `${value instanceof JsonText ? value.text : writeJson(value)}\n`;
}

function parsed(value: Json | JsonText): Json {
	if (!(value instanceof JsonText)) return value;
	const read = parseJson(value.text, Number.POSITIVE_INFINITY);
	if (!read.ok) throw new Error(`What is stored is not JSON: ${read.fault.message}`);
	return read.value;
}
