import { describe, expect, test } from "vitest";
import {
	decodePacketHeader,
	encodePacket,
	type PacketBody,
	type PacketType,
	packetHeaderBytes,
} from "../../../protocol/codec/packet.ts";
import { limits } from "../../../protocol/limits.ts";

function hex(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function header(...bytes: number[]): string {
	const read = decodePacketHeader(Uint8Array.from(bytes));
	return read.ok ? "ok" : read.fault.code;
}

describe("a packet", () => {
	test('is laid out as struct.pack(">2sBBHI", …) and the body', () => {
		expect(hex(encodePacket("message", "json", '{"a":1}'))).toBe("ae 47 01 01 00 00 00 00 00 07 7b 22 61 22 3a 31 7d");
		expect(hex(encodePacket("error", "xml", "<小/>"))).toBe("ae 47 01 03 00 01 00 00 00 06 3c e5 b0 8f 2f 3e");
		expect(hex(encodePacket("reply", "json", ""))).toBe("ae 47 01 02 00 00 00 00 00 00");
	});

	test.each<[PacketType, PacketBody, string]>([
		["message", "json", "{}"],
		["reply", "xml", "<a/>"],
		["error", "json", "小飞机"],
		["message", "json", "x".repeat(limits.tcpValueBytes)],
	])("of type %s with a %s body says so in its header", (type, body, text) => {
		const packet = encodePacket(type, body, text);
		const length = packet.length - packetHeaderBytes;
		expect(decodePacketHeader(packet)).toEqual({ ok: true, value: { type, body, length } });
		expect(new TextDecoder().decode(packet.subarray(packetHeaderBytes))).toBe(text);
	});

	test("is read from the middle of a larger buffer too", () => {
		const buffer = Uint8Array.from([1, 2, 3, ...encodePacket("reply", "xml", "<a/>"), 4]);
		expect(decodePacketHeader(buffer.subarray(3))).toEqual({
			ok: true,
			value: { type: "reply", body: "xml", length: 4 },
		});
	});
});

describe("a packet header", () => {
	test("that is short, or of another protocol, is malformed", () => {
		expect(header()).toBe("malformed");
		expect(header(0xae, 0x47, 1, 1, 0, 0, 0, 0, 0)).toBe("malformed");
		expect(header(0xae, 0x48, 1, 1, 0, 0, 0, 0, 0, 0)).toBe("malformed");
		expect(header(0x47, 0xae, 1, 1, 0, 0, 0, 0, 0, 0)).toBe("malformed");
	});

	test.each([0, 2, 255])("of version %i is unsupported", (version) => {
		expect(header(0xae, 0x47, version, 1, 0, 0, 0, 0, 0, 0)).toBe("unsupported");
	});

	test.each([0, 4, 255])("of type %i is unsupported", (type) => {
		expect(header(0xae, 0x47, 1, type, 0, 0, 0, 0, 0, 0)).toBe("unsupported");
	});

	test.each([
		[0, 2],
		[1, 0],
		[128, 1],
		[255, 255],
	])("with flags %i %i is unsupported", (high, low) => {
		expect(header(0xae, 0x47, 1, 1, high, low, 0, 0, 0, 0)).toBe("unsupported");
	});

	test("that announces more than a value may have is refused before any of it arrives", () => {
		expect(header(0xae, 0x47, 1, 1, 0, 0, 0, 1, 0, 0)).toBe("ok");
		expect(header(0xae, 0x47, 1, 1, 0, 0, 0, 1, 0, 1)).toBe("too_big");
		expect(header(0xae, 0x47, 1, 1, 0, 0, 255, 255, 255, 255)).toBe("too_big");
	});
});
