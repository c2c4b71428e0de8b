import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Json } from "../../protocol/envelopes.ts";
import { limits, scaleDurations } from "../../protocol/limits.ts";
import { Aerogram } from "../../sdk/index.ts";
import { getJson } from "../helpers/http.ts";
import { processTree } from "../helpers/processes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

const scale = 0.2;
const { grace } = scaleDurations(scale);
/** Reconnecting quickly leaves most of the grace; what is waited for an answer stays as shipped. */
const durations = { backoffBase: 20, backoffCap: 100, backoffFloor: 10, spread: 50 };

let server: TestServer;
const clients: Aerogram[] = [];

beforeAll(async () => {
	server = await startServer({ env: { AEROGRAM_DURATION_SCALE: `${scale}` } });
});
afterAll(async () => {
	for (const client of clients) client.close();
	await server?.stop();
});

/** A client of a space that has an id. */
function connect(id: string, space: string) {
	const client = new Aerogram(server.url, { client: id, durations });
	clients.push(client);
	return { client, space: client.space(space), presence: client.space(space).channel("chat").presence };
}

/** Everything that is told of the members: each event, when it came, and who is there. */
function follow(id: string, space: string) {
	const watcher = connect(id, space);
	const events: { readonly what: string; readonly at: number }[] = [];
	const seen = { events, view: "", watcher };
	watcher.presence.subscribe(({ members, changes }) => {
		for (const { event, client } of changes) events.push({ what: `${event} ${client}`, at: performance.now() });
		seen.view = members.map(({ client, data }) => `${client}=${data}`).join();
	});
	return seen;
}

/** Whether something holds within some milliseconds. */
function comes(holds: () => boolean, within: number): Promise<boolean> {
	return until(holds, "it", within).then(
		() => true,
		() => false,
	);
}

test("kill -9 between every two steps: who comes back never left, who does not has left once, after the grace", async () => {
	const seen = follow("eve", "killed");
	const [ada, bob] = [connect("ada", "killed"), connect("bob", "killed")];
	await Promise.all([ada.presence.enter(1), bob.presence.enter(1)]);
	expect(await comes(() => seen.view === "ada=1,bob=1", 10_000)).toBe(true);
	await server.kill();
	bob.client.close();
	let started = Number.POSITIVE_INFINITY;
	seen.watcher.space.on("state", ({ state }) => {
		if (state === "connected") started = Math.min(started, performance.now());
	});
	await server.restart();
	await ada.presence.update(2);
	expect(await comes(() => seen.view === "ada=2", 5 * grace)).toBe(true);
	const left = seen.events.filter(({ what }) => what === "leave bob");
	expect(left.length).toBe(1);
	const after = (left[0]?.at ?? 0) - started;
	console.log(`left ${Math.round(after)} ms after the object's start; the grace is ${grace} ms`);
	// The other clients may have woken the object a little before the watcher was there.
	expect(after).toBeGreaterThan(0.5 * grace);
	await server.restart();
	await ada.presence.enter(2);
	await server.restart();
	await ada.presence.update(3);
	expect(await comes(() => seen.view === "ada=3", 10_000)).toBe(true);
	await server.restart();
	await ada.presence.leave();
	expect(await comes(() => seen.view === "", 10_000)).toBe(true);
	await server.restart();
	expect(await getJson(`${server.url}/v1/spaces/killed/channels/chat/presence`)).toMatchObject({ count: 0 });
	expect(seen.events.map(({ what }) => what).filter((what) => what.startsWith("leave"))).toEqual([
		"leave bob",
		"leave ada",
	]);
});

test("who closes its client has left after the grace, and not before", async () => {
	const seen = follow("eve", "closed");
	const ada = connect("ada", "closed");
	await ada.presence.enter(1);
	expect(await comes(() => seen.view === "ada=1", 10_000)).toBe(true);
	const closed = performance.now();
	ada.client.close();
	expect(await comes(() => seen.view === "", 5 * grace)).toBe(true);
	expect((seen.events.at(-1)?.at ?? 0) - closed).toBeGreaterThan(0.8 * grace);
});

test("an SSE connection keeps a membership as a socket does", async () => {
	const client = new Aerogram(server.url, { client: "sse", transport: "sse", durations });
	clients.push(client);
	const { presence } = client.space("streams").channel("chat");
	await presence.enter("here");
	await new Promise((resolve) => setTimeout(resolve, 1.5 * grace));
	expect((await presence.get()).map(({ data }) => data)).toEqual(["here"]);
	client.close();
	const url = `${server.url}/v1/spaces/streams/channels/chat/presence`;
	await until(async () => (await getJson<{ count: number }>(url)).count === 0, "the end of the membership", 5 * grace);
});

