import { describe, expect, test } from "vitest";
import { envelopeTexts, seqOfText, splitMessages } from "../../../protocol/codec/message-text.ts";
import { encodeEphemeral, encodeMessages, encodeServer } from "../../../protocol/codec/serving.ts";

const texts = [
	'{"seq":42,"ts":1,"id":"k/7","from":"anonymous","data":"],\\"to\\":9}"}',
	'{"seq":43,"ts":1,"id":"k/8","from":"anonymous","data":{"e":[1,{"n":"\\n,\\n"}]}}',
	'{"seq":44,"ts":1,"id":"k/9","from":"anonymous","data":"}"}',
];

describe("a msg envelope is taken apart into the texts it was made of", () => {
	test.each([0, 1, 2, 3])("with %i messages", (count) => {
		const some = texts.slice(0, count);
		expect(splitMessages(encodeMessages("orders:eu", 41, some.join(",\n"), 44))).toEqual({
			type: "messages",
			channel: "orders:eu",
			after: 41,
			to: 44,
			texts: some,
		});
	});

	test("with ephemeral ones", () => {
		const passing = ['{"ts":1,"from":"anonymous","data":"]}"}', '{"ts":1,"from":"anonymous","data":[[]]}'];
		expect(splitMessages(encodeEphemeral("chat", passing.join(",\n")))).toEqual({
			type: "ephemeral",
			channel: "chat",
			texts: passing,
		});
	});
});

test("no other text is taken for messages", () => {
	for (const text of [
		"",
		"pong",
		encodeServer({ type: "done", ref: 1 }),
		encodeServer({ type: "bye", code: "wiped", message: '{"t":"msg","ch":"a","after":1,"e":[],"to":1}' }),
		'{"t":"msg","ch":"chat","after":1,"e":[]}',
		'{"t":"msg","ch":"chat","ephemeral":[',
	]) {
		expect(splitMessages(text), text).toBeUndefined();
	}
});

test("a frame is one envelope, or each of its list", () => {
	const envelopes = [encodeMessages("a", 41, texts.join(",\n"), 44), encodeServer({ type: "done", ref: 1 })];
	expect(envelopeTexts(envelopes[0] ?? "")).toEqual([envelopes[0]]);
	expect(envelopeTexts(`[${envelopes.join(",")}]`)).toEqual(envelopes);
	expect(envelopeTexts('[{"t":"ok"}')).toBeUndefined();
});

test("a message's seq is read from its beginning, and from nowhere else", () => {
	expect(texts.map(seqOfText)).toEqual([42, 43, 44]);
	expect(seqOfText('{"ts":1,"from":"a","data":{"seq":7}}')).toBeUndefined();
	expect(seqOfText('{"seq":99999999999999999999,"ts":1}')).toBeUndefined();
});
