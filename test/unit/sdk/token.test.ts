import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer, WebSocket as WsWebSocket } from "ws";
import { encodeServer } from "../../../protocol/codec/serving.ts";
import { limits, scaleDurations } from "../../../protocol/limits.ts";
import { Aerogram, type AerogramOptions } from "../../../sdk/index.ts";
import { until } from "../../helpers/until.ts";
import { settle } from "./helpers/fake-clock.ts";
import { json, setUpHttp } from "./helpers/fake-fetch.ts";
import { HandFetch } from "./helpers/hand-fetch.ts";

/** A server that notes which subprotocols it is offered, says welcome, and lets the test cut. */
/** Short waits, but for those that mean that the server is dead: a busy machine is not. */
const durations = { ...scaleDurations(0.01), connect: 10_000, answer: 10_000, pong: 10_000 };

async function listen(options: AerogramOptions) {
	const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
	await once(server, "listening");
	const offered: (string | undefined)[] = [];
	const chosen: string[] = [];
	server.on("connection", (socket, request) => {
		offered.push(request.headers["sec-websocket-protocol"]);
		chosen.push(socket.protocol);
		const told = { greeting: "", epoch: "000000001aaaaaaaa", connection: "c", limits, features: [] };
		socket.send(encodeServer({ type: "welcome", ...told }));
	});
	const { port } = server.address() as AddressInfo;
	const client = new Aerogram(`http://127.0.0.1:${port}`, { durations, ...options });
	onTestFinished(() => {
		client.close();
		for (const socket of server.clients) socket.terminate();
		server.close();
	});
	const cut = () => {
		for (const socket of server.clients) socket.terminate();
	};
	return { space: client.space("default"), offered, chosen, cut };
}

describe.each<[string, AerogramOptions]>([
	["the class of the package ws", { WebSocket: WsWebSocket }],
	["the WebSocket of the platform", {}],
])("over %s, a token", (_, options) => {
	test("is offered as a subprotocol beside that of the wire, a fresh one for each connection", async () => {
		let number = 0;
		const token = async () => `head.body-${++number}.sign_1`;
		const { space, offered, chosen, cut } = await listen({ ...options, token });
		space.channel("chat").subscribe();
		await until(() => space.state === "connected", "a connection");
		cut();
		await until(() => offered.length === 2, "the second connection");
		expect(offered.map((list) => list?.split(/, ?/))).toEqual([
			["aerogram.v1", "bearer.head.body-1.sign_1"],
			["aerogram.v1", "bearer.head.body-2.sign_1"],
		]);
		expect(chosen).toEqual(["aerogram.v1", "aerogram.v1"]);
	});

	test("that cannot be had, or that no header can carry, is a lost connection with its reason, tried again", async () => {
		for (const bad of [() => Promise.reject(new Error("signed out")), () => "no token\n"]) {
			let calls = 0;
			const token = () => (++calls < 3 ? bad() : "good");
			const { space, offered } = await listen({ ...options, token });
			const reasons: unknown[] = [];
			space.on("state", ({ state, reason }) => state === "waiting" && reasons.push(reason));
			space.channel("chat").subscribe();
			await until(() => space.state === "connected", "a connection");
			expect(reasons).toMatchObject([{ code: "network" }, { code: "network" }]);
			expect(offered).toHaveLength(1);
		}
	});

	test("that comes after close opens nothing", async () => {
		let give = (_: string) => {};
		const { space, offered } = await listen({ ...options, token: () => new Promise((resolve) => (give = resolve)) });
		space.connect();
		await settle();
		space.close();
		give("late");
		await new Promise((resolve) => setTimeout(resolve, 20));
		expect(offered).toEqual([]);
	});
});

describe("over HTTP, a token", () => {
	test("is said by each request, a fresh one each time, unless the request says another", async () => {
		let number = 0;
		const { http, sent } = setUpHttp([json({})], { token: () => `t${++number}` });
		await http.get("/v1/spaces");
		await http.post("/v1/exchange", { json: {} });
		await http.get("/v1/spaces", { headers: { authorization: "Bearer other" } });
		expect(sent.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer t1", "Bearer t2", "Bearer other"]);
	});

	test("is said by the event stream and the long-polls of a space, too", async () => {
		for (const transport of ["sse", "long-poll"] as const) {
			const hand = new HandFetch();
			const client = new Aerogram("https://edge.test", { fetch: hand.fetch, transport, token: "fixed" });
			onTestFinished(() => client.close());
			client.space("team").channel("chat").subscribe();
			await until(() => hand.requests.length > 0, "a request");
			expect((await hand.latest()).headers.get("authorization")).toBe("Bearer fixed");
		}
	});

	test("that cannot be had is a network error with its cause", async () => {
		const cause = new Error("signed out");
		const { http, sent } = setUpHttp([json({})], { token: () => Promise.reject(cause) });
		await expect(http.get("/v1/spaces", { retries: 0 })).rejects.toMatchObject({ code: "network", cause });
		expect(sent).toEqual([]);
	});

	test("that there is none is said by no header at all", async () => {
		const { http, sent } = setUpHttp([json({})]);
		await http.get("/v1/spaces");
		expect(sent[0]?.headers.has("authorization")).toBe(false);
	});
});