test("each fault of an envelope is refused with its code, and changes nothing", async () => {
	const wire = await connectWire(server.url, "faults", "me");
	let deep: Json = 1;
	for (let level = 0; level < 40; level++) deep = [deep];
	const faults: [{ readonly [key: string]: Json }, string][] = [
		[{ t: "enter" }, "bad_name"],
		[{ t: "enter", ch: "a/b" }, "bad_name"],
		[{ t: "enter", ch: "chat", data: deep }, "too_deep"],
		[{ t: "enter", ch: "chat", data: 2 ** 53 + 2 }, "not_json"],
		[{ t: "enter", ch: "chat", data: "小".repeat(limits.memberBytes / 3) }, "too_big"],
		[{ t: "update", ch: "chat" }, "bad_request"],
		[{ t: "update", ch: "chat", data: 1 }, "not_found"],
		[{ t: "leave", ch: 7 }, "bad_name"],
		[{ t: "watch", ch: "chat" }, "bad_request"],
		[{ t: "watch", ch: "chat", of: "messages" }, "bad_request"],
		[{ t: "watch", ch: "chat", of: "members", at: 7 }, "bad_position"],
		[{ t: "unwatch", ch: "chat", of: null }, "bad_request"],
	];
	for (const [index, [envelope, code]] of faults.entries()) {
		expect([envelope, await wire.ask({ ...envelope, ref: index })]).toMatchObject([envelope, { type: "error", code }]);
	}
	expect(await getJson(`${server.url}/v1/spaces/faults/channels/chat/presence`)).toMatchObject({ count: 0 });
	expect(await wire.ask({ t: "leave", ref: 100, ch: "never:entered" })).toMatchObject({ type: "done" });
	expect(await wire.ask({ t: "unwatch", ref: 101, ch: "never:watched", of: "members" })).toMatchObject({
		type: "done",
	});
	const most = "x".repeat(limits.memberBytes - 2);
	expect(await wire.ask({ t: "enter", ref: 102, ch: "chat", data: most })).toMatchObject({ type: "done" });
	wire.close();
});

test("watchers that stop reading cost no memory, the others are told everything, and after a while they are closed", async () => {
	const stopped = Array.from({ length: 40 }, (_, number) => {
		const url = `${server.socketUrl}/v1/spaces/slow/socket?client=s${number}`;
		return new WebSocket(url, { perMessageDeflate: false }).on("error", () => {});
	});
	await Promise.all(stopped.map((socket) => new Promise((resolve) => socket.once("message", resolve))));
	for (const socket of stopped) {
		socket.send('{"t":"watch","ref":1,"ch":"chat","of":"members"}');
		socket.pause();
	}
	const seen = follow("eve", "slow");
	const names = Array.from({ length: 20 }, (_, number) => `m${number}`);
	const wires = await Promise.all(names.map((name) => connectWire(server.url, "slow", name)));
	const before = memoryOf(server.pid);
	const data = "x".repeat(4_000);
	for (let round = 0; round < 100; round++) {
		const enters = round % 2 === 0;
		const envelope = enters ? { t: "enter", ref: round, ch: "chat", data } : { t: "leave", ref: round, ch: "chat" };
		await Promise.all(wires.map((wire) => wire.ask(envelope)));
		const wanted = enters ? names.length : 0;
		expect(await comes(() => seen.view.split(",").filter(Boolean).length === wanted, 10_000)).toBe(true);
	}
	const grown = memoryOf(server.pid) - before;
	const told = 100 * names.length * data.length * stopped.length;
	console.log(`for 40 that do not read, ${Math.round(told / 1e6)} MB to tell, the server grew by ${grown} MB`);
	// Without a bound, what does not fit into the system's own buffers, some 4 MB a socket, would be in it.
	expect(grown).toBeLessThan(80);
	const sockets = async () => (await getJson<{ sockets: number }>(`${server.url}/v1/spaces/slow`)).sockets;
	await until(async () => (await sockets()) === wires.length + 1, "the end of those that do not read", 5 * grace);
	for (const socket of stopped) socket.terminate();
	for (const wire of wires) wire.close();
});

/** Megabytes of the largest process of a server. */
function memoryOf(pid: number): number {
	const sizes = processTree(pid).map((each) => {
		const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each.pid}/status`, "utf8")) ?? [];
		return Number(kilobytes) / 1_000;
	});
	return Math.round(Math.max(...sizes));
}
