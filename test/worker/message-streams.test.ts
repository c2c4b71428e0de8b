import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Message } from "../../protocol/envelopes.ts";
import { durations } from "../../protocol/limits.ts";
import { parsePosition } from "../../protocol/position.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

/** Durations are a hundredth of the shipped ones here. */
const scale = 0.01;

/** Opens the event stream of a channel. */
async function open(space: string, query = "", headers: Record<string, string> = {}): Promise<EventReader> {
	const url = `http://localhost/v1/spaces/${space}/channels/chat/messages${query}`;
	const response = await exports.default.fetch(url, { headers: { accept: "text/event-stream", ...headers } });
	expect(response.status).toBe(200);
	expect(response.headers.get("content-type")).toBe("text/event-stream");
	return new EventReader(response.body);
}

/** What a request for a stream is refused with. */
async function refusal(space: string, query = "", headers: Record<string, string> = {}) {
	const url = `http://localhost/v1/spaces/${space}/channels/chat/messages${query}`;
	const response = await exports.default.fetch(url, { headers: { accept: "text/event-stream", ...headers } });
	expect(response.headers.get("content-type")).toBe("application/problem+json");
	const { code, epoch, floor, head } = (await response.json()) as Record<string, unknown>;
	return { status: response.status, code, ...(epoch !== undefined && { epoch, floor, head }) };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const seqOf = ({ id }: { readonly id: string }) => {
	const position = parsePosition(id);
	return position.ok ? position.value.seq : id;
};

test("50 messages, evict, 50 more, evict, 50 more: the one open response carries 150 ids, no gap, no double", async () => {
	const { name, stub } = freshSpace();
	const reader = await open(name, "?after=0");
	const { epoch } = await stub.info();
	for (let round = 0; round < 3; round++) {
		for (let index = 0; index < 50; index++) await publish(stub, "chat", round * 50 + index);
		await evict(stub);
	}
	const events = await reader.take(150);
	expect(events.map(({ id }) => id)).toEqual(numbers(1, 150).map((seq) => `${epoch}:${seq}`));
	expect(events.map(({ data }) => (JSON.parse(data) as Message).data)).toEqual(numbers(0, 149));
	await publish(stub, "chat", 150);
	expect(seqOf(await reader.next())).toBe(151);
	expect({ events: reader.events, ended: reader.ended }).toEqual({ events: [], ended: undefined });
});

test("each event is the message as it is stored, on one line, and the stream says when to come back", async () => {
	const { name, stub } = freshSpace();
	const reader = await open(name);
	const data = { text: 'line\nbreak, "quotes", 小飞机 \u2028 \u0000', list: [[1.5, null, -0]] };
	await stub.publish({ principal: "anonymous", channel: "chat", drafts: [{ data, name: "n", key: "k", id: "mine" }] });
	const event = await reader.next();
	const page = await stub.history({ channel: "chat", limit: 1, order: "asc" });
	expect(event.type).toBe("message");
	expect(page.ok && event.data).toBe(page.ok && page.body);
	expect(reader.retry).toBeGreaterThan(0);
});

test("a stream starts where it is asked to: after a position or a seq, since a time, else with what comes", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2);
	await new Promise((resolve) => setTimeout(resolve, 5));
	const since = Date.now();
	await publish(stub, "chat", 3);
	const { epoch } = await stub.info();
	const first = async (query: string, headers = {}) => seqOf(await (await open(name, query, headers)).next());
	expect(await first("?after=0")).toBe(1);
	expect(await first("?after=2")).toBe(3);
	expect(await first(`?after=${epoch}:0`)).toBe(1);
	expect(await first(`?after=${epoch}:1`)).toBe(2);
	expect(await first(`?since=${since}`)).toBe(3);
	expect(await first("?since=0")).toBe(1);
	expect(await first(`?after=${epoch}:0`, { "last-event-id": `${epoch}:2` })).toBe(3);
	expect(await first(`?since=0`, { "last-event-id": `${epoch}:1` })).toBe(2);
	const live = await Promise.all(["", "?after=3", "?after=99", `?after=${epoch}:3`].map((query) => open(name, query)));
	await publish(stub, "chat", 4);
	for (const reader of live) expect(seqOf(await reader.next())).toBe(4);
});

test("a reader that got nothing still resumes exactly: the stream opens with the id of where it stands", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3);
	const { epoch } = await stub.info();
	const reader = await open(name);
	await reader.until(() => reader.lastId !== "", "the first id");
	await reader.cancel();
	expect(reader.lastId).toBe(`${epoch}:3`);
	await publish(stub, "chat", 4, 5);
	const again = await open(name, "", { "last-event-id": reader.lastId });
	expect((await again.take(2)).map(seqOf)).toEqual([4, 5]);
});

