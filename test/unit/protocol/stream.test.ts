import { describe, expect, test } from "vitest";
import { encodePacket } from "../../../protocol/codec/packet.ts";
import { type StreamItem, StreamSplitter } from "../../../protocol/codec/stream.ts";
import { limits } from "../../../protocol/limits.ts";
import { Random } from "../../helpers/random.ts";
import { bytesOf, codesOf, splitAll, splitAtEveryByte } from "../../helpers/stream.ts";

const exchange = { name: "小飞机", message: '你好,服务器! }]"\\<>\n' };
const json = JSON.stringify(exchange);
const xml =
	'<?xml version="1.0"?>\n<!-- > <a> --><exchange xmlns:b=">" xmlns:a=\'"/>\'><name>小飞机</name >' +
	'<message><![CDATA[你好,服务器! }]"\\<>\n]]></message></exchange>';

function values(items: readonly StreamItem[]) {
	return items.map((item) => (item.ok ? item.value : item.fault.code));
}

describe("values on one connection", () => {
	test.each<[string, readonly Uint8Array[], readonly string[]]>([
		["JSON with newlines", [bytesOf(`${json}\n${json}\r\n`)], ["json", "json"]],
		["JSON back to back", [bytesOf(json + json + json)], ["json", "json", "json"]],
		["indented JSON", [bytesOf(JSON.stringify(exchange, null, "\t"))], ["json"]],
		["XML back to back", [bytesOf(xml + xml)], ["xml", "xml"]],
		[
			"packets",
			[encodePacket("message", "json", json), encodePacket("message", "json", `\ufeff${json}`)],
			["packet", "packet"],
		],
		[
			"formats alternating",
			[
				bytesOf(`\ufeff${json}`),
				encodePacket("message", "json", json),
				bytesOf(` \r\n\t\ufeff<a><name>小飞机</name><message>你好,服务器! }]&quot;\\&lt;>&#10;</message></a>`),
				encodePacket("message", "json", json),
				bytesOf(json),
			],
			["json", "packet", "xml", "packet", "json"],
		],
	])("are the same for every split in two and in three: %s", (_, parts, formats) => {
		const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
		const whole = splitAll([bytes]);
		expect(values(whole)).toEqual(formats.map(() => exchange));
		expect(whole.map((item) => item.format)).toEqual(formats);
		for (const items of splitAtEveryByte(bytes)) expect(items).toEqual(whole);
	});

	test("are given as soon as their last byte is there, and not before", () => {
		for (const bytes of [
			bytesOf(json),
			bytesOf("[[1],[]]"),
			bytesOf("<a><b/></a>"),
			encodePacket("message", "xml", "<a/>"),
		]) {
			const splitter = new StreamSplitter();
			for (const [index, byte] of bytes.entries()) {
				expect(splitter.push(Uint8Array.of(byte))).toHaveLength(index === bytes.length - 1 ? 1 : 0);
			}
			expect(splitter.end()).toEqual([]);
		}
	});

	test("carry the type of a packet and the format of its body, faulty or not", () => {
		const packets = [
			encodePacket("reply", "xml", "<a/>"),
			encodePacket("error", "json", "[]"),
			encodePacket("message", "xml", "<a>"),
			encodePacket("message", "json", ""),
		];
		expect(splitAll(packets)).toMatchObject([
			{ ok: true, format: "packet", body: "xml", type: "reply", value: "" },
			{ ok: true, format: "packet", body: "json", type: "error", value: [] },
			{ ok: false, format: "packet", body: "xml", fatal: false, fault: { code: "malformed" } },
			{ ok: false, format: "packet", body: "json", fatal: false, fault: { code: "malformed" } },
		]);
		expect(splitAll([bytesOf("{}")])).toEqual([{ ok: true, format: "json", body: "json", value: {} }]);
	});

	test("of random content and random cuts arrive whole and in order", () => {
		const random = new Random(7);
		for (let round = 0; round < 200; round++) {
			const sent = random.list(8, () => ({ value: random.json() }));
			const parts = sent.map((each) => {
				const text = JSON.stringify(each);
				return random.pick([bytesOf(text), bytesOf(`${text}\n`), encodePacket("message", "json", text)]);
			});
			const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
			const chunks: Uint8Array[] = [];
			for (let at = 0; at < bytes.length; ) {
				const length = 1 + random.below(40);
				chunks.push(bytes.subarray(at, at + length));
				at += length;
			}
			expect(values(splitAll(chunks))).toEqual(sent.map((each) => JSON.parse(JSON.stringify(each))));
		}
	});

	test("that are faulty do not end the connection: too deep, not JSON, not carried, not XML", () => {
		const parts = ["[".repeat(40) + "]".repeat(40), "{'a':1}", "[9007199254740993]", "[1}", "<a>&b;</a>", "{}"];
		expect(codesOf(splitAll([bytesOf(parts.join("\n"))]))).toEqual([
			"too_deep",
			"malformed",
			"not_json",
			"malformed",
			"malformed",
			"ok",
		]);
	});

	test("that hold a message as large as may be are taken, whatever their format", () => {
		const largest = `["${"x".repeat(limits.tcpValueBytes - 4)}"]`;
		const largestXml = `<a>${"x".repeat(limits.tcpValueBytes - 7)}</a>`;
		const items = splitAll([bytesOf(largest + largestXml), encodePacket("message", "json", largest), bytesOf("{}")]);
		expect(codesOf(items)).toEqual(["ok", "ok", "ok", "ok"]);
	});
});

describe("an XML document that is not well formed", () => {
	test.each([
		["an element is left open", "<a><b></a>{}", ["malformed", "ok"]],
		["several elements are left open", "<a><b><c><d></b><b></a>{}", ["malformed", "ok"]],
		["an end tag is misspelt", "<a><b>x</c></a>{}", ["malformed", "ok"]],
		["a < stands in the text", "<a>1 < 2 <3 <!x <</a>{}", ["malformed", "ok"]],
		["a slash stands in the middle of a tag", "<a / b>x</a>{}", ["malformed", "ok"]],
		["its sections end with more than they need", "<a><![CDATA[]]]]><!-----></a>{}", ["malformed", "ok"]],
		["there is no root", "<!-- x -->{}", ["malformed", "ok"]],
		["text stands before the root", "<?x y?> 7 <a/>{}", ["malformed", "ok", "ok"]],
		["there is only a <", "< 3\n{}", ["malformed", "ok"]],
		["there is an end tag alone", "</a>\n{}", ["malformed", "ok"]],
		["a CDATA section stands before the root", "<![CDATA[{}]]><a/>{}", ["malformed", "ok"]],
	])("ends where its root ends, or is junk: %s", (_, text, codes) => {
		const whole = splitAll([bytesOf(text)]);
		expect(codesOf(whole)).toEqual(codes);
		for (const items of splitAtEveryByte(bytesOf(text))) expect(items).toEqual(whole);
	});
});

test("a connection knows whether anything at all has arrived", () => {
	const splitter = new StreamSplitter();
	expect(splitter.received).toBe(false);
	splitter.push(new Uint8Array(0));
	expect(splitter.received).toBe(false);
	splitter.push(bytesOf(" "));
	expect(splitter.received).toBe(true);
});
