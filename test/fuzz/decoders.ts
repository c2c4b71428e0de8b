import { decodeClientFrame, decodeServerFrame, encodeClient, encodeServer } from "../../protocol/codec/envelope.ts";
import { decodePacketHeader, encodePacket } from "../../protocol/codec/packet.ts";
import { parseXml, writeXml } from "../../protocol/codec/xml.ts";
import type { ClientEnvelope, ServerEnvelope } from "../../protocol/envelopes.ts";
import { errorCodes } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { isClientId, isName, readName } from "../../protocol/names.ts";
import { formatPosition, parsePosition } from "../../protocol/position.ts";
import type { Random } from "../helpers/random.ts";
import { bytesOf, splitAll } from "../helpers/stream.ts";

/** A decoder under random input. */
export interface FuzzTarget<Input = unknown> {
	readonly name: string;
	/** Makes an input that decodes. */
	valid(random: Random): Input;
	/** Changes one a little. */
	mutate(random: Random, input: Input): Input;
	/** Makes an input out of what such inputs are made of, without order. */
	soup(random: Random): Input;
	/** Decodes it; true when a value came out. */
	decode(input: Input): boolean;
}

type TextTarget = Pick<FuzzTarget<string>, "name" | "valid" | "decode"> & { readonly tokens: readonly string[] };

function onText({ tokens, ...target }: TextTarget): FuzzTarget {
	const whole: FuzzTarget<string> = {
		...target,
		mutate: (random, text) => random.mutate(text, tokens),
		soup: (random) => random.list(30, () => random.pick([...tokens, random.text(4)])).join(""),
	};
	return whole as FuzzTarget;
}

function onBytes(target: Pick<FuzzTarget<Uint8Array>, "name" | "valid" | "decode" | "soup">): FuzzTarget {
	const whole: FuzzTarget<Uint8Array> = { ...target, mutate: (random, bytes) => random.mutateBytes(bytes) };
	return whole as FuzzTarget;
}

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

/** Every decoder that reads what comes over a wire. */
export const fuzzTargets: readonly FuzzTarget[] = [
	onText({
		name: "client frame",
		tokens: jsonTokens,
		valid: (random) => several(random, () => encodeClient(clientEnvelope(random))),
		decode: (text) => {
			const read = decodeClientFrame(text);
			return read.ok && read.value.some((decoded) => decoded.ok);
		},
	}),
	onText({
		name: "server frame",
		tokens: jsonTokens,
		valid: (random) => several(random, () => encodeServer(serverEnvelope(random))),
		decode: (text) => {
			const read = decodeServerFrame(text);
			return read.ok && read.value.length > 0;
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
		tokens: [":", ".", "..", "/", "%", " ", "a".repeat(160)],
		valid: (random) => [random.word(), ...random.list(4, () => random.word())].join(":"),
		decode: (text) => {
			isClientId(text);
			return readName(text, "channel").ok && isName(text);
		},
	}),
	onText({
		name: "position",
		tokens: [":", "0", "9".repeat(15), "-", ".", "e", " ", "k3"],
		valid: (random) =>
			formatPosition({ epoch: random.next().toString(36).slice(2).padEnd(9, "0"), seq: random.below(2 ** 40) }),
		decode: (text) => parsePosition(text).ok,
	}),
	onBytes({
		name: "packet",
		valid: (random) => packet(random),
		soup: (random) =>
			Uint8Array.from(random.list(14, () => random.pick([0xae, 0x47, 0, 1, 2, 3, 255, random.below(256)]))),
		decode: (bytes) => decodePacketHeader(bytes).ok,
	}),
	onBytes({
		name: "TCP stream",
		valid: (random) => join([streamValue(random), ...random.list(3, () => streamValue(random))]),
		soup: randomStream,
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
		() => ({ type: "subscribe", ref, channel, start: random.pick([{ from: "start" }, { from: "live" }]) }),
		() => ({ type: "subscribe", ref, channel, start: { from: "position", epoch, seq: n, id: random.text() } }),
		() => ({ type: "subscribe", ref, channel, start: { from: "last", count: n } }),
		() => ({ type: "unsubscribe", ref, channel }),
		() => ({ type: "credit", channel, seq: n }),
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
			limits,
			features: random.list(3, () => random.text()),
		}),
		() => ({ type: "published", ref, seq: random.pick([seq, null]), duplicate: random.below(2) === 0 }),
		() => ({ type: "subscribed", ref, epoch, head: seq, after: 0, recovered: true }),
		() => ({ type: "done", ref }),
		() => ({ type: "error", ref, code: random.pick(errorCodes), message: random.text(), last: seq }),
		() => ({ type: "messages", channel, after: 0, to: seq, entries: random.list(4, entry) }),
		() => ({ type: "reset", channel, reason: "retention", epoch, floor: 1, head: seq }),
		() => ({ type: "bye", code: random.pick(errorCodes), message: random.text() }),
	])();
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
	return Uint8Array.from(parts.flatMap((part) => [...part]));
}
