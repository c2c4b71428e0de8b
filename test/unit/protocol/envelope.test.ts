import { describe, expect, test } from "vitest";
import { decodeServerFrame } from "../../../protocol/codec/envelope.ts";
import { readDraft } from "../../../protocol/codec/fields.ts";
import { decodeClientFrame, encodeMessages, encodeServer } from "../../../protocol/codec/serving.ts";
import type { ClientEnvelope, ServerEnvelope } from "../../../protocol/envelopes.ts";
import { limits } from "../../../protocol/limits.ts";
import { encodeEnvelope } from "../../helpers/encode-envelope.ts";

const epoch = "k3abcdefgh";
const entry = { seq: 42, ts: 1_790_000_000_000, id: "c1/7", from: "anonymous", data: { text: "你好" } };

describe("a client's envelope", () => {
	test.each<ClientEnvelope>([
		{ type: "publish", ref: 1, channel: "chat", draft: { data: null } },
		{
			type: "publish",
			ref: 0,
			channel: "a:b",
			draft: { data: { t: "x" }, name: "n", key: "k", id: "i" },
			n: 7,
			previous: 6,
		},
		{ type: "publish", ref: 2, channel: "chat", draft: { data: [] }, n: 0, previous: -1, ifSeq: 0 },
		{
			type: "publish",
			ref: 2,
			channel: "chat",
			draft: { data: 1, lock: { name: "a:b", token: "0mws8iikc9alb9adv:41" } },
		},
		{ type: "publish", ref: 2, channel: "chat", draft: { data: 1, name: "n", ephemeral: true } },
		{ type: "publish", ref: 2, channel: "chat", draft: { data: 1, ephemeral: true }, echo: false },
		{ type: "subscribe", ref: 3, channel: "chat", start: { from: "start" } },
		{ type: "subscribe", ref: 3, channel: "chat", start: { from: "live" } },
		{ type: "subscribe", ref: 3, channel: "chat", start: { from: "last", count: 10 } },
		{ type: "subscribe", ref: 3, channel: "chat", start: { from: "since", ts: 1_790_000_000_000 } },
		{ type: "subscribe", ref: 3, channel: "chat", start: { from: "position", epoch, seq: 41 } },
		{ type: "subscribe", ref: 3, channel: "chat", start: { from: "position", epoch, seq: 41, id: "c1/7" } },
		{ type: "unsubscribe", ref: 4, channel: "chat" },
		{ type: "credit", channel: "chat", seq: 41 },
		{ type: "enter", ref: 1, channel: "chat", data: { status: "online" } },
		{ type: "update", ref: 2, channel: "chat", data: null },
		{ type: "leave", ref: 3, channel: "chat" },
		{ type: "watch", ref: 4, watched: { kind: "members", channel: "chat" } },
		{ type: "watch", ref: 4, watched: { kind: "members", channel: "chat" }, start: { from: "digest", digest: "2.a0" } },
		{ type: "watch", ref: 4, watched: { kind: "occupancy", channel: "chat" } },
		{ type: "watch", ref: 4, watched: { kind: "records", collection: "carts" } },
		{ type: "watch", ref: 4, watched: { kind: "records", collection: "carts", id: "c1" }, start: { from: "live" } },
		{
			type: "watch",
			ref: 4,
			watched: { kind: "records", collection: "carts", prefix: "eu:" },
			start: { from: "revision", epoch, rev: 7, id: "eu:c9" },
		},
		{ type: "unwatch", ref: 5, watched: { kind: "occupancy", channel: "chat" } },
		{ type: "unwatch", ref: 5, watched: { kind: "records", collection: "carts", prefix: "eu:" } },
		{ type: "watch-credit", selector: { collection: "carts", id: "c1" }, rev: 9 },
		{ type: "watch-credit", selector: { collection: "carts" }, rev: 9, id: "c7" },
		{
			type: "watch",
			ref: 4,
			watched: { kind: "records", collection: "carts" },
			start: { from: "revision", epoch, rev: 7, id: "" },
		},
		{ type: "call", ref: 6, service: "resize", id: "k7.1", data: { width: 10 }, timeout: 5_000 },
		{ type: "cancel", ref: 7, id: "k7.1" },
		{ type: "serve", ref: 8, service: "resize", concurrency: 4 },
		{ type: "progress", id: "k7.1", attempt: 1, data: 0.5 },
		{ type: "reply", ref: 9, id: "k7.1", attempt: 1, reply: { data: [1] } },
		{ type: "reply", ref: 9, id: "k7.1", attempt: 1, reply: { error: { message: "Too wide.", data: 10 } } },
		{ type: "nack", ref: 10, id: "k7.1", attempt: 2 },
	])("reads again as it was written: %j", (envelope) => {
		expect(decodeClientFrame(encodeEnvelope(envelope))).toEqual({ ok: true, value: [{ ok: true, envelope }] });
	});

	test.each([
		["1", "bad_request"],
		["null", "bad_request"],
		["{}", "unsupported"],
		['{"t":"fly","ref":1}', "unsupported"],
		['{"t":"__proto__"}', "unsupported"],
		['{"t":"pub","ch":"a","data":1}', "bad_request"],
		['{"t":"pub","ref":-1,"ch":"a","data":1}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a/b","data":1}', "bad_name"],
		['{"t":"pub","ref":1,"ch":"a"}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"ephemeral":"yes"}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"ephemeral":true,"n":0}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"ephemeral":true,"prev":-1}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"ephemeral":true,"if":{"seq":0}}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"if":{}}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"if":null}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"if":{"seq":1,"key":"k"}}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"if":{"lock":"a"}}', "bad_position"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"if":{"token":"0mws8iikc9alb9adv:41"}}', "bad_name"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"if":{"lock":"a","token":"41"}}', "bad_position"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"name":"a b"}', "bad_name"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"n":1.5}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"prev":0}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"n":3,"prev":3}', "bad_request"],
		['{"t":"pub","ref":1,"ch":"a","data":1,"if":{"seq":"41"}}', "bad_request"],
		['{"t":"sub","ch":"a"}', "bad_request"],
		['{"t":"sub","ref":1}', "bad_name"],
		['{"t":"sub","ref":1,"ch":"a","at":"end"}', "bad_position"],
		['{"t":"sub","ref":1,"ch":"a","at":{"epoch":"x","seq":1}}', "bad_position"],
		['{"t":"unsub","ref":1,"ch":7}', "bad_name"],
		['{"t":"enter","ch":"a"}', "bad_request"],
		['{"t":"update","ref":1,"ch":"a"}', "bad_request"],
		['{"t":"leave","ref":1}', "bad_name"],
		['{"t":"watch","ref":1,"ch":"a"}', "bad_request"],
		['{"t":"watch","ref":1,"ch":"a","of":"members","at":7}', "bad_position"],
		['{"t":"watch","ref":1,"ch":"a/b","of":"members"}', "bad_name"],
		['{"t":"watch","ref":1,"col":"a","id":"x","prefix":"y"}', "bad_name"],
		['{"t":"watch","ref":1,"col":"a","prefix":"a b"}', "bad_name"],
		['{"t":"watch","ref":1,"col":"a","at":{"epoch":"x","rev":1}}', "bad_position"],
		[`{"t":"watch","ref":1,"col":"a","at":{"epoch":"${epoch}","rev":1,"id":"a/b"}}`, "bad_position"],
		['{"t":"credit","col":"a","rev":"1"}', "bad_request"],
		['{"t":"credit","col":"a","rev":1,"snapshot":7}', "bad_request"],
		['{"t":"call","ref":1,"svc":"a","id":"a/b"}', "bad_name"],
		['{"t":"call","ref":1,"svc":"a","id":"b","timeout":0}', "bad_request"],
		['{"t":"serve","ref":1,"svc":"a","concurrency":-1}', "bad_request"],
		['{"t":"progress","id":"a"}', "bad_request"],
		['{"t":"reply","ref":1,"id":"a","attempt":1}', "bad_request"],
		['{"t":"reply","ref":1,"id":"a","attempt":1,"data":1,"error":{"message":""}}', "bad_request"],
		['{"t":"nack","ref":1,"id":"a"}', "bad_request"],
		['{"t":"credit","ch":"a"}', "bad_request"],
	])("%s is refused with %s", (text, code) => {
		expect(decodeClientFrame(text)).toMatchObject({ ok: true, value: [{ ok: false, fault: { code } }] });
	});

	test("that is refused says whose it was where it can be known", () => {
		expect(decodeClientFrame('[{"t":"fly","ref":7},{"t":"fly","ref":"7"}]')).toMatchObject({
			value: [{ ref: 7 }, { ref: undefined }],
		});
	});
});

