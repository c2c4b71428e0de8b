import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durations, limits } from "../../protocol/limits.ts";
import { frame, opcodes, upgradeByHand } from "../helpers/frames.ts";
import { getJson, headOf, postJson, publishAll } from "../helpers/http.ts";
import { residentMemory } from "../helpers/processes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Frames } from "../helpers/socket-frames.ts";
import { connectTcp, exchangeText, readLine, type TcpClient } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";

let server: TestServer;

beforeAll(async () => {
	// A client that reads nothing is given up after 1.5 s in place of 30 s.
	server = await startServer({
		env: { AEROGRAM_DURATION_SCALE: "0.05" },
	});
});
afterAll(() => server.stop());

/** The slowest of some publishes by HTTP, one after another, in milliseconds. */
async function slowestPublish(channel: string, times: number): Promise<number> {
	let slowest = 0;
	for (let time = 0; time < times; time++) {
		const started = performance.now();
		expect((await postJson(`${channel}/messages`, { data: time })).status).toBe(201);
		slowest = Math.max(slowest, performance.now() - started);
	}
	return slowest;
}

describe("connections that stop half-way hold up nobody and store nothing", () => {
	const each = 25;
	const http = (text: string) => async () => {
		const { hostname: host, port } = new URL(server.url);
		const client = await connectTcp({ host, port: Number(port) });
		await client.send(text);
		return client;
	};
	const head = "POST /v1/exchange HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
	const stuck: readonly (readonly [string, () => Promise<TcpClient>])[] = [
		["HTTP without a word", http("")],
		["HTTP in the middle of a header", http("POST /v1/exchange HTTP/1.1\r\nHost: local")],
		["HTTP in the middle of a body", http(`${head}Content-Length: 1000\r\n\r\n${exchangeText("stuck").slice(0, -1)}`)],
		["HTTP in the middle of a chunk", http(`${head}Transfer-Encoding: chunked\r\n\r\n40\r\n{"name":"stuck"`)],
		["a socket after its upgrade", () => upgradeByHand(server, "/v1/spaces/default/socket")],
		[
			"a socket in the middle of a frame",
			async () => {
				const client = await upgradeByHand(server, "/v1/spaces/default/socket");
				await client.send(frame(opcodes.text, '{"t":"pub","ref":1,"ch":"exchange","data":1}').subarray(0, -5));
				return client;
			},
		],
		["raw TCP without a word", () => connectTcp(server.tcp)],
		[
			"raw TCP in the middle of a value",
			async () => {
				const client = await connectTcp(server.tcp);
				await client.send('{"name": "stuck", "message": "hi"');
				return client;
			},
		],
	];

	test.each(stuck)("%s", async (_, open) => {
		const exchange = `${server.url}/v1/spaces/default/channels/exchange`;
		const before = await headOf(exchange);
		const clients = await Promise.all(Array.from({ length: each }, open));
		try {
			expect(await slowestPublish(`${server.url}/v1/spaces/default/channels/served`, 5)).toBeLessThan(1_000);
			using other = await connectTcp(server.tcp);
			await other.send(exchangeText(""));
			expect(readLine(await other.read())).toMatchObject({ code: "bad_request" });
			expect(await headOf(exchange)).toBe(before);
		} finally {
			for (const { socket } of clients) socket.resetAndDestroy();
		}
		await until(async () => {
			const { sockets } = await getJson<{ sockets: number }>(`${server.url}/v1/spaces/default`);
			return sockets === 0;
		}, "the sockets to be taken away");
		expect(await headOf(exchange)).toBe(before);
	});
});

