import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Capability, type Operation, operations } from "../../protocol/capabilities.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { durations, scaleDurations } from "../../protocol/limits.ts";
import { Aerogram, type AerogramOptions } from "../../sdk/index.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { expectProblem, getJson } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { signToken, testSecret } from "../helpers/signing.ts";
import { until } from "../helpers/until.ts";

const scale = 0.02;
const on = "**/*/**";

let server: TestServer;

beforeAll(async () => {
	server = await startServer({
		bundle: process.env.AEROGRAM_TEST_BUNDLE,
		env: { AEROGRAM_KEYS: `main:${testSecret}`, AEROGRAM_DURATION_SCALE: String(scale) },
	});
});
const clients: Aerogram[] = [];

afterAll(async () => {
	for (const each of clients) each.close();
	await server?.stop();
});

function tokenOf(caps: readonly Capability[], sub = "ada", seconds = 600): string {
	return signToken({ claims: { sub, caps, exp: Math.floor(Date.now() / 1_000) + seconds } });
}

function only(...allow: readonly Operation[]): string {
	return tokenOf([{ allow, on }]);
}

function but(...without: readonly Operation[]): string {
	return only(...operations.filter((operation) => !without.includes(operation)));
}

interface Sent {
	readonly method: string;
	readonly path: string;
	readonly body?: Json;
	readonly headers?: Readonly<Record<string, string>>;
}

