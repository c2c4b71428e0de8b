import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { scaleDurations } from "../../protocol/limits.ts";
import { EventReader, type StreamedEvent } from "../helpers/event-reader.ts";
import { evict, freshSpace } from "./space.ts";

/** How long a reader may be behind without reading: a hundredth of what it is, as all durations of these tests. */
const slow = scaleDurations(0.01).slow;

type Stub = ReturnType<typeof freshSpace>["stub"];

async function put(stub: Stub, id: string, data: unknown = {}): Promise<void> {
	const action = { kind: "put", data: JSON.stringify(data) } as const;
	expect(await stub.writeRecord({ principal: "p", collection: "carts", id, action })).toMatchObject({ ok: true });
}

async function remove(stub: Stub, id: string): Promise<void> {
	await stub.writeRecord({ principal: "p", collection: "carts", id, action: { kind: "delete" } });
}

function ask(space: string, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
	const url = `http://localhost/v1/spaces/${space}/collections/${path}`;
	return exports.default.fetch(url, { method, headers: { accept: "text/event-stream", ...headers } });
}

async function open(space: string, path = "carts", headers: Record<string, string> = {}): Promise<EventReader> {
	const response = await ask(space, path, headers);
	expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
	return new EventReader(response.body);
}

/** Events in short: `+a@1`, `-a@2`, `ready@2`, `reset retention@7`. */
function short(events: readonly StreamedEvent[]): readonly string[] {
	return events.map(({ type, data }) => {
		const value = JSON.parse(data) as { id?: string; rev: number; data?: unknown; reason?: string };
		if (type !== "message") return `${[type, value.reason].filter(Boolean).join(" ")}@${value.rev}`;
		return `${value.data === undefined ? "-" : "+"}${value.id}@${value.rev}`;
	});
}

test("records come as they are, then ready, then every change, across sleep, each with an id to go on from", async () => {
	const { name, stub } = freshSpace();
	const { epoch } = await stub.info();
	for (const id of ["b", "a", "c"]) await put(stub, id, { text: "你好\n" });
	const reader = await open(name);
	const first = await reader.take(4);
	expect(short(first)).toEqual(["+a@2", "+b@1", "+c@3", "ready@3"]);
	expect(first.map(({ id }) => id)).toEqual([`${epoch}:3:a`, `${epoch}:3:b`, `${epoch}:3:c`, `${epoch}:3`]);
	expect(JSON.parse(first[0]?.data ?? "")).toEqual({
		id: "a",
		rev: 2,
		updated: expect.any(Number),
		data: { text: "你好\n" },
	});
	for (let round = 0; round < 5; round++) {
		await evict(stub);
		await put(stub, "a", { round });
		await evict(stub);
		await remove(stub, "a");
	}
	const changes = await reader.take(10);
	expect(short(changes)).toEqual([4, 6, 8, 10, 12].flatMap((rev) => [`+a@${rev}`, `-a@${rev + 1}`]));
	expect(reader.lastId).toBe(`${epoch}:13`);
	expect(reader.ended).toBeUndefined();
	await reader.cancel();
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
});

test("Last-Event-ID goes on after a change, or in the middle of the first records, and wins over after", async () => {
	const { name, stub } = freshSpace();
	const { epoch } = await stub.info();
	for (const id of ["a", "b", "c"]) await put(stub, id);
	await put(stub, "b", { again: true });
	await remove(stub, "c");
	const after = await open(name, `carts?after=${epoch}:3`);
	expect(short(await after.take(2))).toEqual(["+b@4", "-c@5"]);
	const middle = await open(name, `carts?after=${epoch}:5`, { "last-event-id": `${epoch}:3:a` });
	expect(short(await middle.take(3))).toEqual(["ready@3", "+b@4", "-c@5"]);
	const quiet = await open(name, "carts", { "last-event-id": `${epoch}:5` });
	await quiet.until(() => quiet.lastId !== "", "the first id");
	expect([quiet.lastId, quiet.events]).toEqual([`${epoch}:5`, []]);
});