describe("a client that stops reading", () => {
	const space = () => `${server.url}/v1/spaces/slow`;
	const megabytes = 20;
	// 64 messages a megabyte, five requests.
	const large = Array.from({ length: 64 }, (_, index) => `${index}`.padEnd(16_000, "x"));

	/** Publishes 20 MB, while others publish and are timed. */
	async function flood(channel: string): Promise<number> {
		let slowest = 0;
		for (let megabyte = 0; megabyte < megabytes; megabyte++) {
			const [, time] = await Promise.all([
				publishAll(`${space()}/channels/${channel}/messages`, large),
				slowestPublish(`${space()}/channels/quiet`, 2),
			]);
			slowest = Math.max(slowest, time);
		}
		return slowest;
	}

	test("costs the server no memory and others no time, is closed with slow_consumer, and loses nothing", async () => {
		// Four floods that are all read: by then the runtime has taken the memory that 20 MB cost by themselves.
		for (let time = 0; time < 4; time++) {
			using live = await subscribe(`warm:${time}`);
			await Promise.all([flood(`warm:${time}`), readAll(live, `warm:${time}`)]);
		}
		const before = residentMemory(server.pid);

		const mute = await Promise.all(
			Array.from({ length: 4 }, async () => {
				const client = await upgradeByHand(server, "/v1/spaces/slow/socket");
				await client.send(frame(opcodes.text, '{"t":"sub","ref":1,"ch":"flood"}'));
				expect((await client.read()).toString()).toContain('"ref":1');
				client.socket.pause();
				return client;
			}),
		);
		using live = await subscribe("flood");
		const [slowest] = await Promise.all([flood("flood"), readAll(live, "flood")]);
		expect(slowest).toBeLessThan(1_000);
		expect(residentMemory(server.pid) - before).toBeLessThan(20);
		// Who is behind is looked at when something is stored.
		await new Promise((resolve) => setTimeout(resolve, durations.slow * 0.05 + 100));
		await publishAll(`${space()}/channels/flood/messages`, ["one more"]);

		for (const client of mute) {
			client.socket.resume();
			const heard = Buffer.from(await everything(client), "latin1");
			expect(heard.length).toBeLessThan(limits.windowBytes + 2 * limits.frameBytes);
			const text = heard.toString("latin1");
			expect(text).toContain('{"t":"bye","code":"slow_consumer"');
			// The close frame is the last: 4110 and its reason.
			const close = heard.lastIndexOf(Buffer.of(4110 >> 8, 4110 & 255));
			expect(text.slice(close + 2)).toBe("The client reads too slowly");
			client[Symbol.dispose]();
		}
		// What it did not read is in the log, for whoever comes back.
		using back = await subscribe("flood");
		await readAll(back, "flood");
	});

	async function subscribe(channel: string): Promise<Frames> {
		const socket = await Frames.open(server, "slow");
		expect(await socket.ask(`{"t":"sub","ref":1,"ch":"${channel}","at":"start"}`)).toMatchObject({ t: "ok", after: 0 });
		return socket;
	}

	/** Reads a whole flood, each message once and in order, and gives credit for each frame. */
	async function readAll(socket: Frames, channel: string): Promise<void> {
		for (let seq = 0; seq < megabytes * large.length; ) {
			const { t, after, to, e } = await socket.next<Delivery>();
			expect([t, after]).toEqual(["msg", seq]);
			for (const message of e) expect(message.seq).toBe(++seq);
			expect(seq).toBe(to);
			socket.send(`{"t":"credit","ch":"${channel}","seq":${seq}}`);
		}
	}

	/** What had been sent to it, until nothing more comes for a moment: the runtime leaves the end to the client. */
	async function everything(client: TcpClient): Promise<string> {
		let heard = "";
		while (!heard.endsWith("The client reads too slowly")) heard += (await client.read()).toString("latin1");
		return heard;
	}
});

interface Delivery {
	readonly t: string;
	readonly after: number;
	readonly to: number;
	readonly e: readonly { readonly seq: number }[];
}

test("after all of it the server is healthy and stores what is good", async () => {
	expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
	expect(await slowestPublish(`${server.url}/v1/spaces/slow/channels/good`, 1)).toBeLessThan(1_000);
});