describe("a client's frame", () => {
	test("of several envelopes has a result for each, in their order", () => {
		const frame = '[{"t":"credit","ch":"a","seq":1},7,{"t":"unsub","ref":2,"ch":"a"}]';
		const read = decodeClientFrame(frame);
		expect(read.ok && read.value.map((decoded) => decoded.ok)).toEqual([true, false, true]);
	});

	test("of 101 envelopes, broken JSON or too deep JSON is refused whole", () => {
		const credit = '{"t":"credit","ch":"a","seq":1}';
		expect(decodeClientFrame(`[${Array(100).fill(credit)}]`).ok).toBe(true);
		expect(decodeClientFrame(`[${Array(101).fill(credit)}]`)).toMatchObject({ fault: { code: "too_big" } });
		expect(decodeClientFrame("hello")).toMatchObject({ fault: { code: "malformed" } });
		expect(decodeClientFrame("[".repeat(40))).toMatchObject({ fault: { code: "too_deep" } });
	});
});

test("a draft is read from an HTTP body by the rules of a pub, and only its own fields are taken", () => {
	expect(readDraft({ data: 1, name: "n", extra: true, ephemeral: false })).toEqual({
		ok: true,
		value: { data: 1, name: "n" },
	});
	expect(readDraft({ data: 1, ephemeral: true })).toEqual({ ok: true, value: { data: 1, ephemeral: true } });
	expect(readDraft({ data: 1, id: "a/b" })).toMatchObject({ fault: { code: "bad_name" } });
	expect(readDraft([])).toMatchObject({ fault: { code: "bad_request" } });
	expect(readDraft(undefined)).toMatchObject({ fault: { code: "bad_request" } });
});

