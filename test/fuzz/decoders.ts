import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import { isFields } from "../../protocol/codec/fields.ts";
import { parseJson } from "../../protocol/codec/json.ts";
import { readLiveNews } from "../../protocol/codec/live.ts";
import { decodeMessagePack, encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { decodePacketHeader, encodePacket } from "../../protocol/codec/packet.ts";
import { decodeClientFrame, encodeServer } from "../../protocol/codec/serving.ts";
import { parseXml, writeXml } from "../../protocol/codec/xml.ts";
import { formatCursor, parseCursor } from "../../protocol/cursor.ts";
import type { ClientEnvelope, Json, ServerEnvelope } from "../../protocol/envelopes.ts";
import { errorCodes } from "../../protocol/errors.ts";
import type { limits } from "../../protocol/limits.ts";
import { mergePatch } from "../../protocol/merge-patch.ts";
import { isClientId, isName, readName } from "../../protocol/names.ts";
import { matchesPattern, readPattern } from "../../protocol/patterns.ts";
import { formatPosition, parsePosition } from "../../protocol/position.ts";
import { encodeEnvelope } from "../helpers/encode-envelope.ts";
import type { Random } from "../helpers/random.ts";
import { bytesOf, splitAll } from "../helpers/stream.ts";
import { type FuzzTarget, onBytes, onText } from "./engine.ts";

const epoch = "k3abcdefgh";
const jsonTokens = [
	...'{}[]":,',
	...["null", "true", "-", "1e9", "1e999", "9007199254740993", "\\u0000", "\\", '"__proto__":', '{"toString":1}', " "],
	...[
		'"t":"pub"',
		'"t":"sub"',
		'"t":"msg"',
		'"t":"welcome"',
		'"ref":1',
		'"ch":"a"',
		'"data":',
		'"e":[',
		'"at":',
		"[".repeat(33),
	],
];
const xmlTokens = [
	...[
		"<a>",
		"</a>",
		"<a/>",
		"<",
		">",
		"/>",
		"</",
		"&",
		"&lt;",
		"&#0;",
		"&#x41;",
		"&b;",
		"]]>",
		"<![CDATA[",
		"<!--",
		"-->",
		"--",
	],
	...[
		"<?",
		"?>",
		'<?xml version="1.0"?>',
		"<!DOCTYPE a>",
		"<!ENTITY b 'c'>",
		' type="number"',
		' type="array"',
		' k="x"',
	],
	...['="', '"', "'", " ", "\r\n", "1", "NaN", "<__proto__>", "</__proto__>", ' type="escaped">\\', "<a>".repeat(34)],
];

/** Bytes that start a value of each kind of MessagePack, and lengths. */
const packedTokens = [
	0, 1, 0x7f, 0x80, 0x81, 0x90, 0x91, 0xa0, 0xa1, 0xc0, 0xc1, 0xc3, 0xc4, 0xcb, 0xcf, 0xd3, 0xd9, 0xdd, 0xdf,
];

const nameTokens = [":", ".", "..", "/", "%", "%2f", " ", "*", "**", "a".repeat(160), "a:b", "\r\n", "а"];

/** Every parser that reads what comes over a wire: another one is one more row. */
export const fuzzTargets: readonly FuzzTarget[] = [
	onText({
		name: "JSON envelope",
		tokens: jsonTokens,
		valid: (random) => several(random, () => encodeEnvelope(clientEnvelope(random))),
		decode: (text) => {
			const read = decodeClientFrame(text);
			return read.ok && read.value.some((decoded) => decoded.ok);
		},
	}),
	onText({
		name: "server envelope",
		tokens: jsonTokens,
		valid: (random) => several(random, () => encodeServer(serverEnvelope(random))),
		decode: (text) => {
			const read = decodeServerFrame(text);
			if (!read.ok) return false;
			return read.value.some((envelope) => envelope.type !== "live" || readLiveNews(envelope.fields) !== undefined);
		},
	}),
	onText({
		name: "XML",
		tokens: xmlTokens,
		valid: (random) => writeXml(random.json(4), "value"),
		decode: (text) => parseXml(text).ok,
	}),
	onText({
		name: "name",
		tokens: nameTokens,
		valid: (random) => [random.word(), ...random.list(4, () => random.word())].join(":"),
		decode: (text) => {
			isClientId(text);
			return readName(text, "channel").ok && isName(text);
		},
	}),
	onText({
		name: "pattern",
		inputs: 20_000,
		tokens: nameTokens,
		valid: (random) =>
			[...random.list(4, () => random.pick(["*", random.word()])), random.pick(["**", "*", random.word()])].join(":"),
		decode: (text) => {
			const read = readPattern(text);
			if (!read.ok) return false;
			const name = read.value.parts.map((part) => (part.startsWith("*") ? "x" : part)).join(":");
			if (!matchesPattern(read.value, name)) throw new Error(`${text} does not stand for ${name}`);
			return true;
		},
	}),
	onText({
		name: "position",
		tokens: [":", "0", "9".repeat(15), "-", ".", "e", " ", "k3"],
		valid: (random) =>
			formatPosition({ epoch: random.next().toString(36).slice(2).padEnd(9, "0"), seq: random.below(2 ** 40) }),
		decode: (text) => parsePosition(text).ok,
	}),
	onText({
		name: "cursor",
		tokens: [":", "=", ",", "a=1", "=0", "9".repeat(17), "-", epoch, "a:b"],
		valid: (random) =>
			formatCursor({
				epoch,
				seqs: new Map([1, 2, 3].map((each) => [`${random.word()}${each}`, random.below(2 ** 40)])),
			}),
		decode: (text) => parseCursor(text).ok,
	}),
	onText({
		name: "merge patch",
		tokens: [...jsonTokens, '"a":null', '"__proto__":{"polluted":1}', '"constructor":{"prototype":{"polluted":1}}'],
		valid: (random) => JSON.stringify({ a: random.json(3), __proto__: null, b: random.json(2) }),
		decode: (text) => {
			const patch = parseJson(text);
			if (!patch.ok || !isFields(patch.value)) return false;
			const target = { a: { b: [1] }, c: "d", constructor: { e: 1 } };
			const merged = mergePatch(target, patch.value);
			if (Object.getPrototypeOf(merged) !== Object.prototype) throw new Error("the patch made another kind of object");
			// What a patch made is the same when the patch comes again (RFC 7396).
			if (JSON.stringify(mergePatch(merged, patch.value)) !== JSON.stringify(merged))
				throw new Error("another outcome");
			return true;
		},
	}),
	onBytes({
		name: "packet",
		tokens: [0xae, 0x47, 0, 1, 2, 3, 255],
		valid: (random) => packet(random),
		decode: (bytes) => decodePacketHeader(bytes).ok,
	}),
	onBytes({
		name: "MessagePack",
		tokens: packedTokens,
		valid: (random) => {
			const encoded = encodeMessagePack(random.json(4));
			// Half a character cannot be written: another value then.
			return encoded.ok ? encoded.value : Uint8Array.of(0x93, 1, 2, 3);
		},
		decode: (bytes) => decodeMessagePack(bytes).ok,
	}),
	onBytes({
		name: "TCP stream",
		tokens: [...'{}[]<>/"\n ', "\xae", "\x47", "\xef", "\xbb", "\xbf"].map((text) => text.charCodeAt(0)),
		valid: (random) => join([streamValue(random), ...random.list(3, () => streamValue(random))]),
		decode: (bytes) => {
			// A cut in the middle: what is kept between two chunks is where a splitter would trip.
			const cut = bytes.length >> 1;
			return splitAll([bytes.subarray(0, cut), bytes.subarray(cut)]).some((item) => item.ok);
		},
	}),
];

function several(random: Random, make: () => string): string {
	return random.below(3) > 0 ? make() : `[${[make(), ...random.list(4, make)].join(",")}]`;
}

function clientEnvelope(random: Random): ClientEnvelope {
	const ref = random.below(1_000);
	const channel = random.word();
	const n = random.below(100);
	return random.pick<() => ClientEnvelope>([
		() => ({ type: "publish", ref, channel, draft: { data: random.json() } }),
		() => ({
			type: "publish",
			ref,
			channel,
			draft: { data: random.json(), name: random.word(), key: "k" },
			n,
			previous: n - 1,
		}),
		() => ({ type: "publish", ref, channel, draft: { data: random.json(), id: random.word() }, ifSeq: n }),
		() => ({ type: "publish", ref, channel, draft: { data: random.json(), ephemeral: true } }),
		() => ({ type: "subscribe", ref, channel, start: random.pick([{ from: "start" }, { from: "live" }]) }),
		() => ({ type: "subscribe", ref, channel, start: { from: "position", epoch, seq: n, id: random.text() } }),
		() => ({ type: "subscribe", ref, channel, start: { from: "last", count: n } }),
		() => ({ type: "unsubscribe", ref, channel }),
		() => ({ type: "credit", channel, seq: n }),
		() => ({ type: "enter", ref, channel, data: random.json() }),
		() => ({ type: "watch", ref, watched: { kind: random.pick(["members", "occupancy"]), channel } }),
		() => ({
			type: "watch",
			ref,
			watched: { kind: "records", collection: channel, id: random.word() },
			start: { from: "revision", epoch, rev: n },
		}),
		() => ({ type: "watch-credit", selector: { collection: channel }, rev: n }),
		() => ({ type: "call", ref, service: channel, id: random.word(), data: random.json() }),
		() => ({ type: "serve", ref, service: channel, concurrency: n }),
		() => ({ type: "reply", ref, id: random.word(), attempt: n, reply: { error: { message: random.text() } } }),
		() => ({ type: "progress", id: random.word(), attempt: n, data: random.json() }),
	])();
}

function serverEnvelope(random: Random): ServerEnvelope {
	const ref = random.below(1_000);
	const channel = random.word();
	const seq = random.below(100);
	const entry = () => ({ seq, ts: 1, id: random.text(), from: random.text(), data: random.json() });
	return random.pick<() => ServerEnvelope>([
		() => ({
			type: "welcome",
			greeting: random.text(),
			epoch,
			connection: "c",
			// As of an older server: those that it does not tell are known.
			limits: { frameBytes: seq } as typeof limits,
			features: random.list(3, () => random.text()),
		}),
		() => ({ type: "published", ref, seq: random.pick([seq, null]), duplicate: random.below(2) === 0 }),
		() => ({ type: "subscribed", ref, epoch, head: seq, after: 0, recovered: true }),
		() => ({ type: "done", ref }),
		() => ({ type: "error", ref, code: random.pick(errorCodes), message: random.text(), last: seq }),
		() => ({ type: "messages", channel, after: 0, to: seq, entries: random.list(4, entry) }),
		() => ({ type: "ephemeral", channel, entries: [{ ts: seq, from: random.text(), data: random.json() }] }),
		() => ({ type: "reset", channel, reason: "retention", epoch, floor: 1, head: seq }),
		() => ({ type: "bye", code: random.pick(errorCodes), message: random.text() }),
		() => ({ type: "live", fields: random.pick(newsOf(channel, random)) }),
	])();
}

function newsOf(name: string, random: Random): readonly { readonly [key: string]: Json }[] {
	const member = { from: random.text(), client: random.word(), ts: 1, data: random.json() };
	const record = { id: random.word(), rev: 1, updated: 1, data: random.json() };
	return [
		{ t: "pres", ch: name, snapshot: true, e: [member], to: "1.a" },
		{ t: "pres", ch: name, after: "0.0", e: [{ ...member, event: "enter" }], to: "1.a" },
		{ t: "pres", ch: name, members: 1, subscribers: 2 },
		{ t: "rec", col: name, after: 0, e: [record], to: 1 },
		{ t: "rec", col: name, prefix: name, snapshot: true, e: [record], to: 1, next: random.word() },
		{ t: "call", svc: name, id: name, attempt: 1, from: random.text(), deadline: 1, data: random.json() },
		{ t: "call", id: name, attempt: 1, cancelled: true },
		{ t: "result", id: name, progress: random.json() },
		{ t: "result", id: name, error: { code: "internal", message: random.text(), data: random.json() } },
	];
}

function packet(random: Random): Uint8Array {
	const type = random.pick(["message", "reply", "error"] as const);
	const value = random.json(2);
	return random.below(2) === 0
		? encodePacket(type, "json", JSON.stringify(value))
		: encodePacket(type, "xml", writeXml(value, "value"));
}

function streamValue(random: Random): Uint8Array {
	const value = { value: random.json(2) };
	return random.pick([
		() => bytesOf(JSON.stringify(value)),
		() => bytesOf(`${JSON.stringify(value, null, 1)}\r\n`),
		() => bytesOf(writeXml(value, "value")),
		() => packet(random),
	])();
}

/** Bytes of a TCP stream without order: values, pieces of values, junk, and what other protocols start with. */
export function randomStream(random: Random): Uint8Array {
	return join(random.list(30, () => (random.below(4) === 0 ? streamValue(random) : streamToken(random))));
}

function streamToken(random: Random): Uint8Array {
	return random.pick([
		() => bytesOf(random.pick(jsonTokens)),
		() => bytesOf(random.pick(xmlTokens)),
		() => bytesOf(random.pick(["\n", "\ufeff", "GET ", "hello", "{}", "[]"])),
		() => bytesOf(random.text(4)),
		() => Uint8Array.of(random.pick([0xae, 0x47, 0x16, 0x03, 0xef, 0xbb, 0xbf]), random.below(256)),
	])();
}

function join(parts: readonly Uint8Array[]): Uint8Array {
	return Uint8Array.from(Buffer.concat(parts));
}
