import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer, WebSocket as WsWebSocket } from "ws";
import { scaleDurations } from "../../../protocol/limits.ts";
import { systemClock } from "../../../sdk/clock.ts";
import { Aerogram, type AerogramOptions } from "../../../sdk/index.ts";
import { FakeServer } from "./helpers/fake-server.ts";

/** The server in memory behind real sockets. */
async function listen() {
	const fake = new FakeServer(systemClock);
	const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
	await once(server, "listening");
	const protocols: string[] = [];
	server.on("connection", (socket, request) => {
		protocols.push(socket.protocol);
		const end = fake.transport(`ws://fake${request.url}`);
		socket.on("message", (data) => end.send(String(data)));
		socket.on("close", () => end.close());
		end.open({
			received: (text) => socket.send(text),
			closed: (code, reason) => (code === 1006 ? socket.terminate() : socket.close(code, reason)),
		});
	});
	onTestFinished(() => {
		for (const socket of server.clients) socket.terminate();
		server.close();
	});
	const { port } = server.address() as AddressInfo;
	const connect = (options: AerogramOptions) => {
		const aerogram = new Aerogram(`http://127.0.0.1:${port}`, { durations: scaleDurations(0.01), ...options });
		onTestFinished(() => aerogram.close());
		return aerogram;
	};
	return { fake, connect, protocols };
}

// This test runs under a Node that has a WebSocket of its own.
describe.each<[string, AerogramOptions]>([
	["the class of the package ws", { WebSocket: WsWebSocket }],
	["the WebSocket of the platform", {}],
])("over %s", (_, options) => {
	test("messages arrive once and in order while the connection is cut again and again", async () => {
		const { fake, connect, protocols } = await listen();
		const channel = connect(options).space("default").channel<number>("chat");
		const reader = connect(options).space("default").channel<number>("chat").subscribe({ from: "start" });
		const iterator = reader[Symbol.asyncIterator]();
		const seen: unknown[] = [];
		for (let round = 0; round < 8; round++) {
			const publishes = Array.from({ length: 50 }, (_, number) => channel.publish(round * 50 + number));
			// In the middle of it, whoever is ahead: publishes without an answer, messages not yet read.
			for (let number = 0; number < 50; number++) {
				seen.push((await iterator.next()).value?.data);
				if (number === 10) fake.cut(round % 2 === 0 ? 1006 : 1012);
			}
			await Promise.all(publishes);
		}
		expect(seen).toEqual(Array.from({ length: 400 }, (_, number) => number));
		expect(protocols.length).toBeGreaterThan(8);
		expect(new Set(protocols)).toEqual(new Set(["aerogram.v1"]));
	});

	test("a close code reaches the application", async () => {
		const { fake, connect } = await listen();
		fake.refuse = 4003;
		const error: unknown = await connect(options)
			.space("default")
			.channel("chat")
			.publish(1)
			.catch((thrown) => thrown);
		expect(error).toMatchObject({ code: "forbidden" });
	});

	test("a server that is not there is tried again, until closing ends that", async () => {
		const aerogram = new Aerogram("http://127.0.0.1:9", { durations: scaleDurations(0.01), ...options });
		const space = aerogram.space("default");
		const waits = new Promise<void>((resolve) => {
			let times = 0;
			space.on("state", ({ state }) => void (state === "waiting" && ++times === 3 && resolve()));
		});
		const publish = space.channel("chat").publish("never");
		await waits;
		aerogram.close();
		await expect(publish).rejects.toMatchObject({ code: "closed" });
	});
});

test("a platform without a WebSocket, asked for one all the same, says what to pass in", async () => {
	const own = globalThis.WebSocket;
	Reflect.deleteProperty(globalThis, "WebSocket");
	onTestFinished(() => {
		globalThis.WebSocket = own;
	});
	const space = new Aerogram("http://127.0.0.1:9", { transport: "websocket" }).space("default");
	await expect(space.channel("chat").publish(1)).rejects.toMatchObject({ code: "no_websocket", retryable: false });
	await expect(space.channel("chat").subscribe().ready).rejects.toThrow(/Pass one in, or leave out the transport/);
	expect(space.state).toBe("failed");
});
