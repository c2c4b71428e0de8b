import { afterAll, beforeAll, expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { limits, scaleDurations } from "../../protocol/limits.ts";
import { getJson } from "../helpers/http.ts";
import { comes, gatherMembers } from "../helpers/members.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

const scale = 0.2;
const { grace } = scaleDurations(scale);

let server: LocalServer;
let members: ReturnType<typeof gatherMembers>;

beforeAll(async () => {
	server = await serveHere({ env: { AEROGRAM_DURATION_SCALE: `${scale}` } });
	members = gatherMembers(server);
});
afterAll(async () => {
	members?.close();
	await server?.stop();
});

test("who closes its client has left after the grace, and not before", async () => {
	const seen = members.follow("eve", "closed");
	const ada = members.connect("ada", "closed");
	await ada.presence.enter(1);
	expect(await comes(() => seen.view === "ada=1", 10_000)).toBe(true);
	const closed = performance.now();
	ada.client.close();
	expect(await comes(() => seen.view === "", 5 * grace)).toBe(true);
	expect((seen.events.at(-1)?.at ?? 0) - closed).toBeGreaterThan(0.8 * grace);
});

test("an SSE connection keeps a membership as a socket does", async () => {
	const { client, presence } = members.connect("sse", "streams", "sse");
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
