import { describe, expect, test } from "vitest";
import { encodePacket } from "../../../protocol/codec/packet.ts";
import { limits } from "../../../protocol/limits.ts";
import { type Arrival, TcpReader } from "../../../sdk/node/tcp-reader.ts";

const encoder = new TextEncoder();

/** All that bytes give when they arrive in these pieces, and then end. */
function read(pieces: readonly Uint8Array[], encoding = "utf-8"): unknown[] {
	const reader = new TcpReader(encoding);
	const arrivals = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
	return arrivals.map(plain);
}

function plain(arrival: Arrival): unknown {
	if (arrival.kind === "line") return arrival.text;
	return arrival.kind === "value" ? [arrival.value] : { code: arrival.fault.code };
}

/** The bytes of texts and packets, one after another. */
function bytesOf(...parts: readonly (string | Uint8Array)[]): Uint8Array {
	const all = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
	return new Uint8Array(all.flatMap((part) => [...part]));
}

const packet = encodePacket("reply", "json", '{"status":"success"}');

describe("what a raw TCP server sends", () => {
	test.each<[string, Uint8Array, unknown[]]>([
		["nothing", bytesOf(""), []],
		["white space", bytesOf(" \r\n\t\r\n"), []],
		["a line", bytesOf("你好 😀\r\n"), ["你好 😀"]],
		["a line without an end", bytesOf("hello"), ["hello"]],
		[
			"lines and values by turns",
			bytesOf('one\r\n{"a":"}"}two\n[1]{"b":[]}\nthree'),
			["one", [{ a: "}" }], "two", [[1]], [{ b: [] }], "three"],
		],
		["a line that an answer runs into", bytesOf('welcome {"a":1}\n{"a":2}'), ["welcome", [{ a: 1 }], [{ a: 2 }]]],
		["a line with braces that hold no JSON", bytesOf("Hello {name} [1] <b>\n"), ["Hello {name} [1] <b>"]],
		["XML", bytesOf("<exchange><status>ok</status></exchange>\r\nbye\n"), [[{ status: "ok" }], "bye"]],
		[
			"packets",
			bytesOf(packet, packet, "line\n", packet),
			[[{ status: "success" }], [{ status: "success" }], "line", [{ status: "success" }]],
		],
		["a byte order mark", bytesOf("\ufeff{}", "\ufefftext\n"), [[{}], "text"]],
		["what is not JSON", bytesOf("{'a': 1}\n{}"), [{ code: "malformed" }, [{}]]],
		["a value that does not end", bytesOf('{"a":'), [{ code: "malformed" }]],
		[
			"bytes that are not UTF-8",
			bytesOf("ok\n", new Uint8Array([0xc4, 0xe3, 0x0a]), "{}"),
			["ok", { code: "bad_encoding" }],
		],
		["a line that ends in the middle of a character", new Uint8Array([0x61, 0xe4, 0xbd]), [{ code: "bad_encoding" }]],
	])("is the same however it is cut: %s", (_, bytes, expected) => {
		expect(read([bytes])).toEqual(expected);
		expect(read([...bytes].map((byte) => new Uint8Array([byte])))).toEqual(expected);
		for (let cut = 1; cut < bytes.length; cut++) {
			expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
		}
	});

	test("may be in another encoding, whose characters hold the bytes of brackets", () => {
		// {"a":"亄乗"}, of which the second bytes are { and \, then 你 as text.
		const bytes = bytesOf('{"a":"', new Uint8Array([0x81, 0x7b, 0x81, 0x5c]), '"}', new Uint8Array([0xc4, 0xe3, 0x0a]));
		expect(read([bytes], "gbk")).toEqual([[{ a: "亄乗" }], "你"]);
		expect(
			read(
				[...bytes].map((byte) => new Uint8Array([byte])),
				"gbk",
			),
		).toEqual([[{ a: "亄乗" }], "你"]);
		expect(read([new Uint8Array([0x61, 0x81])], "gbk")).toEqual([{ code: "bad_encoding" }]);
	});

	test("that has no line end yet counts as a line when it is asked for, but for half a character", () => {
		const reader = new TcpReader("utf-8");
		expect(reader.flush()).toEqual([]);
		const [first = 0, ...rest] = encoder.encode("好");
		reader.push(new Uint8Array([0x61, first]));
		expect(reader.inLine).toBe(true);
		expect(reader.flush()).toEqual([]);
		reader.push(new Uint8Array(rest));
		expect(reader.flush()).toEqual([{ kind: "line", text: "a好" }]);
		expect(reader.inLine).toBe(false);
		reader.push(encoder.encode('{"a":'));
		expect(reader.inLine).toBe(false);
		expect(reader.flush()).toEqual([]);
		expect(reader.push(encoder.encode("1}")).map(plain)).toEqual([[{ a: 1 }]]);
	});

	test("may be a megabyte and no more, as a line and as a value", () => {
		const most = limits.bodyBytes;
		const text = "x".repeat(most - 8);
		expect(read([encoder.encode(`{"a":"${text}"}`)])).toEqual([[{ a: text }]]);
		expect(read([encoder.encode(`{"a":"${text}x"}{}`)])).toEqual([{ code: "too_big" }]);
		expect(read([encoder.encode("x".repeat(most))])).toHaveLength(1);
		expect(read([encoder.encode(`${"x".repeat(most + 1)}\n{}`)])).toEqual([{ code: "too_big" }]);
	});
});