test("one record, or a prefix, is streamed alone; a record that is not there yet comes when it does", async () => {
	const { name, stub } = freshSpace();
	for (const id of ["a", "a:1", "b"]) await put(stub, id);
	const [one, some] = [await open(name, "carts/a:2"), await open(name, "carts?prefix=a:")];
	expect(short(await one.take(1))).toEqual(["ready@3"]);
	expect(short(await some.take(2))).toEqual(["+a:1@2", "ready@3"]);
	for (const id of ["b", "a:2", "a", "a:1"]) await put(stub, id);
	expect(short(await one.take(1))).toEqual(["+a:2@5"]);
	expect(short(await some.take(2))).toEqual(["+a:2@5", "+a:1@7"]);
});

test("a wipe, and what can no longer be told, is a reset, and everything there is follows; in after it is a 410", async () => {
	const { name, stub } = freshSpace();
	const { epoch } = await stub.info();
	for (const id of ["a", "b"]) await put(stub, id);
	await remove(stub, "a");
	await runInDurableObject(stub, (_, { storage }) => {
		storage.sql.exec("UPDATE records SET updated = 1 WHERE data IS NULL");
		storage.sql.exec("UPDATE jobs SET due = 1");
	});
	await runDurableObjectAlarm(stub);
	const reader = await open(name, "carts", { "last-event-id": `${epoch}:1` });
	const events = await reader.take(3);
	expect(short(events)).toEqual(["reset retention@3", "+b@2", "ready@3"]);
	expect(events[0]?.id).toBe(`${epoch}:3:`);
	const refused = await ask(name, `carts?after=${epoch}:1`);
	expect([refused.status, await refused.json()]).toMatchObject([410, { code: "position_expired", epoch, rev: 3 }]);
	await stub.wipe();
	await put(stub, "new");
	await reader.until(() => reader.events.at(-1)?.type === "ready", "the records after the wipe");
	const told = short(reader.events);
	expect(told[0]).toMatch(/^reset epoch@/);
	expect(told.at(-2)).toBe("+new@1");
});

test("a reader that does not read is ended after a window; it comes back, and gets the last change of each record", async () => {
	const { name, stub } = freshSpace();
	const response = await ask(name, "carts");
	const write = (index: number) => put(stub, `id-${index % 40}`, { index, text: "x".repeat(20_000) });
	for (let index = 0; index < 199; index++) await write(index);
	// A space looks how long a reader has been behind when there is something to tell it.
	await new Promise((resolve) => setTimeout(resolve, slow * 1.2));
	await write(199);
	const stuck = new EventReader(response.body);
	await stuck.until(() => stuck.ended === "closed", "its end");
	const again = await open(name, "carts", { "last-event-id": stuck.lastId });
	await again.until(() => short(again.events.slice(-1))[0] === "+id-39@200", "the last change");
	const events = [...stuck.events, ...again.events].filter(({ type }) => type === "message");
	const revs = events.map(({ data }) => (JSON.parse(data) as { rev: number }).rev);
	expect(revs).toEqual([...new Set(revs)].sort((one, other) => one - other));
	console.log(`200 writes of 40 records were told in ${revs.length} changes`);
	expect(revs.length).toBeLessThan(120);
	expect(revs.slice(-40)).toEqual(Array.from({ length: 40 }, (_, index) => 161 + index));
});

test.each([
	["carts?after=nonsense", 400, "bad_position"],
	["carts?after=41", 400, "bad_position"],
	["carts?prefix=a/b", 400, "bad_request"],
	["carts?limit=3", 400, "bad_request"],
	["carts/a?prefix=a", 400, "bad_request"],
	["a%20b", 400, "bad_name"],
])("a stream of %s is refused: %i %s", async (path, status, code) => {
	const response = await ask(freshSpace().name, path);
	expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
});

test("after is for streams: a page and a record refuse it; HEAD opens no stream", async () => {
	const { name, stub } = freshSpace();
	const { epoch } = await stub.info();
	for (const path of ["carts", "carts/a"]) {
		const response = await ask(name, `${path}?after=${epoch}:1`, { accept: "application/json" });
		expect(response.status).toBe(400);
		const head = await ask(name, path, {}, "HEAD");
		expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
	}
	expect((await stub.info()).sockets).toBe(0);
});
