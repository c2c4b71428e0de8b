/**
 * The WebSocket subprotocols of version 1 of the wire (RFC 6455, section 1.9): the same envelopes, as JSON in text frames
 * or as MessagePack in binary frames.
 */
export const subprotocols = { json: "aerogram.v1", msgpack: "aerogram.v1.msgpack" } as const;

/** How the frames of a socket are written. */
export type FrameFormat = keyof typeof subprotocols;

/** The format that a subprotocol stands for; undefined for one that is not spoken here. */
export function frameFormatOf(subprotocol: string): FrameFormat | undefined {
	return (Object.keys(subprotocols) as FrameFormat[]).find((format) => subprotocols[format] === subprotocol);
}
