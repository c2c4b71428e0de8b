import { limits } from "../limits.ts";
import { type Result, succeed } from "../result.ts";
import { writeJson } from "./json.ts";
import { decodeMessagePack, encodeMessagePack } from "./msgpack.ts";

/** How deep values may stand in a frame: the data of a message, in an entry of a list of a `msg` of a list. */
const frameDepth = limits.depth + 4;

/** Reads a MessagePack frame as the JSON text of the same frame, which is what everything but the socket deals in. */
export function readBinaryFrame(bytes: Uint8Array): Result<string> {
	const decoded = decodeMessagePack(bytes, frameDepth);
	return decoded.ok ? succeed(writeJson(decoded.value)) : decoded;
}

/**
 * Writes a frame's JSON text as MessagePack. Text that MessagePack cannot carry, a lone surrogate, stays JSON: such a frame
 * goes as a text frame, and both sides of a MessagePack socket read both.
 */
export function writeBinaryFrame(text: string): Uint8Array<ArrayBuffer> | string {
	const encoded = encodeMessagePack(JSON.parse(text));
	return encoded.ok ? encoded.value : text;
}
