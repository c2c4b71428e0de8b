import { expect, test } from "vitest";
import { EventStream } from "../../../sdk/transports/event-stream.ts";
import { Random } from "../../helpers/random.ts";

/** The events of a stream that comes in pieces of some bytes each. */
function read(text: string, sizes: () => number): readonly string[] {
	const bytes = new TextEncoder().encode(text);
	const stream = new EventStream();
	const events: string[] = [];
	for (let from = 0; from < bytes.length; ) {
		const to = from + sizes();
		events.push(...stream.push(bytes.subarray(from, to)));
		from = to;
	}
	return events;
}

const cases: readonly [what: string, stream: string, events: readonly string[]][] = [
	["one event a block", "data: a\n\ndata: b\n\n", ["a", "b"]],
	["an event of several lines, joined by newlines", "data: [1,\ndata: 2]\n\n", ["[1,\n2]"]],
	["comments, which are no events and end none", ": hello\n\ndata: a\n: in between\ndata: b\n\n:\n\n", ["a\nb"]],
	["other fields, passed over", "retry: 100\nid: 7\nevent: message\ndata: a\nother\n\n", ["a"]],
	["a block without data, which is no event", "id: 7\n\nretry: 1\n\ndata: a\n\n", ["a"]],
	["data that is empty", "data\n\ndata:\n\ndata: \n\n", ["", "", ""]],
	["one space after the colon dropped, and no more", "data:a\n\ndata:  b\n\n", ["a", " b"]],
	["a colon in the data", "data: a: b\n\n", ["a: b"]],
	["lines that end in CR LF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", ["a\nb", "c"]],
	["lines that end in CR", "data: a\rdata: b\r\rdata: c\r\r", ["a\nb", "c"]],
	["line ends of all kinds mixed", "data: a\r\n\ndata: b\r\r\ndata: c\n\r", ["a", "b", "c"]],
	["characters of several bytes", "data: 你好,服务器!\n\ndata: 👍🏽\n\n", ["你好,服务器!", "👍🏽"]],
	["a byte order mark before it", "\ufeffdata: a\n\n", ["a"]],
	["an event that is not finished, which is none yet", "data: a\n\ndata: b\n", ["a"]],
	["a field whose name only begins alike", "database: a\ndata: b\n\n", ["b"]],
];

test.each(cases)("reads %s", (_, stream, events) => {
	expect(read(stream, () => stream.length * 4)).toEqual(events);
});

test.each(cases)("reads the same a byte at a time: %s", (_, stream, events) => {
	expect(read(stream, () => 1)).toEqual(events);
});

test("reads the same wherever 1,000 random streams are cut", () => {
	const random = new Random(7);
	const pieces = ["data: x", "data:", "data: 小飞机", ":", "id: 1", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n"];
	for (let round = 0; round < 1_000; round++) {
		const stream = Array.from({ length: 1 + random.below(30) }, () => random.pick(pieces)).join("");
		const whole = read(stream, () => stream.length * 4);
		expect(read(stream, () => 1 + random.below(4))).toEqual(whole);
	}
});

test("reads an event of 1 MiB that comes in pieces of 16 bytes in linear time", () => {
	const stream = `data: ${"x".repeat(1_048_576)}\n\n`;
	const started = performance.now();
	expect(read(stream, () => 16)[0]).toHaveLength(1_048_576);
	expect(performance.now() - started).toBeLessThan(5_000);
});