test("a place that is void is a 410 with where reading stands: another epoch, trimmed away, ahead of the log", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2, 3);
	const { epoch } = await stub.info();
	await stub.purge("chat");
	const state = { status: 410, code: "position_expired", epoch, floor: 4, head: 3 };
	expect(await refusal(name, "?after=000000000other:2")).toEqual(state);
	expect(await refusal(name, `?after=${epoch}:1`)).toEqual(state);
	expect(await refusal(name, `?after=${epoch}:9`)).toEqual(state);
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
});

test.each([
	["?after=nonsense", {}, "bad_position"],
	["", { "last-event-id": "nonsense" }, "bad_position"],
	["?since=yesterday", {}, "bad_request"],
	["?after=0&since=0", {}, "bad_request"],
	["?before=9", {}, "bad_request"],
	["?order=asc", {}, "bad_request"],
	["?limit=10", {}, "bad_request"],
	["?wait=10", {}, "bad_request"],
])("a stream that starts at %j %j is refused with %s", async (query, headers: Record<string, string>, code) => {
	const { name, stub } = freshSpace();
	expect(await refusal(name, query, headers)).toEqual({ status: 400, code });
	expect((await stub.info()).sockets).toBe(0);
});

test("a void Last-Event-ID opens the stream all the same: it tells the loss, then all that is retained, with ids that last", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2);
	const before = (await stub.info()).epoch;
	await stub.wipe();
	await publish(stub, "chat", 7, 8);
	const { epoch } = await stub.info();
	const reader = await open(name, "", { "last-event-id": `${before}:2` });
	const [reset, ...messages] = await reader.take(3);
	expect(reset).toMatchObject({ type: "reset", id: `${epoch}:0` });
	expect(JSON.parse(reset?.data ?? "")).toEqual({ reason: "epoch", epoch, floor: 1, head: 2 });
	expect(messages.map(({ id }) => id)).toEqual([`${epoch}:1`, `${epoch}:2`]);
	const again = await open(name, "", { "last-event-id": `${epoch}:9` });
	expect(JSON.parse((await again.next()).data)).toEqual({ reason: "ahead", epoch, floor: 1, head: 2 });
	expect((await again.take(2)).map(seqOf)).toEqual([1, 2]);
});

test("a purge and a wipe in an open stream are told, and it goes on with what comes after them", async () => {
	const { name, stub } = freshSpace();
	const { epoch: before } = await stub.info();
	const reader = await open(name);
	await publish(stub, "chat", 1, 2);
	await reader.take(2);
	await stub.purge("chat");
	await publish(stub, "chat", 3);
	const [purged, third] = await reader.take(2);
	expect(purged).toMatchObject({ type: "reset", id: `${before}:2` });
	expect(JSON.parse(purged?.data ?? "")).toEqual({ reason: "purged", epoch: before, floor: 3, head: 2 });
	expect(third?.id).toBe(`${before}:3`);
	await stub.wipe();
	await publish(stub, "chat", 1);
	const { epoch } = await stub.info();
	const [wiped, first] = await reader.take(2);
	expect(JSON.parse(wiped?.data ?? "")).toMatchObject({ reason: "epoch", epoch, floor: 1 });
	expect(first?.id).toBe(`${epoch}:1`);
	expect(reader.ended).toBeUndefined();
});

test("an ephemeral message is an event without an id: whoever comes back does so to the last stored one", async () => {
	const { name, stub } = freshSpace();
	const reader = await open(name);
	const publisher = await WireClient.connect(name);
	await publisher.ask({ t: "pub", ref: 1, ch: "chat", data: "stored" });
	await publisher.ask({ t: "pub", ref: 2, ch: "chat", ephemeral: true, name: "cursor", data: [1, 2] });
	const [stored, passing] = await reader.take(2);
	expect(passing).toMatchObject({ type: "message", id: stored?.id });
	const message = JSON.parse(passing?.data ?? "") as { ts: number };
	expect(message).toEqual({ ts: message.ts, from: "anonymous", name: "cursor", data: [1, 2], ephemeral: true });
	expect((await stub.channel("chat")).head).toBe(1);
});

