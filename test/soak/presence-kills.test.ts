import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { scaleDurations } from "../../protocol/limits.ts";
import { getJson } from "../helpers/http.ts";
import { comes, gatherMembers } from "../helpers/members.ts";
import { residentMemory } from "../helpers/processes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

const scale = 0.2;
const { grace } = scaleDurations(scale);

let server: TestServer;
let members: ReturnType<typeof gatherMembers>;

beforeAll(async () => {
	server = await startServer({ env: { AEROGRAM_DURATION_SCALE: `${scale}` } });
	members = gatherMembers(server);
});
afterAll(async () => {
	members?.close();
	await server?.stop();
});

test("kill -9 between every two steps: who comes back never left, who does not has left once, after the grace", async () => {
	const seen = members.follow("eve", "killed");
	const [ada, bob] = [members.connect("ada", "killed"), members.connect("bob", "killed")];
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
	const seen = members.follow("eve", "slow");
	const names = Array.from({ length: 20 }, (_, number) => `m${number}`);
	const wires = await Promise.all(names.map((name) => connectWire(server.url, "slow", name)));
	const before = residentMemory(server.pid);
	const data = "x".repeat(4_000);
	for (let round = 0; round < 100; round++) {
		const enters = round % 2 === 0;
		const envelope = enters ? { t: "enter", ref: round, ch: "chat", data } : { t: "leave", ref: round, ch: "chat" };
		await Promise.all(wires.map((wire) => wire.ask(envelope)));
		const wanted = enters ? names.length : 0;
		expect(await comes(() => seen.view.split(",").filter(Boolean).length === wanted, 10_000)).toBe(true);
	}
	const grown = residentMemory(server.pid) - before;
	const told = 100 * names.length * data.length * stopped.length;
	console.log(
		`for 40 that do not read, ${Math.round(told / 1e6)} MB to tell, the server grew by ${grown.toFixed(1)} MiB`,
	);
	// Without a bound, what does not fit into the system's own buffers, some 4 MB a socket, would be in it.
	expect(grown).toBeLessThan(76);
	const sockets = async () => (await getJson<{ sockets: number }>(`${server.url}/v1/spaces/slow`)).sockets;
	await until(async () => (await sockets()) === wires.length + 1, "the end of those that do not read", 5 * grace);
	for (const socket of stopped) socket.terminate();
	for (const wire of wires) wire.close();
});
