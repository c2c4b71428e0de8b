import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

test("every subscriber gets every message once, in one order, whoever publishes", async () => {
	const { name } = freshSpace();
	const clients = await Promise.all(["a", "b", "c"].map((client) => WireClient.connect(name, client)));
	for (const client of clients) await client.ask({ t: "sub", ref: 1, ch: "chat" });
	for (let n = 0; n < 50; n++) {
		for (const client of clients) client.send({ t: "pub", ref: n + 10, ch: "chat", n, prev: n - 1, data: n });
	}
	const [first, ...others] = await Promise.all(clients.map((client) => client.messages(150)));
	expect(first?.map((entry) => entry.seq)).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
	for (const other of others) expect(other).toEqual(first);
});

test("a publisher is answered before it gets its own message", async () => {
	const { name } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	client.send({ t: "pub", ref: 2, ch: "chat", data: "x" });
	await client.until(() => client.inbox.length >= 2, "the answer and the message");
	expect(client.inbox.map((envelope) => envelope.type)).toEqual(["published", "messages"]);
});

test("what one turn holds for one socket leaves as one frame", async () => {
	const { name } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "a" });
	await client.ask({ t: "sub", ref: 2, ch: "b" });
	const before = client.frames.length;
	client.send(
		{ t: "pub", ref: 3, ch: "a", data: 1 },
		{ t: "pub", ref: 4, ch: "b", data: 2 },
		{ t: "pub", ref: 5, ch: "a", data: 3 },
	);
	await client.until(() => client.inbox.length >= 5, "three answers and two message envelopes");
	expect(client.frames.length - before).toBe(1);
});

test.each([
	["start", [1, 2, 3, 4, 5]],
	[{ last: 2 }, [4, 5]],
	[{ last: 99 }, [1, 2, 3, 4, 5]],
	[{ since: 0 }, [1, 2, 3, 4, 5]],
])("a subscription at %j replays exactly what it asked for, then goes live", async (at, expected) => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3, 4, 5);
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat", at });
	expect((await client.messages(expected.length)).map((entry) => entry.seq)).toEqual(expected);
	await publish(stub, "chat", 6);
	expect((await client.messages(1)).map((entry) => entry.seq)).toEqual([6]);
});

test("a subscription since a moment starts at the first message stored at or after it", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1);
	await new Promise((resolve) => setTimeout(resolve, 5));
	const since = Date.now();
	await publish(stub, "chat", 2);
	const client = await WireClient.connect(name);
	expect(await client.ask({ t: "sub", ref: 1, ch: "chat", at: { since } })).toMatchObject({ after: 1, head: 2 });
	expect((await client.messages(1)).map((entry) => entry.data)).toEqual([2]);
});

test("a subscription at a position goes on right after it and says that it recovered", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3);
	const { epoch } = await stub.info();
	const client = await WireClient.connect(name);
	const answer = await client.ask({ t: "sub", ref: 1, ch: "chat", at: { epoch, seq: 2 } });
	expect(answer).toMatchObject({ type: "subscribed", after: 2, head: 3, recovered: true });
	expect((await client.messages(1)).map((entry) => entry.seq)).toEqual([3]);
});

test("a position that cannot be replayed is told with its reason, to its client alone, and changes nothing", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3);
	const { epoch } = await stub.info();
	const bystander = await WireClient.connect(name, "bystander");
	await bystander.ask({ t: "sub", ref: 1, ch: "chat" });
	const client = await WireClient.connect(name, "client");
	const ask = (ref: number, at: { [key: string]: string | number }) => client.ask({ t: "sub", ref, ch: "chat", at });
	expect(await ask(1, { epoch: "000000000other", seq: 2 })).toMatchObject({ type: "reset", reason: "epoch" });
	expect(await ask(2, { epoch, seq: 99 })).toMatchObject({ type: "reset", reason: "ahead", epoch, floor: 1, head: 3 });
	expect(await ask(3, { epoch, seq: 2, id: "another" })).toMatchObject({ type: "reset", reason: "epoch" });
	await stub.purge("chat");
	expect(await bystander.next("reset")).toMatchObject({ reason: "purged", floor: 4, head: 3 });
	expect(await ask(4, { epoch, seq: 1 })).toMatchObject({ type: "reset", reason: "retention", floor: 4, head: 3 });
	expect((await stub.info()).epoch).toBe(epoch);
	expect(bystander.inbox).toEqual([]);
});

