import { limits } from "../limits.ts";
import { fail, type Result, succeed } from "../result.ts";

/** What a packet is for: sent by a client, the answer to one, or the answer that says what was wrong. */
export type PacketType = "message" | "reply" | "error";

/** The format of a packet's body. */
export type PacketBody = "json" | "xml";

/** What the header of a packet says. */
export interface PacketHeader {
	readonly type: PacketType;
	readonly body: PacketBody;
	/** Bytes of the body that follows. */
	readonly length: number;
}

/** The first two bytes of every packet. The first is no first byte of any UTF-8 text, so that it tells a packet. */
export const packetMagic = [0xae, 0x47] as const;

/** Bytes of a packet's header. */
export const packetHeaderBytes = 10;

const packetVersion = 1;
const types: readonly PacketType[] = ["message", "reply", "error"];
const bodies: readonly PacketBody[] = ["json", "xml"];

/**
 * Writes a packet: a header of ten bytes, big endian (in Python `struct.pack(">2sBBHI", b"\xaeG", 1, 1, 0, len(body))`),
 * then the body as UTF-8.
 *
 * | byte | field                                          |
 * |------|------------------------------------------------|
 * | 0    | magic: AE 47                                   |
 * | 2    | version: 1                                     |
 * | 3    | type: 1 message, 2 reply, 3 error              |
 * | 4    | flags, two bytes: 0 a JSON body, 1 an XML body |
 * | 6    | length of the body in bytes, four bytes        |
 */
export function encodePacket(type: PacketType, body: PacketBody, text: string): Uint8Array<ArrayBuffer> {
	const encoded = new TextEncoder().encode(text);
	const packet = new Uint8Array(packetHeaderBytes + encoded.length);
	packet.set([...packetMagic, packetVersion, types.indexOf(type) + 1]);
	const view = new DataView(packet.buffer);
	view.setUint16(4, bodies.indexOf(body));
	view.setUint32(6, encoded.length);
	packet.set(encoded, packetHeaderBytes);
	return packet;
}

/**
 * Reads a packet's header from its first ten bytes. Faults: `malformed` for fewer bytes or another magic, `unsupported`
 * for an unknown version, type or flag, `too_big` for a body over `limits.tcpValueBytes`.
 */
export function decodePacketHeader(bytes: Uint8Array): Result<PacketHeader> {
	if (bytes.length < packetHeaderBytes || bytes[0] !== packetMagic[0] || bytes[1] !== packetMagic[1]) {
		return fail(
			"malformed",
			`A packet starts with a header of ${packetHeaderBytes} bytes, of which the first are AE 47.`,
		);
	}
	const view = new DataView(bytes.buffer, bytes.byteOffset, packetHeaderBytes);
	if (view.getUint8(2) !== packetVersion)
		return fail("unsupported", `This server reads packets of version ${packetVersion}.`);
	const type = types[view.getUint8(3) - 1];
	if (type === undefined) return fail("unsupported", "The type of a packet is 1 message, 2 reply or 3 error.");
	const body = bodies[view.getUint16(4)];
	if (body === undefined) return fail("unsupported", "The flags of a packet are 0 for a JSON body, 1 for an XML body.");
	const length = view.getUint32(6);
	if (length > limits.tcpValueBytes)
		return fail("too_big", `The body of a packet is at most ${limits.tcpValueBytes} bytes.`);
	return succeed({ type, body, length });
}