async function send({ method, path, body, headers = {} }: Sent, token: string): Promise<Response> {
	const response = await fetch(`${server.url}${path}`, {
		method,
		headers: {
			authorization: `Bearer ${token}`,
			...headers,
			...(body !== undefined && { "content-type": "application/json" }),
		},
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	return response;
}

function client(token: AerogramOptions["token"], options: AerogramOptions = {}): Aerogram {
	const patient = { ...scaleDurations(scale), connect: 10_000, answer: 10_000, pong: 10_000, ping: 5_000 };
	const made = new Aerogram(server.url, { token, durations: patient, ...options });
	clients.push(made);
	return made;
}

const space = "/v1/spaces/s";
const events = { accept: "text/event-stream" };

/** Each request with what it needs; it must then be answered neither 401 nor 403. */
const requests: readonly (readonly [needs: Operation, on: string, request: Sent])[] = [
	["publish", "default/channels/exchange", { method: "POST", path: "/v1/exchange", body: { name: "a", message: "b" } }],
	["admin", "**/*/**", { method: "GET", path: "/v1/spaces" }],
	["admin", "s/*/**", { method: "GET", path: space }],
	["admin", "s/channels/**", { method: "GET", path: `${space}/channels` }],
	["admin", "s/channels/chat", { method: "DELETE", path: `${space}/channels/chat` }],
	["publish", "s/channels/chat", { method: "POST", path: `${space}/channels/chat/messages`, body: { data: 1 } }],
	["history", "s/channels/chat", { method: "GET", path: `${space}/channels/chat/messages` }],
	["history", "s/channels/chat", { method: "HEAD", path: `${space}/channels/chat/messages` }],
	["history", "s/channels/chat", { method: "GET", path: `${space}/channels/chat/messages/1` }],
	["subscribe", "s/channels/chat", { method: "HEAD", path: `${space}/channels/chat/messages`, headers: events }],
	["subscribe", "s/channels/b", { method: "HEAD", path: `${space}/events?channel=b`, headers: events }],
	["subscribe", "s/channels/b", { method: "GET", path: `${space}/events?channel=b` }],
	["occupants", "s/channels/chat", { method: "GET", path: `${space}/channels/chat/presence` }],
	["admin", "s/collections/**", { method: "GET", path: `${space}/collections` }],
	["read", "s/collections/carts", { method: "GET", path: `${space}/collections/carts` }],
	["read", "s/collections/carts", { method: "HEAD", path: `${space}/collections/carts`, headers: events }],
	["write", "s/collections/carts", { method: "POST", path: `${space}/collections/carts`, body: {} }],
	["read", "s/collections/carts", { method: "GET", path: `${space}/collections/carts/c` }],
	["write", "s/collections/carts", { method: "PUT", path: `${space}/collections/carts/c`, body: {} }],
	["write", "s/collections/carts", { method: "PATCH", path: `${space}/collections/carts/c`, body: {} }],
	["delete", "s/collections/carts", { method: "DELETE", path: `${space}/collections/carts/c` }],
	["call", "s/services/x", { method: "POST", path: `${space}/services/x/calls?wait=0`, body: { data: 1 } }],
	["call", "s/services/x", { method: "GET", path: `${space}/services/x/calls/none` }],
	["call", "s/services/x", { method: "DELETE", path: `${space}/services/x/calls/none` }],
	["serve", "s/services/y", { method: "POST", path: `${space}/services/y/next` }],
	["serve", "s/services/x", { method: "PUT", path: `${space}/services/x/calls/none/reply`, body: { data: 1 } }],
	["serve", "s/services/x", { method: "POST", path: `${space}/services/x/calls/none/progress`, body: { attempt: 1 } }],
	["serve", "s/services/x", { method: "POST", path: `${space}/services/x/calls/none/nack`, body: { attempt: 1 } }],
	["admin", "wiped/*/**", { method: "DELETE", path: "/v1/spaces/wiped" }],
];

describe("over HTTP", () => {
	test("each request needs its own right, and no other", async () => {
		for (const [needs, place, request] of requests) {
			const refused = await send(request, but(needs));
			expect([request, refused.status]).toEqual([request, 403]);
			if (request.method === "HEAD") await refused.body?.cancel();
			else
				expect(await refused.json()).toMatchObject({
					code: "forbidden",
					detail: expect.stringContaining(`${needs} on`),
				});
			const elsewhere = await send(
				request,
				tokenOf([{ allow: [...operations], on: place.replace(/[^/]+$/, "other") }]),
			);
			expect([request, elsewhere.status]).toEqual([request, 403]);
			await elsewhere.body?.cancel();
			const taken = await send(request, tokenOf([{ allow: [needs], on: place }]));
			expect([request, [401, 403].includes(taken.status)]).toEqual([request, false]);
			await taken.body?.cancel();
		}
		console.log(`${requests.length} requests: each 403 without its right, and 403 with every right elsewhere`);
	});

	test("each item of a transaction needs its own, and the refusal names the first that has it not", async () => {
		const items = [
			{ op: "publish", channel: "tx", data: 1 },
			{ op: "put", collection: "tx", id: "a", data: {} },
			{ op: "delete", collection: "tx", id: "a" },
		];
		const request = { method: "POST", path: `${space}/transactions`, body: { items } };
		for (const [item, lacking] of (["publish", "write", "delete"] as const).entries()) {
			const refused = await send(request, but(lacking));
			expect(await refused.json()).toMatchObject({ status: 403, code: "forbidden", item });
		}
		expect((await send(request, only("publish", "write", "delete"))).status).toBe(200);
	});

	test("what is stored is answered as it was to who may no longer store it, and stored for nobody else", async () => {
		const headers = { "idempotency-key": "once" };
		const writes: readonly Sent[] = [
			{ method: "POST", path: `${space}/channels/keys/messages`, body: { data: 1 }, headers },
			{ method: "PUT", path: `${space}/collections/keys/a`, body: {}, headers: { "idempotency-key": "twice" } },
			{
				method: "POST",
				path: `${space}/transactions`,
				body: { items: [{ op: "publish", channel: "keys", data: 2 }] },
				headers: { "idempotency-key": "thrice" },
			},
			{ method: "POST", path: `${space}/services/keys/calls?wait=0`, body: { data: 1 }, headers },
		];
		const none = only("read");
		for (const write of writes) {
			expect([write.path, (await send(write, none)).status]).toEqual([write.path, 403]);
			const first = await send(write, only("publish", "write", "call"));
			expect([write.path, first.ok]).toEqual([write.path, true]);
			const again = await send(write, none);
			expect([write.path, again.status, again.headers.get("idempotency-replayed")]).toEqual([
				write.path,
				first.status,
				"true",
			]);
			const eve = await send(write, tokenOf([{ allow: ["read"], on }], "eve"));
			expect([write.path, eve.status]).toEqual([write.path, 403]);
		}
	});

	test("who may only subscribe reads by long-poll and event stream what is young, and is refused what is old", async () => {
		const messages = `${space}/channels/window/messages`;
		const publish = (data: number) => send({ method: "POST", path: messages, body: { data } }, only("publish"));
		await publish(1);
		const { epoch } = await getJson<{ epoch: string }>(`${server.url}${space}/channels/window`);
		await new Promise((resolve) => setTimeout(resolve, durations.resumeWindow * scale + 50));
		await publish(2);
		const listener = only("subscribe");
		const young = await send({ method: "GET", path: `${messages}?after=${epoch}:1&wait=5` }, listener);
		expect(await young.json()).toMatchObject({ messages: [{ seq: 2, from: "ada" }] });
		await expectProblem(
			await send({ method: "GET", path: `${messages}?after=${epoch}:0&wait=5` }, listener),
			"forbidden",
		);
		const old = { method: "GET", path: `${messages}?after=${epoch}:0`, headers: events };
		const closed = await send(old, listener);
		expect(closed.status).toBe(403);
		await expectProblem(closed, "forbidden");
		const stream = await send({ ...old, headers: { ...events, "last-event-id": `${epoch}:0` } }, listener);
		const reader = new EventReader(stream.body);
		const { type, data } = await reader.next();
		expect([type, JSON.parse(data)]).toMatchObject(["reset", { reason: "forbidden", head: 2 }]);
		await publish(3);
		expect(JSON.parse((await reader.next()).data)).toMatchObject({ seq: 3 });
		await reader.cancel();
		const info = await send({ method: "GET", path: `${space}/channels/window` }, listener);
		expect(await info.json()).not.toHaveProperty("occupancy");
	});
});

describe.concurrent("an event stream", () => {
	test("ends with its token, and not before", async () => {
		const token = tokenOf([{ allow: ["subscribe", "read"], on }], "ada", 2);
		const began = Date.now();
		const readers = await Promise.all(
			[`${space}/channels/ends/messages`, `${space}/events?channel=a&channel=b`, `${space}/collections/ends`].map(
				async (path) => new EventReader((await send({ method: "GET", path, headers: events }, token)).body),
			),
		);
		const latest = 2_000 + durations.leeway * scale + 3_000;
		while (readers.some(({ ended }) => ended === undefined) && Date.now() - began < latest) {
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		expect(readers.map(({ ended }) => ended)).toEqual(["closed", "closed", "closed"]);
		expect(Date.now() - began).toBeGreaterThan(1_000);
	});
});

// They wait for tokens to end, and may wait together.
describe.concurrent("the SDK", () => {
	test("sends a fresh token before the old one ends, and its connection stands", async () => {
		let given = 0;
		const states: string[] = [];
		const aerogram = client(() => {
			given += 1;
			return tokenOf([{ allow: ["publish", "subscribe", "history"], on }], "ada", 3);
		});
		const renewed = aerogram.space("renewed");
		renewed.on("state", ({ state }) => states.push(state));
		const got: Json[] = [];
		const subscription = renewed.channel<number>("chat").subscribe(({ data }) => got.push(data));
		await subscription.ready;
		await renewed.channel("chat").publish(1);
		const ends = Date.now() + 3_000 + durations.leeway * scale + 500;
		await new Promise((resolve) => setTimeout(resolve, ends - Date.now()));
		await renewed.channel("chat").publish(2);
		await until(() => got.length === 2, "both messages");
		expect(states).toEqual(["connecting", "connected"]);
		expect(given).toBeGreaterThanOrEqual(2);
		console.log(`tokens given in one connection that outlived the first: ${given}`);
	});

	test("comes back with a fresh one where the old one has ended, and loses nothing", async () => {
		// It is the same for as long as it counts, so that there is no fresh one before its end.
		let current = { token: "", until: 0 };
		const aerogram = client(() => {
			if (Date.now() > current.until) {
				current = { token: tokenOf([{ allow: ["subscribe"], on }], "ada", 2), until: Date.now() + 2_000 };
			}
			return current.token;
		});
		const codes: unknown[] = [];
		const again = aerogram.space("again");
		again.on("state", ({ state, reason }) => state === "waiting" && codes.push(reason?.code));
		const got: Json[] = [];
		await again.channel<number>("chat").subscribe(({ data }) => got.push(data)).ready;
		await until(() => codes.length > 0, "the end of the first");
		await send({ method: "POST", path: "/v1/spaces/again/channels/chat/messages", body: { data: 7 } }, only("publish"));
		await until(() => got.length === 1, "the message");
		expect(codes[0]).toBe("token_expired");
		expect(got).toEqual([7]);
	});

	test.each(["websocket", "sse", "long-poll"] as const)(
		"over %s says why it is not let in, and does not come back",
		async (transport) => {
			const { token, space: refused } = { token: `${only("publish")}x`, space: "refused" };
			const handle = client(token, { transport }).space(refused);
			const waiting = handle.channel("chat").publish(1);
			await expect(waiting).rejects.toMatchObject({ code: "unauthorized" });
			expect([handle.state, handle.reason?.code]).toEqual(["failed", "unauthorized"]);
		},
	);

	test.each(["websocket", "sse"] as const)("over %s tells what a token does not allow", async (transport) => {
		const handle = client(only("publish", "subscribe", "call"), { transport }).space(`told-${transport}`);
		await handle.channel("chat").publish(1);
		await expect(handle.channel("chat").presence.enter(1)).rejects.toMatchObject({
			code: "forbidden",
			message: expect.stringContaining("presence on"),
		});
		await expect(handle.channel("chat").history()).rejects.toMatchObject({ code: "forbidden" });
		const serving = handle.serve("resize", () => 1);
		await expect(serving.ready).rejects.toMatchObject({ code: "forbidden" });
		const blind = client(only("publish"), { transport }).space(`told-${transport}`);
		blind.on("error", () => {});
		await expect(blind.channel("chat").subscribe(() => {}).ready).rejects.toMatchObject({ code: "forbidden" });
		expect([handle.state, blind.state]).toEqual(["connected", expect.stringMatching(/connected|idle/)]);
	});

	test("fails where its fresh token is somebody else's", async () => {
		const subs = ["ada", "eve"];
		const handle = client(() => tokenOf([{ allow: ["subscribe"], on }], subs.shift() ?? "eve", 2)).space("other");
		const ended: unknown[] = [];
		handle.on("error", () => {});
		handle.on("state", ({ state, reason }) => state === "failed" && ended.push(reason?.code));
		await handle.channel("chat").subscribe(() => {}).ready;
		await until(() => ended.length > 0, "the end");
		expect(ended).toEqual(["another_principal"]);
	});
});
