import { decodeMessagePack } from "../../../protocol/codec/msgpack.ts";
import { parseXml } from "../../../protocol/codec/xml.ts";
import type { Json } from "../../../protocol/envelopes.ts";

/** The value of a body, by its content type without parameters; undefined for a type that carries no values. */
export function readBodyValue(type: string, body: Uint8Array): { readonly value: Json } | undefined {
	const text = () => new TextDecoder("utf-8", { fatal: true }).decode(body);
	if (type.endsWith("json")) return { value: JSON.parse(text()) as Json };
	const read = type.endsWith("xml") ? parseXml(text()) : type.endsWith("msgpack") ? decodeMessagePack(body) : undefined;
	if (read && !read.ok) throw new Error(`it cannot be read: ${read.fault.message}`);
	return read;
}
