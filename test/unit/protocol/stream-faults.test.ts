import { describe, expect, test } from "vitest";
import { encodePacket } from "../../../protocol/codec/packet.ts";
import { StreamSplitter } from "../../../protocol/codec/stream.ts";
import { limits } from "../../../protocol/limits.ts";
import { randomStream } from "../../fuzz/decoders.ts";
import { Random } from "../../helpers/random.ts";
import { bytesOf, codesOf, splitAll, splitAtEveryByte } from "../../helpers/stream.ts";

function join(...parts: readonly (string | readonly number[] | Uint8Array)[]): Uint8Array {
	return Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? bytesOf(part) : part)]));
}

const gbkHello = [0xc4, 0xe3, 0xba, 0xc3];

describe("whatever is sent, the outcome is the same for every split:", () => {
	test.each<[string, Uint8Array, readonly string[]]>([
		["a word without newline, then JSON", join('hello{"a":1}'), ["malformed", "ok"]],
		["a word with newline, then JSON", join('hello world, how are you?\r\n{"a":1}\n'), ["malformed", "ok"]],
		["two lines of junk", join("hello\nworld\n"), ["malformed", "malformed"]],
		[
			"junk before each format",
			join("a{}b[]c<d/>e", encodePacket("message", "json", "{}")),
			Array(4).fill(["malformed", "ok"]).flat(),
		],
		["Chinese junk with AE inside its bytes", join("宮宮宮\n{}"), ["malformed", "ok"]],
		["a comma between values", join("{},{}"), ["ok", "malformed", "ok"]],
		["a closing bracket too many", join("{}}{}"), ["ok", "malformed", "ok"]],
		["a byte order mark in junk", join("x\ufeff{}"), ["malformed", "ok"]],
		["half a byte order mark, then other characters", join("\uff5b\uffee{}"), ["malformed", "ok"]],
		["only white space and byte order marks", join(" \r\n\t\ufeff\ufeff \n"), []],
		["a number", join("42"), ["malformed"]],
		["a NUL", join([0]), ["malformed"]],
		["GBK at the start", join(gbkHello), ["bad_encoding!"]],
		["GBK in a JSON string", join('{"name":"', gbkHello, '"}{}'), ["bad_encoding!"]],
		["GBK after a value", join("{}", gbkHello, "{}"), ["ok", "bad_encoding!"]],
		["GBK in XML", join("<a>", gbkHello, "</a>"), ["bad_encoding!"]],
		["GBK that starts like a packet", join([0xae, 0x61, 0xc4]), ["bad_encoding!"]],
		["UTF-16", join([0xff, 0xfe, 0x7b, 0]), ["bad_encoding!"]],
		["a lone surrogate in UTF-8", join('{"a":"', [0xed, 0xa0, 0x80], '"}'), ["bad_encoding!"]],
		["a packet body that is not UTF-8", join([0xae, 0x47, 1, 1, 0, 0, 0, 0, 0, 4], gbkHello), ["bad_encoding!"]],
		[
			"a packet body that ends in a character",
			join([0xae, 0x47, 1, 1, 0, 0, 0, 0, 0, 3], [0x22, 0xe5, 0xb0]),
			["bad_encoding!"],
		],
		["a packet of another version", join([0xae, 0x47, 2, 1, 0, 0, 0, 0, 0, 0], "{}"), ["unsupported!"]],
		["a packet that announces too much", join([0xae, 0x47, 1, 1, 0, 0, 0, 1, 0, 1], "{}"), ["too_big!"]],
		["a DOCTYPE", join("<!DOCTYPE a><a/>{}"), ["malformed!"]],
		["a DOCTYPE after a prolog", join("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), ["malformed!"]],
		["an entity declaration in an element", join("<a><!ENTITY b 'c'></a>"), ["malformed!"]],
		["HTTP", join("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ["unsupported!"]],
		[
			"HTTP with a body that would be a value",
			join('POST / HTTP/1.1\r\n\r\n{"name":"a","message":"b"}'),
			["unsupported!"],
		],
		["HTTP/2", join("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ["unsupported!"]],
		["HTTP after an empty line", join("\r\nGET / HTTP/1.1\r\n"), ["unsupported!"]],
		["TLS", join([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), ["unsupported!"]],
		["a word that starts like a method", join("GETTING{}"), ["malformed", "ok"]],
		["a method cut by JSON", join("GE{}"), ["malformed", "ok"]],
		["a method cut by a packet", join("P", encodePacket("message", "json", "{}")), ["malformed", "ok"]],
		["a method cut by a newline", join("DELETE\n{}"), ["malformed", "ok"]],
		["a method, and then the end", join("GE"), ["malformed"]],
		["a method after a value", join("{}GET / HTTP/1.1\n{}"), ["ok", "malformed", "ok"]],
		["the first byte of TLS alone", join([0x16], "{}"), ["malformed", "ok"]],
		["JSON that does not end", join('{"a":'), ["malformed"]],
		["XML that does not end", join("<a>"), ["malformed"]],
		["a packet that does not end", join([0xae, 0x47, 1, 1, 0, 0, 0, 0, 0, 2], "{"), ["malformed"]],
		["a header that does not end", join([0xae, 0x47, 1]), ["malformed"]],
		["a character that does not end", join([0xe5, 0xb0]), ["malformed"]],
		["half a byte order mark, and the end", join([0xef, 0xbb]), ["malformed"]],
		["nothing", join(), []],
	])("%s", (_, bytes, codes) => {
		const whole = splitAll([bytes]);
		expect(codesOf(whole)).toEqual(codes);
		for (const items of splitAtEveryByte(bytes)) expect(items).toEqual(whole);
	});
});

test("the outcome is the same for every split of 5,000 streams of random content, too", { timeout: 30_000 }, () => {
	const random = new Random(41);
	const seen = new Set<string>();
	for (let count = 0; count < 5_000; count++) {
		const bytes = randomStream(random);
		const whole = splitAll([bytes]);
		for (const code of codesOf(whole)) seen.add(code);
		expect(splitAll(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
		const cut = random.below(bytes.length + 1);
		expect(splitAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
	}
	for (const code of ["ok", "malformed", "malformed!", "bad_encoding!", "unsupported!"]) expect(seen).toContain(code);
});

describe("a client is told what is wrong", () => {
	test("at the first character of junk, without waiting for more", () => {
		const splitter = new StreamSplitter();
		expect(codesOf(splitter.push(bytesOf("h")))).toEqual(["malformed"]);
		expect(splitter.push(bytesOf("ello"))).toEqual([]);
		expect(splitter.end()).toEqual([]);
	});

	test("at the first byte that is not UTF-8, even inside an unfinished value", () => {
		const splitter = new StreamSplitter();
		expect(splitter.push(join('{"name":"', [0xc4]))).toEqual([]);
		expect(splitter.push(Uint8Array.of(0xe3))).toMatchObject([
			{ ok: false, fatal: true, fault: { code: "bad_encoding", message: expect.stringContaining("send UTF-8") } },
		]);
		expect(splitter.push(bytesOf("{}"))).toEqual([]);
		expect(splitter.end()).toEqual([]);
	});

	test.each(["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI"])(
		"in one line that this port is not for HTTP, once %s and a space have come",
		(method) => {
			const splitter = new StreamSplitter();
			expect(splitter.push(bytesOf(method))).toEqual([]);
			const [item] = splitter.push(bytesOf(" "));
			expect(item).toMatchObject({ ok: false, fatal: true, fault: { code: "unsupported" } });
			expect(item && !item.ok && item.fault.message).toMatch(/^This port speaks raw TCP: [^\r\n]*HTTP port\.$/);
		},
	);

	test("what to send instead of junk", () => {
		expect(splitAll([bytesOf("hello")])).toMatchObject([
			{ fatal: false, fault: { message: expect.stringContaining("Send a JSON object") } },
		]);
	});
});

describe("a value that is too big", () => {
	test.each(['["', "<a>", "<!--", "<a b='", "{".repeat(1_000)])(
		"is fatal as soon as it is, and held no longer: %j",
		(start) => {
			const splitter = new StreamSplitter();
			expect(splitter.push(bytesOf(start))).toEqual([]);
			const filler = bytesOf("x".repeat(limits.tcpValueBytes - start.length));
			expect(splitter.push(filler)).toEqual([]);
			expect(codesOf(splitter.push(bytesOf("x")))).toEqual(["too_big!"]);
			expect(splitter.push(filler)).toEqual([]);
			expect(splitter.end()).toEqual([]);
		},
	);

	test("does not come of junk, which is never held", () => {
		const splitter = new StreamSplitter();
		const junk = bytesOf("x".repeat(limits.tcpValueBytes));
		const items = Array.from({ length: 20 }, () => splitter.push(junk)).flat();
		expect(codesOf(items)).toEqual(["malformed"]);
		expect(codesOf(splitter.push(bytesOf("{}")))).toEqual(["ok"]);
	});
});