test("a position with the id last seen there recovers", async () => {
	const { name, stub } = freshSpace();
	const publisher = await WireClient.connect(name, "publisher");
	await publisher.ask({ t: "pub", ref: 1, ch: "chat", n: 0, prev: -1, data: "x" });
	const { epoch } = await stub.info();
	const answer = await publisher.ask({ t: "sub", ref: 2, ch: "chat", at: { epoch, seq: 1, id: "publisher/0" } });
	expect(answer).toMatchObject({ type: "subscribed", recovered: true });
});

test("a purge keeps the head: no seq is ever used twice", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3);
	expect(await stub.purge("chat")).toMatchObject({ floor: 4, head: 3 });
	expect(await stub.purge("chat")).toMatchObject({ floor: 4, head: 3 });
	expect(await publish(stub, "chat", 4)).toMatchObject({ first: 4 });
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat", at: "start" });
	expect((await client.messages(1)).map((entry) => entry.seq)).toEqual([4]);
});

test("a wipe closes every socket, makes a later epoch and starts every channel again", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2);
	const before = (await stub.info()).epoch;
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	const { epoch } = await stub.wipe();
	expect(epoch > before).toBe(true);
	expect(await client.next("bye")).toMatchObject({ code: "wiped" });
	await client.until(() => client.closed !== undefined, "the close");
	expect(client.closed?.code).toBe(4202);
	expect(await publish(stub, "chat", 1)).toMatchObject({ first: 1, epoch });
	const again = await WireClient.connect(name);
	expect(await again.ask({ t: "sub", ref: 1, ch: "chat", at: { epoch: before, seq: 2 } })).toMatchObject({
		reason: "epoch",
	});
});

test("subscribing again on the same socket starts again at the new place", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3);
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	await client.ask({ t: "sub", ref: 2, ch: "chat", at: "start" });
	expect((await client.messages(3)).map((entry) => entry.seq)).toEqual([1, 2, 3]);
	await publish(stub, "chat", 4);
	expect((await client.messages(1)).map((entry) => entry.seq)).toEqual([4]);
});

test("after unsubscribing nothing more arrives", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	expect(await client.ask({ t: "unsub", ref: 2, ch: "chat" })).toEqual({ type: "done", ref: 2 });
	await publish(stub, "chat", 1);
	await client.ask({ t: "pub", ref: 3, ch: "chat", data: 2 });
	expect(client.inbox).toEqual([]);
});

test("a second socket of the same client takes over, and only the first is told", async () => {
	const { name } = freshSpace();
	const first = await WireClient.connect(name, "same");
	const other = await WireClient.connect(name, "other");
	const second = await WireClient.connect(name, "same");
	expect(await first.next("bye")).toMatchObject({ code: "replaced" });
	await first.until(() => first.closed !== undefined, "the close");
	expect(first.closed?.code).toBe(4203);
	for (const client of [other, second]) {
		expect(await client.ask({ t: "pub", ref: 1, ch: "chat", data: 1 })).toMatchObject({ type: "published" });
	}
});

test("the 101st subscription of a socket is refused and the first hundred go on", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	for (let ref = 1; ref <= 100; ref++) {
		expect(await client.ask({ t: "sub", ref, ch: `c${ref}` })).toMatchObject({ type: "subscribed" });
	}
	expect(await client.ask({ t: "sub", ref: 101, ch: "one-more" })).toMatchObject({ type: "error", code: "too_big" });
	await publish(stub, "c100", 1);
	expect(await client.next("messages")).toMatchObject({ channel: "c100" });
});

test.each(["socket", "poll"])(
	"a frame that subscribes to one channel a hundred times brings one window, over a %s",
	async (how) => {
		const { name, stub } = freshSpace();
		for (let index = 0; index < 10; index++) await publish(stub, "chat", "x".repeat(60_000));
		const subs = Array.from({ length: 100 }, (_, ref) => ({ t: "sub", ref, ch: "chat", at: "start" }));
		let size = 0;
		if (how === "socket") {
			const client = await WireClient.connect(name);
			client.send(...subs);
			await client.ask({ t: "unsub", ref: 100, ch: "other" });
			size = client.frames.reduce((sum, { length }) => sum + length, 0);
		} else {
			const url = `http://localhost/v1/spaces/${name}/socket?wait=0`;
			const headers = { "content-type": "application/json" };
			const answer = await exports.default.fetch(url, { method: "POST", headers, body: JSON.stringify(subs) });
			size = (await answer.text()).length;
		}
		expect(size).toBeGreaterThan(limits.windowBytes / 2);
		expect(size).toBeLessThan(2 * limits.windowBytes);
	},
);