describe("a server's envelope", () => {
	test.each<ServerEnvelope>([
		{ type: "welcome", greeting: "hi", epoch, connection: "c", limits, features: ["log"] },
		{ type: "published", ref: 1, seq: 58, duplicate: false },
		{ type: "published", ref: 1, seq: null, duplicate: true },
		{ type: "subscribed", ref: 2, epoch, head: 57, after: 41, recovered: true },
		{ type: "done", ref: 3 },
		{ type: "error", ref: 4, code: "out_of_order", message: "…", last: 6 },
		{ type: "error", ref: 4, code: "condition_failed", message: "…", head: 57 },
		{ type: "error", code: "malformed", message: "…" },
		{
			type: "messages",
			channel: "chat",
			after: 41,
			to: 57,
			entries: [entry, { ...entry, seq: 43, name: "n", key: "k" }],
		},
		{ type: "messages", channel: "chat", after: 41, to: 57, entries: [] },
		{
			type: "ephemeral",
			channel: "chat",
			entries: [
				{ ts: entry.ts, from: "anonymous", data: null },
				{ ts: entry.ts, id: "i", from: "tcp", name: "n", key: "k", data: [] },
			],
		},
		{ type: "reset", ref: 5, channel: "chat", reason: "retention", epoch, floor: 10, head: 57 },
		{ type: "reset", channel: "chat", reason: "purged", epoch, floor: 58, head: 57 },
		{ type: "bye", code: "wiped", message: "…" },
	])("reads again as it was written: %j", (envelope) => {
		expect(decodeServerFrame(encodeServer(envelope))).toEqual({ ok: true, value: [envelope] });
		expect(decodeServerFrame(`[${encodeServer(envelope)}]`)).toEqual({ ok: true, value: [envelope] });
	});

	test("around stored messages is the same text as one made from their values", () => {
		const body = [entry, { ...entry, seq: 43 }].map((each) => JSON.stringify(each)).join(",\n");
		const entries = [entry, { ...entry, seq: 43 }];
		expect(encodeMessages("chat", 41, body, 57)).toBe(
			encodeServer({ type: "messages", channel: "chat", after: 41, to: 57, entries }),
		);
	});

	test("of a newer server is left out, and a code it has not heard of is a failure of the server", () => {
		expect(decodeServerFrame('[{"t":"brand_new"},{"t":"bye","code":"brand_new","message":"m"}]')).toEqual({
			ok: true,
			value: [{ type: "bye", code: "internal", message: "m" }],
		});
	});

	test("with fields of wrong types neither throws nor hands them on", () => {
		const hostile = `{"t":"welcome","epoch":"${epoch}","greeting":{"toString":1},"features":[{"toString":1},"log"],"limits":{"depth":"x"}}`;
		expect(decodeServerFrame(hostile)).toEqual({
			ok: true,
			value: [{ type: "welcome", greeting: "", epoch, connection: "", limits, features: ["log"] }],
		});
		expect(decodeServerFrame('{"t":"bye","code":"wiped","message":{"toString":1}}')).toMatchObject({
			value: [{ message: "" }],
		});
		for (const fields of ['"after":0,"to":1,"e":[null]', '"ephemeral":[null]', '"ephemeral":[{"ts":1}]']) {
			expect(decodeServerFrame(`{"t":"msg","ch":"a",${fields}}`)).toEqual({ ok: true, value: [] });
		}
	});

	test("is an object: a frame with anything else in it is malformed", () => {
		expect(decodeServerFrame("[1]")).toMatchObject({ fault: { code: "malformed" } });
		expect(decodeServerFrame("")).toMatchObject({ fault: { code: "malformed" } });
	});
});

test("an envelope that cannot be carried is refused by its ref, and the others of its frame are read", () => {
	const deep = "[".repeat(40) + "]".repeat(40);
	const frame = `[{"t":"pub","ref":1,"ch":"a","data":1}, {"t":"pub","ref":2,"ch":"a","data":${deep}},
		{"t":"pub","ref":3,"ch":"a","data":9007199254740993},{"t":"pub","ref":4,"ch":"a","data":"],[\\"{"}]`;
	const decoded = decodeClientFrame(frame);
	expect(
		decoded.ok && decoded.value.map((each) => (each.ok ? each.envelope.type : [each.ref, each.fault.code])),
	).toEqual(["publish", [2, "too_deep"], [3, "not_json"], "publish"]);
});

test("a condition that this server does not know is refused, never left out", () => {
	for (const condition of ['{"rev":7}', '{"absent":true}', "{}", "3", "null"]) {
		expect(decodeClientFrame(`{"t":"pub","ref":1,"ch":"a","data":1,"if":${condition}}`)).toMatchObject({
			value: [{ ok: false, ref: 1, fault: { code: "bad_request" } }],
		});
	}
});
