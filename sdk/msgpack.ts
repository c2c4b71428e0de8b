/**
 * `aerogram/msgpack`: a space's frames as MessagePack. They are smaller than JSON, above all where data holds numbers.
 *
 *     const client = new Aerogram(url, { codec: messagePack });
 */
import { readBinaryFrame, writeBinaryFrame } from "../protocol/codec/binary-frame.ts";
import { subprotocols } from "../protocol/subprotocols.ts";
import type { FrameCodec } from "./transports/websocket.ts";

export type { FrameCodec };

/** Writes and reads the frames of WebSockets as MessagePack. Over other transports frames stay JSON. */
export const messagePack: FrameCodec = {
	subprotocol: subprotocols.msgpack,
	encode: writeBinaryFrame,
	decode: (bytes) => {
		const text = readBinaryFrame(bytes);
		// What is not JSON is refused by the connection as any frame that cannot be read is.
		return text.ok ? text.value : "";
	},
};
