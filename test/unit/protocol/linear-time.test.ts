import { describe, expect, test } from "vitest";
import { parseJson } from "../../../protocol/codec/json.ts";
import { decodeMessagePack } from "../../../protocol/codec/msgpack.ts";
import { decodeClientFrame } from "../../../protocol/codec/serving.ts";
import { StreamSplitter } from "../../../protocol/codec/stream.ts";
import { parseXml } from "../../../protocol/codec/xml.ts";
import { parseCursor } from "../../../protocol/cursor.ts";
import { limits } from "../../../protocol/limits.ts";
import { mergePatch } from "../../../protocol/merge-patch.ts";
import { isName } from "../../../protocol/names.ts";
import { readPattern } from "../../../protocol/patterns.ts";
import { parsePosition } from "../../../protocol/position.ts";
import type { Result } from "../../../protocol/result.ts";
import { bytesOf } from "../../helpers/stream.ts";

/** What is put before, repeated, and put behind. */
type Pieces = readonly [head: string, repeated: string, tail: string];

/** Makes an input of about so many bytes. */
type Make = (size: number) => string;

/** The smallest is what the others are compared with: as much is measured of each, sixteen of it beside one of the largest. */
const [smallest, ...others] = [16_384, 65_536, 131_072, 262_144] as const;
const largest = others[2];

/**
 * Twice the input takes less than three times the time; quadratic time would take four times. In what is measured that is
 * five times as long for the largest as for sixteen of the smallest, or sixteen times. What else the machine does meets all
 * sizes alike, because as much is done of each. The least time of several rounds counts; below 2 ms the clock decides and
 * not the input.
 */
function expectLinear(decode: (text: string) => void, input: Pieces | Make): void {
	const make = typeof input === "function" ? input : (size: number) => repeat(size, input);
	const inputs = [smallest, ...others].map((size) => ({ size, text: make(size), least: Number.POSITIVE_INFINITY }));
	const leastOf = (size: number) => inputs.find((input) => input.size === size)?.least ?? 0;
	const mostOf = (size: number) => Math.max(2, leastOf(smallest) * 1.5 ** Math.log2(size / smallest));
	const isLinear = () => inputs.every(({ size, least }) => size === smallest || least < mostOf(size));
	for (let round = 0; round < 3 || (round < 40 && !isLinear()); round++) {
		// Each round begins with another size, so that none always stands where the scheduler takes the core away.
		inputs.push(...inputs.splice(0, 1));
		for (const input of inputs) {
			const start = performance.now();
			for (let times = largest / input.size; times > 0; times--) decode(input.text);
			input.least = Math.min(input.least, performance.now() - start);
		}
	}
	inputs.sort((one, other) => one.size - other.size);
	const told = inputs.map(({ size, least }) => `${least.toFixed(2)} ms for ${largest / size} of ${size / 1_024} KiB`);
	expect(isLinear(), told.join(", ")).toBe(true);
}

function repeat(size: number, [head, repeated, tail]: Pieces): string {
	return head + repeated.repeat(Math.ceil(size / repeated.length)) + tail;
}

test("the measurement itself tells quadratic time from linear", { timeout: 60_000 }, () => {
	let sum = 0;
	// Often enough for some 40 ms at 256 KiB: in 5 ms a pause of the machine in the smallest input passed for linear.
	const quadratic = (text: string) => {
		for (let index = 0; index < text.length; index += 512) sum += text.lastIndexOf("b", text.length - 1);
	};
	expect(() => expectLinear(quadratic, ["", "a", ""])).toThrow(/ms for 1 of 256 KiB/);
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
	])("%s", (_, decode, pieces) => {
		expectLinear((text) => void decode(text), pieces);
	});
});

describe("64, 128 and 256 KiB of what is taken, whole, take linear time:", { timeout: 60_000 }, () => {
	/** Members of names of their own, each of 16 characters with what stands around it. */
	const members = (size: number, member: (name: string) => string) =>
		Array.from({ length: size / 16 }, (_, index) => member(`k${index.toString(36).padStart(4, "0")}`));
	const wide: Make = (size) => `{${members(size, (name) => `"${name}":{"c":1}`).join(",")}}`;
	const deep: Make = (size) => `${'{"a":'.repeat(size / 6)}1${"}".repeat(size / 6)}`;
	// The parser lets in what no request does: the merge itself must bear any depth.
	const patchOf = (text: string) => take(parseJson(text, Number.POSITIVE_INFINITY));
	const frameOf = (first: string) => (size: number) => {
		const envelope = `{"t":"pub","ref":1,"ch":"a","data":"${"x".repeat(size / limits.frameEnvelopes - 40)}"}`;
		return `[${[first, ...Array(limits.frameEnvelopes - 1).fill(envelope)].join(",")}]`;
	};
	const readFrame = (text: string) => {
		const taken = take(decodeClientFrame(text)).filter(({ ok }) => ok);
		if (taken.length < limits.frameEnvelopes - 1) throw new Error(`${taken.length} envelopes were taken`);
	};
	test.each<[string, (text: string) => void, Make]>([
		["a merge patch that is wide", (text) => mergePatch({ k0000: { c: 2 }, z: 1 }, patchOf(text)), wide],
		["a merge patch that is wide, of what is as wide", (text) => mergePatch(patchOf(text), patchOf(text)), wide],
		["a merge patch that is deep", (text) => mergePatch({ a: { a: { a: 1 } } }, patchOf(text)), deep],
		["a merge patch that is deep, of what is as deep", (text) => mergePatch(patchOf(text), patchOf(text)), deep],
		["as many envelopes as a frame may hold", readFrame, frameOf('{"t":"unsub","ref":1,"ch":"a"}')],
		["envelopes beside one that cannot be carried", readFrame, frameOf("1e400")],
		[
			"an XML object of many members",
			(text) => take(parseXml(text)),
			(size) => `<a>${members(size, (name) => `<${name}>1</${name}>`).join("")}</a>`,
		],
	])("%s", (_, decode, make) => {
		expectLinear(decode, make);
	});
});

/** The value of something that must be taken: a measurement of how fast it is refused would say nothing. */
function take<Value>(result: Result<Value>): Value {
	if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
	return result.value;
}

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
