import { describe, expect, test } from "vitest";
import { parseJson } from "../../protocol/codec/json.ts";
import { decodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { decodeClientFrame } from "../../protocol/codec/serving.ts";
import { StreamSplitter } from "../../protocol/codec/stream.ts";
import { parseXml } from "../../protocol/codec/xml.ts";
import { parseCursor } from "../../protocol/cursor.ts";
import { mergePatch } from "../../protocol/merge-patch.ts";
import { isName } from "../../protocol/names.ts";
import { readPattern } from "../../protocol/patterns.ts";
import { parsePosition } from "../../protocol/position.ts";
import { bytesOf } from "../helpers/stream.ts";

/** What is put before, repeated, and put behind. */
type Pieces = readonly [head: string, repeated: string, tail: string];

const sizes = [65_536, 131_072, 262_144];

/**
 * Four times the input takes less than nine times the time, that is three for each doubling; quadratic time would take
 * sixteen. The least time of several rounds counts, because other programs share the machine; below 2 ms the
 * clock decides and not the input.
 */
function expectLinear(decode: (text: string) => void, [head, repeated, tail]: Pieces): void {
	const texts = sizes.map((size) => head + repeated.repeat(Math.ceil(size / repeated.length)) + tail);
	const least = sizes.map(() => Number.POSITIVE_INFINITY);
	const isLinear = () => (least[2] ?? 0) < Math.max(2, 9 * (least[0] ?? 0));
	for (let round = 0; round < 3 || (round < 20 && !isLinear()); round++) {
		for (const [index, text] of texts.entries()) {
			const start = performance.now();
			decode(text);
			least[index] = Math.min(least[index] ?? 0, performance.now() - start);
		}
	}
	expect(isLinear(), `${least.map((time) => time.toFixed(2)).join(", ")} ms for 64, 128, 256 KiB`).toBe(true);
}

test("the measurement itself tells quadratic time from linear", { timeout: 60_000 }, () => {
	let sum = 0;
	// Often enough for some 20 ms at 256 KiB: in 5 ms a pause of the machine in the smallest input passed for linear.
	const quadratic = (text: string) => {
		for (let index = 0; index < text.length; index += 1_024) sum += text.lastIndexOf("b", text.length - 1);
	};
	expect(() => expectLinear(quadratic, ["", "a", ""])).toThrow(/ms for 64, 128, 256 KiB/);
	expect(sum).toBeLessThan(0);
});

describe("64, 128 and 256 KiB of XML take linear time:", { timeout: 60_000 }, () => {
	test.each<Pieces>([
		["<a>", "<a>", ""],
		["<a type='array'>", "<a/>", "</a>"],
		["<a>", "<", ""],
		["<a>", "&", ""],
		["<a>", "&#1", ""],
		["<a>&#", "0", "x</a>"],
		["<a>", "&lt;", "</a>"],
		["<a>", "]]", "></a>"],
		["<a>", "<!--", ""],
		["<a>", "<!---->", "</a>"],
		["<a><!--", "-", "></a>"],
		["<a>", "<![CDATA[", ""],
		["<a>", "<![CDATA[]]>", "</a>"],
		["<a>", "<?a", ""],
		["<a", " ", "x"],
		["<", "a", ""],
		["<a ", "b", "/>"],
		["<a b", " ", "/>"],
		["<a xmlns='", "\t", "'/>"],
		["<a ", "b='c' ", "/>"],
		["<a></a", " ", "x"],
		["<?xml ", " ", "?><a/>"],
		["<?xml version='1.", "0", "?><a/>"],
		["<?xml version='1.0'", " ", "x?><a/>"],
		["<a type='number'>1", " ", "x</a>"],
		["<a type='number'>", "1", "x</a>"],
		["<a type='boolean'>", "\n", "x</a>"],
		["<a type='escaped'>", "\\", "x</a>"],
		["<a>", "\r", "</a>"],
		["<a>", "<b/> ", "</a>"],
	])("%j, then %j again and again, then %j", (...pieces) => {
		expectLinear((text) => void parseXml(text), pieces);
	});
});

describe("64, 128 and 256 KiB of JSON take linear time:", { timeout: 60_000 }, () => {
	test.each<Pieces>([
		["[", "[", ""],
		['["', "\\", '"]'],
		['["', '\\"', '"]'],
		['"', '"', ""],
		["[", "1,", "1]"],
		["", "1", ""],
		["", "1e", ""],
		["[", "{},", "1]"],
	])("%j, then %j again and again, then %j", (...pieces) => {
		expectLinear((text) => void parseJson(text), pieces);
	});
});

describe("64, 128 and 256 KiB of what else a client says take linear time:", { timeout: 60_000 }, () => {
	const mergeOf = (text: string) => {
		const patch = parseJson(text, Number.POSITIVE_INFINITY);
		if (patch.ok) mergePatch({ a: { a: { a: 1 } } }, patch.value);
	};
	test.each<[string, (text: string) => void, Pieces]>([
		["envelopes in a frame", decodeClientFrame, ["[", '{"t":"pub","ref":1,"ch":"a","data":1},', "{}]"]],
		["envelopes of which one cannot be carried", decodeClientFrame, ["[1e400", ',{"t":"pub"}', "]"]],
		["a frame that is torn off", decodeClientFrame, ['[{"t":"pub","data":["', "\\u0041", ""]],
		["a name of many parts", isName, ["a", ":a", ""]],
		["a name of colons", isName, ["a", ":", ""]],
		["a name that ends badly", isName, ["", "a", "/"]],
		["a pattern of stars", readPattern, ["", "*:", "**"]],
		["a cursor of many channels", parseCursor, ["0mws8cs1x68xynmjz:a=1", ",a=1", ""]],
		["a cursor of signs", parseCursor, ["0mws8cs1x68xynmjz:", "=", "1"]],
		["a position of digits", parsePosition, ["0mws8cs1x68xynmjz:", "1", ""]],
		["a merge patch that is wide", mergeOf, ['{"a":1', ',"b":{"c":null}', "}"]],
		["a merge patch that is deep", mergeOf, ["", '{"a":', ""]],
	])("%s", (_, decode, pieces) => {
		expectLinear((text) => void decode(text), pieces);
	});
});

describe("64, 128 and 256 KiB of MessagePack take linear time:", { timeout: 60_000 }, () => {
	/** What starts a list, a map and a text whose length takes four bytes. */
	const [list, map, text] = [0xdd, 0xdf, 0xdb];
	test.each<[string, number, string]>([
		["empty lists", list, "\x90"],
		["empty texts", list, "\xa0"],
		["texts that are not UTF-8", list, "\xa1\xff"],
		["lists that promise too much", list, "\xdd\x00\x04\x00\x00"],
		["one member again and again", map, "\xa1a\x01"],
		["one long text", text, "a"],
		["one long text that is not UTF-8", text, "\xc3"],
		["open lists", list, "\x91"],
	])("%s", (_, type, repeated) => {
		const decode = (items: string) => {
			const head = Buffer.from([type, 0, 0, 0, 0]);
			head.writeUInt32BE(items.length / repeated.length, 1);
			decodeMessagePack(Buffer.concat([head, Buffer.from(items, "latin1")]));
		};
		expectLinear(decode, ["", repeated, ""]);
	});
});

describe("64, 128 and 256 KiB on a TCP connection, one byte at a time, take linear time:", { timeout: 60_000 }, () => {
	test.each<[string, string]>([
		["junk", "x"],
		["junk and open brackets", "x{"],
		["the smallest objects", "{}"],
		["a large object", `{"a":"${"x".repeat(16_000)}"}`],
		["elements left open, then ends of others", "<a>".repeat(3_000) + "</b>".repeat(2_000) + "</a>".repeat(1_000)],
		["attributes", `<a${" b='c'".repeat(2_500)}/>`],
		["starts of nothing", "<"],
		["starts of nothing and white space", "< "],
		["byte order marks", "\ufeff"],
		["Chinese junk", "小"],
	])("%s", (_, repeated) => {
		const splitByBytes = (text: string) => {
			const splitter = new StreamSplitter();
			for (const byte of bytesOf(text)) splitter.push(Uint8Array.of(byte));
			splitter.end();
		};
		expectLinear(splitByBytes, ["", repeated, ""]);
	});
});
