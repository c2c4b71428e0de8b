import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { parseCursor } from "../../protocol/cursor.ts";
import type { Message } from "../../protocol/envelopes.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

type ChannelMessage = Message & { readonly channel: string };

interface Page {
	readonly epoch: string;
	readonly messages: readonly ChannelMessage[];
	readonly next: string;
}

const urlOf = (space: string, query: string) => `http://localhost/v1/spaces/${space}/events${query}`;

async function open(space: string, query: string, headers: Record<string, string> = {}): Promise<EventReader> {
	const response = await exports.default.fetch(urlOf(space, query), {
		headers: { accept: "text/event-stream", ...headers },
	});
	expect(response.status).toBe(200);
	return new EventReader(response.body);
}

async function poll(space: string, query: string): Promise<Page> {
	const response = await exports.default.fetch(urlOf(space, query));
	expect(response.status).toBe(200);
	return (await response.json()) as Page;
}

/** Where a cursor stands, by channel. */
function placesOf(id: string): { readonly [channel: string]: number } {
	const cursor = parseCursor(id);
	if (!cursor.ok) throw new Error(`${id} is no cursor`);
	return Object.fromEntries(cursor.value.seqs);
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const told = ({ channel, seq }: ChannelMessage) => `${channel}=${seq}`;

test("50 messages, evict, 50 more, evict, 50 more, over three channels: one open response, 150 ids, no gap, no double", async () => {
	const { name, stub } = freshSpace();
	const channels = ["a", "orders:eu", "c"];
	const reader = await open(name, "?channel=a&channel=orders:eu&channel=c");
	for (let round = 0; round < 3; round++) {
		for (let index = 0; index < 50; index++) await publish(stub, channels[index % 3] ?? "", index);
		await evict(stub);
	}
	const events = await reader.take(150);
	const messages = events.map(({ data }) => JSON.parse(data) as ChannelMessage);
	for (const channel of channels) {
		const own = messages.filter((message) => message.channel === channel).map(({ seq }) => seq);
		expect(own).toEqual(numbers(1, channel === "c" ? 48 : 51));
	}
	// Each id says where its reader stands in every channel once it has that event.
	const places: Record<string, number> = { a: 0, "orders:eu": 0, c: 0 };
	for (const [index, { channel, seq }] of messages.entries()) {
		places[channel] = seq;
		expect(placesOf(events[index]?.id ?? "")).toEqual(places);
	}
	expect({ events: reader.events, ended: reader.ended }).toEqual({ events: [], ended: undefined });
});

test("a stream goes on from the cursor of Last-Event-ID, which wins over after; a channel that is not in it is read from now on", async () => {
	const { name, stub } = freshSpace();
	for (const channel of ["a", "b", "c"]) await publish(stub, channel, 1, 2, 3);
	const { epoch } = await stub.info();
	const query = `?channel=a&channel=b&channel=c&after=${epoch}:a=0,b=0,c=0`;
	const reader = await open(name, query, { "last-event-id": `${epoch}:a=2,b=1` });
	await publish(stub, "c", 4);
	const messages = (await reader.take(4)).map(({ data }) => JSON.parse(data) as ChannelMessage);
	expect(messages.map(told).sort()).toEqual(["a=3", "b=2", "b=3", "c=4"]);
	expect(placesOf(reader.lastId)).toEqual({ a: 3, b: 3, c: 4 });
});

test("a stream that brought nothing has told its cursor all the same", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "a", 1, 2);
	const { epoch } = await stub.info();
	const reader = await open(name, "?channel=a&channel=b");
	await reader.until(() => reader.lastId !== "", "the first id");
	expect(reader.lastId).toBe(`${epoch}:a=2,b=0`);
});

test("an ephemeral message has its channel and no id", async () => {
	const { name } = freshSpace();
	const reader = await open(name, "?channel=a&channel=b");
	const publisher = await WireClient.connect(name);
	await publisher.ask({ t: "pub", ref: 1, ch: "b", ephemeral: true, data: "passing" });
	const before = reader.lastId;
	const { data, id } = await reader.next();
	expect(JSON.parse(data)).toMatchObject({ channel: "b", from: "anonymous", data: "passing", ephemeral: true });
	expect(id).toBe(before);
});

test("a purge is told for its channel, a wipe for every one, and the stream goes on in the new epoch", async () => {
	const { name, stub } = freshSpace();
	const reader = await open(name, "?channel=a&channel=b");
	await publish(stub, "a", 1);
	await reader.next();
	await stub.purge("a");
	const purged = await reader.next();
	expect({ type: purged.type, data: JSON.parse(purged.data) }).toMatchObject({
		type: "reset",
		data: { channel: "a", reason: "purged", floor: 2, head: 1 },
	});
	await stub.wipe();
	const { epoch } = await stub.info();
	const resets = (await reader.take(2)).map(({ data }) => JSON.parse(data) as { channel: string });
	expect(resets).toMatchObject([
		{ channel: "a", reason: "epoch", epoch },
		{ channel: "b", reason: "epoch", epoch },
	]);
	expect(reader.lastId).toBe(`${epoch}:a=0,b=0`);
	await publish(stub, "b", 1);
	expect((await reader.next()).id).toBe(`${epoch}:a=0,b=1`);
});

