import { expect, test } from "vitest";
import type { ServerEnvelope } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

/** What a subscriber got, in order: seqs of stored messages, data of ephemeral ones. */
function heard(inbox: readonly ServerEnvelope[]): readonly unknown[] {
	return inbox.flatMap((each): unknown[] => {
		if (each.type === "messages") return each.entries.map(({ seq }) => seq);
		return each.type === "ephemeral" ? each.entries.map(({ data }) => data) : [];
	});
}

const pass = (ref: number, data: string, more = {}) => ({ t: "pub", ref, ch: "chat", ephemeral: true, data, ...more });

test("an ephemeral message reaches every subscriber, its publisher after the answer, with what it was given and no seq", async () => {
	const { name } = freshSpace();
	const [one, other] = [await WireClient.connect(name, "one"), await WireClient.connect(name, "other")];
	for (const client of [one, other]) await client.ask({ t: "sub", ref: 1, ch: "chat" });
	const before = Date.now();
	one.send(pass(2, "hi", { name: "cursor", key: "k:1", id: "mine" }));
	const envelope = await other.next("ephemeral");
	const [entry] = envelope.entries;
	expect(envelope).toEqual({ type: "ephemeral", channel: "chat", entries: [entry] });
	expect(entry).toEqual({ ts: entry?.ts, id: "mine", from: "anonymous", name: "cursor", key: "k:1", data: "hi" });
	expect(entry?.ts).toBeGreaterThanOrEqual(before);
	await one.until(() => one.inbox.length >= 2, "the answer and the message");
	expect(one.inbox).toEqual([{ type: "done", ref: 2 }, envelope]);
	expect(other.frames.at(-1)).toBe(
		`{"t":"msg","ch":"chat","ephemeral":[{"ts":${entry?.ts},"id":"mine","from":"anonymous","name":"cursor","key":"k:1","data":"hi"}]}`,
	);
});

test("ephemeral messages write no rows, take no seq and leave nothing to be read", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	await publish(stub, "chat", 1);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	const { rowsWritten } = await stub.info();
	for (let ref = 2; ref < 102; ref++) client.send(pass(ref, `${ref}`));
	await client.until(() => heard(client.inbox).length === 100, "a hundred messages");
	const drafts = [{ data: 1, ephemeral: true as const }];
	expect(await stub.publish({ principal: "p", channel: "chat", drafts })).toMatchObject({ first: null, count: 0 });
	expect(await stub.publish({ principal: "p", channel: "nobody", drafts })).toMatchObject({ first: null, count: 0 });
	expect((await stub.info()).rowsWritten).toBe(rowsWritten);
	expect(await stub.channel("chat")).toMatchObject({ floor: 1, head: 1 });
	expect(await stub.channels("", 10)).toEqual(["chat"]);
	expect(await publish(stub, "chat", 2)).toMatchObject({ first: 2 });
});

test("an ephemeral message comes after every message stored before it, also within one frame", async () => {
	const { name } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	const frames = client.frames.length;
	client.send({ t: "pub", ref: 2, ch: "chat", data: 1 }, pass(3, "a"), pass(4, "b"), {
		t: "pub",
		ref: 5,
		ch: "chat",
		data: 2,
	});
	await client.until(() => heard(client.inbox).length === 4, "all four");
	expect(client.frames.length - frames).toBe(1);
	expect(heard(client.inbox)).toEqual([1, 2, "a", "b"]);
	expect(client.inbox.map(({ type }) => type).slice(0, 4)).toEqual(["published", "done", "done", "published"]);
});

test("a client that asks for no echo does not get its own, and everybody else does", async () => {
	const { name } = freshSpace();
	const [one, other] = [await WireClient.connect(name, "one"), await WireClient.connect(name, "other")];
	for (const client of [one, other]) await client.ask({ t: "sub", ref: 1, ch: "chat" });
	one.send(pass(2, "a"), pass(3, "b", { echo: false }), pass(4, "c"));
	await one.until(() => heard(one.inbox).length === 2, "two of three");
	await other.until(() => heard(other.inbox).length === 3, "all three");
	expect(heard(one.inbox)).toEqual(["a", "c"]);
	expect(heard(other.inbox)).toEqual(["a", "b", "c"]);
});

test("a subscriber that is behind gets no ephemeral message, and the next one once it is up to date", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	const drafts = Array.from({ length: 10 }, () => ({ data: "x".repeat(60_000) }));
	await stub.publish({ principal: "p", channel: "chat", drafts });
	await client.ask({ t: "sub", ref: 1, ch: "chat", at: "start" });
	expect(await client.ask(pass(2, "too early"))).toEqual({ type: "done", ref: 2 });
	let position = 0;
	while (position < 10) {
		position = (await client.next("messages")).to;
		client.send({ t: "credit", ch: "chat", seq: position });
	}
	client.send(pass(3, "now"));
	await client.next("done");
	expect(heard(client.inbox)).toEqual(["now"]);
});

test("who reads nothing is sent one window of ephemeral messages; stored ones still come, and any credit makes room", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name, "reader");
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	const data = "x".repeat(10_000);
	const flood = async () => {
		for (let index = 0; index < 40; index++) {
			await stub.publish({ principal: "p", channel: "chat", drafts: [{ data, ephemeral: true }] });
		}
		await client.ask({ t: "unsub", ref: 2, ch: "another" });
		return heard(client.inbox.splice(0)).length * data.length;
	};
	const first = await flood();
	expect(first).toBeGreaterThan(limits.windowBytes - data.length);
	expect(first).toBeLessThan(limits.windowBytes + data.length);
	expect(await flood()).toBe(0);
	await publish(stub, "chat", 1);
	expect((await client.next("messages")).to).toBe(1);
	client.send({ t: "credit", ch: "chat", seq: 0 });
	expect(await flood()).toBeGreaterThan(limits.windowBytes - data.length);
});

test("after sleep a subscriber is told where the log stands before the next ephemeral message", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2);
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	await evict(stub);
	await stub.publish({ principal: "p", channel: "chat", drafts: [{ data: "awake", ephemeral: true }] });
	const { entries } = await client.next("ephemeral");
	expect(entries).toMatchObject([{ data: "awake", from: "p" }]);
	expect(client.inbox).toEqual([{ type: "messages", channel: "chat", after: 2, to: 2, entries: [] }]);
});

test("a list of both stores the stored ones side by side, delivers the others behind them, and is done once by its key", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "chat" });
	const request = {
		principal: "p",
		channel: "chat",
		drafts: [
			{ data: "a", ephemeral: true as const },
			{ data: "b" },
			{ data: "c", ephemeral: true as const },
			{ data: "d" },
		],
		idempotency: { key: "k", hash: "h" },
	};
	expect(await stub.publish(request)).toMatchObject({ first: 1, count: 2, duplicate: false });
	await client.until(() => heard(client.inbox).length === 4, "all four");
	expect(await stub.publish(request)).toMatchObject({ first: 1, count: 2, duplicate: true });
	await client.ask({ t: "unsub", ref: 2, ch: "another" });
	expect(heard(client.inbox)).toEqual([1, 2, "a", "c"]);
});

test("an ephemeral message that is too big is refused, and takes its whole list with it", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	const data = "x".repeat(limits.messageBytes);
	expect(await client.ask(pass(1, data))).toMatchObject({ type: "error", code: "too_big" });
	const drafts = [{ data: "fine" }, { data, ephemeral: true as const }];
	expect(await stub.publish({ principal: "p", channel: "chat", drafts })).toMatchObject({ code: "too_big" });
	expect(await stub.channel("chat")).toMatchObject({ head: 0 });
});
