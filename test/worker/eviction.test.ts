import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { decodeMessagePack, encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

test("evicting the object between every two steps of a subscribe and publish run loses nothing", async () => {
	const { name, stub } = freshSpace();
	const publisher = await WireClient.connect(name, "publisher");
	await evict(stub);
	const subscriber = await WireClient.connect(name, "subscriber");
	await evict(stub);
	await subscriber.ask({ t: "sub", ref: 1, ch: "chat", at: "start" });
	await evict(stub);
	const seen: number[] = [];
	for (let n = 0; n < 20; n++) {
		const answer = await publisher.ask({ t: "pub", ref: n + 1, ch: "chat", n, prev: n - 1, data: n });
		expect(answer).toMatchObject({ type: "published", seq: n + 1, duplicate: false });
		await evict(stub);
		// The same publish again, as after a lost ack: still stored once.
		const again = await publisher.ask({ t: "pub", ref: n + 100, ch: "chat", n, prev: n - 1, data: n });
		expect(again).toMatchObject({ type: "published", seq: n + 1, duplicate: true });
		await evict(stub);
		for (const entry of await subscriber.messages(1)) seen.push(entry.seq);
		subscriber.send({ t: "credit", ch: "chat", seq: n + 1 });
		await evict(stub);
	}
	expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
	const page = await stub.history({ channel: "chat", limit: 100, order: "asc" });
	expect(page.ok && JSON.parse(`[${page.body}]`).map((entry: { data: number }) => entry.data)).toEqual([
		...Array(20).keys(),
	]);
});

test("a subscriber that was behind when the object slept gets the rest after its credit", async () => {
	const { name, stub } = freshSpace();
	const subscriber = await WireClient.connect(name);
	const big = "x".repeat(60_000);
	await stub.publish({
		principal: "anonymous",
		channel: "big",
		drafts: Array.from({ length: 15 }, () => ({ data: big })),
	});
	await subscriber.ask({ t: "sub", ref: 1, ch: "big", at: "start" });
	const first = await subscriber.messages(4);
	const sent = [...first, ...subscriber.inbox.flatMap((each) => (each.type === "messages" ? each.entries : []))];
	expect(sent.length).toBeLessThan(15);
	await evict(stub);
	subscriber.inbox.length = 0;
	let position = sent.length;
	subscriber.send({ t: "credit", ch: "big", seq: position });
	while (position < 15) {
		const { after, to } = await subscriber.next("messages");
		expect(after).toBeLessThanOrEqual(position);
		position = Math.max(position, to);
		subscriber.send({ t: "credit", ch: "big", seq: position });
	}
	expect(position).toBe(15);
});

test("a MessagePack socket speaks MessagePack after its object slept", async () => {
	const { name, stub } = freshSpace();
	const headers = { upgrade: "websocket", "sec-websocket-protocol": "aerogram.v1.msgpack" };
	const response = await exports.default.fetch(`http://localhost/v1/spaces/${name}/socket`, { headers });
	const socket = response.webSocket;
	if (!socket) throw new Error(`no socket: ${response.status}`);
	socket.binaryType = "arraybuffer";
	const frames: unknown[] = [];
	socket.addEventListener("message", ({ data }) => {
		frames.push(data instanceof ArrayBuffer ? decodeMessagePack(new Uint8Array(data)) : data);
	});
	socket.accept();
	const request = encodeMessagePack({ t: "sub", ref: 1, ch: "chat" });
	if (request.ok) socket.send(request.value);
	await expect.poll(() => frames).toHaveLength(2);
	await evict(stub);
	await publish(stub, "chat", 7);
	await expect.poll(() => frames[2]).toMatchObject({ ok: true, value: { t: "msg", after: 0, to: 1 } });
});