test("a void place in after is a 410; in Last-Event-ID it is a reset of its channel alone", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "a", 1, 2);
	await publish(stub, "b", 1);
	const { epoch } = await stub.info();
	const query = "?channel=a&channel=b";
	for (const accept of ["text/event-stream", "application/json"]) {
		const url = urlOf(name, `${query}&after=${epoch}:a=9,b=1`);
		const refused = await exports.default.fetch(url, { headers: { accept } });
		expect(refused.status).toBe(410);
		expect(await refused.json()).toMatchObject({ code: "position_expired", epoch, floor: 1, head: 2 });
	}
	const reader = await open(name, query, { "last-event-id": `${epoch}:a=9,b=1` });
	const [reset, ...messages] = await reader.take(3);
	expect(JSON.parse(reset?.data ?? "")).toEqual({ channel: "a", reason: "ahead", epoch, floor: 1, head: 2 });
	expect(messages.map(({ data }) => told(JSON.parse(data) as ChannelMessage))).toEqual(["a=1", "a=2"]);
	expect(reader.lastId).toBe(`${epoch}:a=2,b=1`);
});

test("without wait, a page is what is there; its cursor leads on, over any number of pages", async () => {
	const { name, stub } = freshSpace();
	const query = "?channel=a&channel=b";
	const start = await poll(name, query);
	expect(start).toEqual({ epoch: start.epoch, messages: [], next: `${start.epoch}:a=0,b=0` });
	const data = "x".repeat(30_000);
	for (let index = 0; index < 20; index++) {
		for (const channel of ["a", "b"]) await stub.publish({ principal: "p", channel, drafts: [{ data }] });
	}
	const seen: string[] = [];
	let pages = 0;
	for (let next = start.next; seen.length < 40; pages += 1) {
		const page = await poll(name, `${query}&after=${next}`);
		expect(page.messages.length).toBeGreaterThan(0);
		seen.push(...page.messages.map(told));
		next = page.next;
	}
	expect(seen.sort()).toEqual(["a", "b"].flatMap((channel) => numbers(1, 20).map((seq) => `${channel}=${seq}`)).sort());
	expect(pages).toBeGreaterThan(2);
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
});

test("a long-poll answers with the first message of any of its channels, and ends empty with the same cursor", async () => {
	const { name, stub } = freshSpace();
	const { next } = await poll(name, "?channel=a&channel=b");
	const query = `?channel=a&channel=b&after=${next}`;
	const empty = await poll(name, `${query}&wait=3`);
	expect(empty).toMatchObject({ messages: [], next });
	const parked = poll(name, `${query}&wait=30`);
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);
	await evict(stub);
	await publish(stub, "b", 1);
	const page = await parked;
	expect(page.messages).toMatchObject([{ channel: "b", seq: 1, data: 1 }]);
	expect(placesOf(page.next)).toEqual({ a: 0, b: 1 });
});

test("a long-poll is told of a purge and of a wipe by a 410", async () => {
	const { name, stub } = freshSpace();
	for (const act of [() => stub.purge("a"), () => stub.wipe()]) {
		await publish(stub, "a", 1);
		const { next } = await poll(name, "?channel=a&channel=b");
		let status: number | undefined;
		const parked = exports.default.fetch(urlOf(name, `?channel=a&channel=b&after=${next}&wait=30`)).then((response) => {
			status = response.status;
			return response.json();
		});
		await expect.poll(async () => (await stub.info()).sockets).toBe(1);
		// The first may come before the subscription.
		while (status === undefined) await act();
		expect([status, await parked]).toMatchObject([410, { code: "position_expired" }]);
	}
});

test.each([
	["", 400, "bad_request"],
	["?channel=a/b", 400, "bad_name"],
	["?channel=a&after=nonsense", 400, "bad_position"],
	["?channel=a&after=41", 400, "bad_position"],
	["?channel=a&wait=31", 400, "bad_request"],
	[
		`?${numbers(1, 21)
			.map((index) => `channel=c${index}`)
			.join("&")}`,
		413,
		"too_big",
	],
])("a request with %j is refused: %i %s", async (query, status, code) => {
	const { name } = freshSpace();
	for (const accept of ["text/event-stream", "application/json"]) {
		const response = await exports.default.fetch(urlOf(name, query), { headers: { accept } });
		expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
	}
});

test("twenty channels are read over one socket; a channel said twice is read once", async () => {
	const { name, stub } = freshSpace();
	const channels = numbers(1, 20).map((index) => `c${index}`);
	const reader = await open(name, `?${[...channels, "c1"].map((channel) => `channel=${channel}`).join("&")}`);
	for (const channel of channels) await publish(stub, channel, 1);
	const messages = (await reader.take(20)).map(({ data }) => JSON.parse(data) as ChannelMessage);
	expect(messages.map(({ channel }) => channel)).toEqual(channels);
	expect((await stub.info()).sockets).toBe(1);
	await reader.cancel();
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
	expect(reader.events).toEqual([]);
});

test("HEAD opens no stream", async () => {
	const { name, stub } = freshSpace();
	const headers = { accept: "text/event-stream" };
	const response = await exports.default.fetch(urlOf(name, "?channel=a"), { method: "HEAD", headers });
	expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
	expect((await stub.info()).sockets).toBe(0);
});
