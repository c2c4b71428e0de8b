import { decode, encode } from "@msgpack/msgpack";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { limits } from "../../protocol/limits.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

type Envelope = { readonly [field: string]: unknown };

/** A client that knows MessagePack from another implementation than ours. */
interface PackedSocket {
	/** The envelopes that came in binary frames. */
	readonly packed: Envelope[];
	/** The text frames that came. */
	readonly texts: string[];
	readonly protocol: string;
	readonly closed: Promise<number>;
	send(frame: unknown): void;
	raw(frame: Uint8Array | string): void;
	/** The first envelope with a field of that value. */
	find(field: string, value: unknown): Promise<Envelope>;
}

let server: LocalServer;
beforeAll(async () => {
	server = await serveHere();
});
afterAll(() => server?.stop());

async function connect(space: string, ...offered: readonly string[]): Promise<PackedSocket> {
	const socket = new WebSocket(`${server.socketUrl}/v1/spaces/${space}/socket`, [...offered]);
	const packed: Envelope[] = [];
	const texts: string[] = [];
	const closed = new Promise<number>((resolve) => socket.once("close", resolve));
	socket.on("message", (data: Buffer, isBinary) => {
		if (isBinary) packed.push(...[decode(data) as Envelope | Envelope[]].flat());
		else texts.push(data.toString());
	});
	await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
	return {
		packed,
		texts,
		protocol: socket.protocol,
		closed,
		send: (frame) => socket.send(encode(frame)),
		raw: (frame) => socket.send(frame),
		find: async (field, value) => {
			await until(() => packed.some((envelope) => envelope[field] === value), `${field} ${value}`);
			return packed.find((envelope) => envelope[field] === value) ?? {};
		},
	};
}

test("a MessagePack socket is welcomed, subscribes, publishes and receives in binary frames", async () => {
	const socket = await connect("packed", "aerogram.v1.msgpack");
	expect(socket.protocol).toBe("aerogram.v1.msgpack");
	await socket.find("t", "welcome");
	const data = { text: "你好", list: [1, -2, 3.5, null, true], deep: { "": [[]] } };
	socket.send([
		{ t: "sub", ref: 1, ch: "chat", at: "start" },
		{ t: "pub", ref: 2, ch: "chat", data },
	]);
	expect(await socket.find("ref", 2)).toEqual({ t: "ok", ref: 2, seq: 1 });
	expect(await socket.find("t", "msg")).toMatchObject({ ch: "chat", after: 0, to: 1, e: [{ seq: 1, data }] });
	expect(socket.texts).toEqual([]);
});

test("the first format that a client offers and the server speaks is taken", async () => {
	expect((await connect("offers", "aerogram.v9", "aerogram.v1", "aerogram.v1.msgpack")).protocol).toBe("aerogram.v1");
	expect((await connect("offers", "aerogram.v1.msgpack", "aerogram.v1")).protocol).toBe("aerogram.v1.msgpack");
});

test("a message goes between a JSON and a MessagePack socket unchanged", async () => {
	const packed = await connect("mixed", "aerogram.v1.msgpack");
	const plain = await connect("mixed", "aerogram.v1");
	packed.send({ t: "sub", ref: 1, ch: "chat" });
	plain.raw(JSON.stringify({ t: "sub", ref: 1, ch: "chat" }));
	await packed.find("ref", 1);
	await until(() => plain.texts.some((text) => text.includes('"ref":1')), "the JSON subscription");
	packed.send({ t: "pub", ref: 2, ch: "chat", data: "from MessagePack" });
	await packed.find("ref", 2);
	plain.raw(JSON.stringify({ t: "pub", ref: 2, ch: "chat", data: "from JSON" }));
	await until(() => plain.texts.join().includes("from MessagePack"), "the message on the JSON socket");
	await until(() => JSON.stringify(packed.packed).includes("from JSON"), "the message on the MessagePack socket");
});

test("what MessagePack cannot carry arrives as a JSON text frame, unchanged", async () => {
	const packed = await connect("half", "aerogram.v1.msgpack");
	packed.send({ t: "sub", ref: 1, ch: "chat" });
	await packed.find("ref", 1);
	// A text frame is read on such a socket, too: it is the only way to publish half a character.
	packed.raw('{"t":"pub","ref":2,"ch":"chat","data":"a lone \\ud800"}');
	await until(() => packed.texts.some((text) => text.includes("a lone \\ud800")), "the JSON text frame");
});

test("what is no MessagePack, or no JSON value, is refused with a code, stores nothing and leaves the socket open", async () => {
	const socket = await connect("refused", "aerogram.v1.msgpack");
	await socket.find("t", "welcome");
	const publish = (data: unknown) => encode({ t: "pub", ref: 7, ch: "chat", data });
	const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
	const frames: readonly (readonly [string, Uint8Array, string])[] = [
		["an empty frame", new Uint8Array(0), "malformed"],
		["a byte that starts no value", Uint8Array.of(0xc1), "malformed"],
		["a map that promises four thousand million members", Uint8Array.of(0xdf, 255, 255, 255, 255), "malformed"],
		["a list that promises four thousand million items", Uint8Array.of(0xdd, 255, 255, 255, 255), "malformed"],
		["two values", Uint8Array.of(0x80, 0x80), "malformed"],
		["a text that is not UTF-8", Uint8Array.of(0xa1, 0xff), "bad_encoding"],
		["fifty thousand lists inside one another", new Uint8Array(50_000).fill(0x91), "too_deep"],
		["data nested deeper than JSON may be", publish(deep(limits.depth + 1)), "too_deep"],
		["binary data", publish(new Uint8Array(3)), "not_json"],
		["a time", publish(new Date(0)), "not_json"],
		["no number", publish(Number.NaN), "not_json"],
		["a whole number beyond 2^53", publish(2 ** 53), "not_json"],
		["a number as an envelope", encode(7), "bad_request"],
	];
	for (const [what, frame, code] of frames) {
		const before = socket.packed.length;
		socket.raw(frame);
		await until(() => socket.packed.length > before, `an answer to ${what}`);
		expect(socket.packed[before], what).toMatchObject({ t: "err", code });
	}
	const info = (await (await fetch(`${server.url}/v1/spaces/refused/channels/chat`)).json()) as { head: number };
	expect(info.head).toBe(0);
	socket.send({ t: "pub", ref: 8, ch: "chat", data: "still here" });
	expect(await socket.find("ref", 8)).toMatchObject({ t: "ok", seq: 1 });
});

test("a binary frame above the limit closes the socket with too_big", async () => {
	const socket = await connect("big", "aerogram.v1.msgpack");
	socket.raw(new Uint8Array(limits.frameBytes + 1));
	expect(await socket.closed).toBe(4109);
});

test("on a JSON socket binary frames stay refused", async () => {
	const socket = await connect("plain", "aerogram.v1");
	socket.send({ t: "sub", ref: 1, ch: "chat" });
	await until(() => socket.texts.some((text) => text.includes('"unsupported"')), "the refusal");
});