test("ten thousand ephemeral messages reach a stream that reads them", async () => {
	const { name } = freshSpace();
	const reader = await open(name);
	const publisher = await WireClient.connect(name);
	const data = "x".repeat(100);
	let ref = 0;
	for (let round = 0; round < 100; round++) {
		const frame = Array.from({ length: 100 }, () => ({ t: "pub", ref: ++ref, ch: "chat", ephemeral: true, data }));
		publisher.send(...frame);
		await publisher.until(() => publisher.inbox.length >= 100, "the answers");
		publisher.inbox.length = 0;
		await reader.until(() => reader.events.length >= ref, "the events");
	}
	expect(reader.events.length).toBe(10_000);
});

test("a channel with far more stored than a window holds is read to its end, in order", async () => {
	const { name, stub } = freshSpace();
	const data = "x".repeat(20_000);
	for (let round = 0; round < 10; round++) {
		await stub.publish({
			principal: "anonymous",
			channel: "chat",
			drafts: Array.from({ length: 10 }, () => ({ data })),
		});
	}
	const reader = await open(name, "?after=0");
	expect((await reader.take(100)).map(seqOf)).toEqual(numbers(1, 100));
	await evict(stub);
	await publish(stub, "chat", 101);
	expect(seqOf(await reader.next())).toBe(101);
});

test("while nothing is said, a comment comes again and again", async () => {
	const { name } = freshSpace();
	const reader = await open(name);
	await reader.until(() => reader.comments >= 3, "three comments");
	expect({ ended: reader.ended, events: reader.events }).toEqual({ ended: undefined, events: [] });
});

test("a hundred idle streams let the object sleep: comments and pings go on, and nothing wakes it", async () => {
	const { name, stub } = freshSpace();
	const readers = await Promise.all(Array.from({ length: 100 }, () => open(name)));
	await evictDurableObject(stub);
	// From here on each request, and each frame but a ping, would start the object again.
	await new Promise((resolve) => setTimeout(resolve, 3 * durations.ping * scale));
	for (const reader of readers) expect(reader.comments).toBeGreaterThan(1);
	await expect(evictDurableObject(stub)).rejects.toThrow("not currently running");
	await publish(stub, "chat", 1);
	for (const reader of readers) expect(seqOf(await reader.next())).toBe(1);
});

/** The object's memory and its sockets are gone, as in a crash or a deploy. */
function crash(object: DurableObjectStub): Promise<void> {
	return runInDurableObject(object, (_, state) => state.abort("a crash, as a test has it")).catch(() => {});
}

test("a stream that is asked for while the object dies opens all the same", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1);
	const readers: EventReader[] = [];
	for (let round = 0; round < 5; round++) {
		const opening = open(name, "?after=0");
		await crash(env.SPACES.get(stub.id));
		readers.push(await opening);
	}
	for (const reader of readers) expect(seqOf(await reader.next())).toBe(1);
});

test("when the object dies and its socket with it, the response stays open and goes on: no gap, no double", async () => {
	const { name, stub } = freshSpace();
	const reader = await open(name, "?after=0");
	for (let round = 0; round < 5; round++) {
		const object = env.SPACES.get(stub.id);
		for (let index = 0; index < 10; index++) await publish(object, "chat", index);
		await crash(object);
		await publish(env.SPACES.get(stub.id), "chat", round);
	}
	expect((await reader.take(55)).map(seqOf)).toEqual(numbers(1, 55));
	expect({ events: reader.events, ended: reader.ended }).toEqual({ events: [], ended: undefined });
});

test("a reader that leaves frees its socket", async () => {
	const { name, stub } = freshSpace();
	const readers = await Promise.all([open(name), open(name)]);
	expect((await stub.info()).sockets).toBe(2);
	for (const reader of readers) await reader.cancel();
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
});

test("HEAD says what GET would answer and opens nothing", async () => {
	const { name, stub } = freshSpace();
	const url = `http://localhost/v1/spaces/${name}/channels/chat/messages`;
	const response = await exports.default.fetch(url, { method: "HEAD", headers: { accept: "text/event-stream" } });
	expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
	expect(await response.text()).toBe("");
	expect((await stub.info()).sockets).toBe(0);
});

test.each([
	["text/event-stream", "text/event-stream"],
	["text/event-stream, application/json;q=0.5", "text/event-stream"],
	["application/json, text/event-stream;q=0.5", "application/json"],
	["text/event-stream;q=0", undefined],
	["*/*", "application/json"],
	["text/event-stream, */*", "text/event-stream"],
])("Accept: %s is answered with %s", async (accept, expected) => {
	const { name } = freshSpace();
	const url = `http://localhost/v1/spaces/${name}/channels/chat/messages`;
	const response = await exports.default.fetch(url, { headers: { accept } });
	const type = response.status === 406 ? undefined : response.headers.get("content-type");
	await response.body?.cancel();
	expect(type).toBe(expected);
});
