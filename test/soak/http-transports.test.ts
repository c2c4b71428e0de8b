import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { Aerogram, type AerogramOptions } from "../../sdk/index.ts";
import { type Ack, type Entry, flawless, judge } from "../helpers/ledger.ts";
import { startProxy } from "../helpers/proxy.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { readLog } from "../helpers/read-log.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

/** Reconnecting quickly makes more of it fit; what is waited for an answer stays as shipped. */
const durations = { backoffBase: 10, backoffCap: 100, backoffFloor: 5, spread: 50 };
const seed = seedOfRun();

let server: TestServer;
beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server?.stop());

function connect(url: string, options: AerogramOptions): Aerogram {
	const client = new Aerogram(url, { ...options, durations: { ...durations, ...options.durations } });
	onTestFinished(() => client.close());
	return client;
}

describe.each(["sse", "long-poll"] as const)("over %s", (transport) => {
	test("kill -9 of the whole process group, and a restart, lose no acknowledged message, double none and keep the order", async () => {
		const space = `killed-${transport}`;
		const open = () => connect(server.url, { transport }).space(space).channel<Entry["data"]>("log");
		const [acks, failures, gaps]: [Ack[], unknown[], unknown[]] = [[], [], []];
		const seen = [1, 2].map(() => {
			const entries: Entry[] = [];
			open().subscribe((message) => entries.push(message), { from: "start", onGap: (gap) => gaps.push(gap) });
			return entries;
		});
		let publishing = true;
		const publishers = [0, 1, 2].map(async (publisher) => {
			const channel = open();
			const pending = new Set<Promise<void>>();
			for (let index = 0; publishing; index++) {
				const publish = channel.publish({ publisher, index }).then(
					({ seq, duplicate }) => void acks.push({ seq, duplicate, publisher, index }),
					(error: unknown) => void failures.push(error),
				);
				pending.add(publish);
				void publish.then(() => pending.delete(publish));
				if (pending.size >= 16) await Promise.race(pending);
			}
			await Promise.all(pending);
		});
		for (let kill = 0; kill < 3; kill++) {
			const enough = acks.length + 300;
			await until(() => acks.length >= enough, "the next 300 acks", 30_000);
			await server.restart();
		}
		const enough = acks.length + 300;
		await until(() => acks.length >= enough, "the last acks", 30_000);
		publishing = false;
		await Promise.all(publishers);
		const log = await readLog<Entry>(server.url, space, "log");
		await until(() => seen.every((entries) => entries.length >= log.length), "the subscribers to arrive").catch(
			() => {},
		);
		expect(failures).toEqual([]);
		expect(gaps).toEqual([]);
		expect(judge(log, acks, seen)).toEqual(flawless);
		expect(acks.length).toBeGreaterThanOrEqual(1_200);
	});

	test("50 cuts at random bytes, in the middle of what is on its way, lose no message of 600 and double none", async () => {
		const random = new Random(seed);
		const proxy = await startProxy(server.url, {
			// Below the size of a `welcome` it never stands; most live a little longer.
			nextBudget: () => (proxy.cuts < 50 ? 500 + random.below(8_000) : Number.POSITIVE_INFINITY),
		});
		onTestFinished(() => proxy.close());
		const open = () => connect(proxy.url, { transport, inFlight: 16 }).space(`cut-${transport}`).channel<string>("log");
		const [seen, gaps]: [{ seq: number; data: string }[], unknown[]] = [[], []];
		open().subscribe((message) => seen.push(message), { from: "start", onGap: (gap) => gaps.push(gap) });
		const publishers = [0, 1].map(async (publisher) => {
			const channel = open();
			const published: Promise<unknown>[] = [];
			for (let index = 0; index < 300; index++) {
				published.push(channel.publish(`${publisher}:${index}:${"x".repeat(random.below(200))}`));
				if (index % 8 === 0) await published.at(-1);
			}
			await Promise.all(published);
		});
		await Promise.all(publishers);
		await until(() => seen.length >= 600, "every message");
		console.log(`${transport}, seed ${seed}: ${proxy.cuts} cuts`);
		expect(proxy.cuts).toBeGreaterThanOrEqual(50);
		expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
		expect(new Set(seen.map(({ data }) => data.split(":").slice(0, 2).join(":"))).size).toBe(600);
		expect(gaps).toEqual([]);
	});

	test("a reader that takes nothing is sent no more than its window, and gets all of 8 MB when it does", async () => {
		let received = 0;
		const counting: typeof fetch = async (input, init) => {
			const response = await fetch(input, init);
			const { body, status, headers } = response;
			const counter = new TransformStream<Uint8Array, Uint8Array>({
				transform(chunk, controller) {
					received += chunk.length;
					controller.enqueue(chunk);
				},
			});
			return new Response(body?.pipeThrough(counter) ?? null, { status, headers });
		};
		const space = `slow-${transport}`;
		const publisher = connect(server.url, {}).space(space).channel<string>("big");
		await Promise.all(Array.from({ length: 160 }, (_, index) => publisher.publish(`${index}`.padEnd(50_000, "."))));
		const subscription = connect(server.url, { transport, fetch: counting })
			.space(space)
			.channel<string>("big")
			.subscribe({ from: "start" });
		await subscription.ready;
		await until(() => received > limits.windowBytes, "the first window");
		let before = -1;
		// As soon as nothing more came for a while, nothing more will.
		await until(async () => {
			const still = before === received;
			before = received;
			await new Promise((resolve) => setTimeout(resolve, 300));
			return still && before === received;
		}, "the sender to stop");
		expect(received).toBeLessThan(2.5 * limits.windowBytes);
		let count = 0;
		for await (const { seq, data } of subscription) {
			count += 1;
			expect([seq, data.length]).toEqual([count, 50_000]);
			if (count === 160) break;
		}
	});
});

/** A proxy that hands on an answer when it has all of it. */
async function startBufferingProxy(target: string): Promise<string> {
	const proxy = createServer((incoming, outgoing) => {
		const { method, headers, url } = incoming;
		const onward = forward(new URL(url ?? "/", target), { method, headers }, (answer) => {
			const chunks: Buffer[] = [];
			answer.on("data", (chunk: Buffer) => chunks.push(chunk));
			answer.on("error", () => outgoing.destroy());
			answer.on("end", () => {
				const { "transfer-encoding": _, ...rest } = answer.headers;
				outgoing.writeHead(answer.statusCode ?? 502, rest).end(Buffer.concat(chunks));
			});
		});
		onward.on("error", () => outgoing.destroy());
		outgoing.on("close", () => onward.destroy());
		incoming.pipe(onward);
	});
	await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		proxy.close();
		proxy.closeAllConnections();
	});
	return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

test("behind a proxy that holds answers back until they end, a client without a WebSocket goes on by long-poll", async () => {
	const own = globalThis.WebSocket;
	Reflect.deleteProperty(globalThis, "WebSocket");
	onTestFinished(() => {
		globalThis.WebSocket = own;
	});
	const asked: string[] = [];
	const noting: typeof fetch = (input, init) => {
		asked.push(init?.method ?? "GET");
		return fetch(input, init);
	};
	const url = await startBufferingProxy(server.url);
	const client = connect(url, { fetch: noting, durations: { connect: 500 } });
	const states: string[] = [];
	client.space("held-back").on("state", ({ state }) => states.push(state));
	const channel = client.space("held-back").channel<string>("chat");
	const seen: string[] = [];
	const subscription = channel.subscribe(({ data }) => seen.push(data));
	await subscription.ready;
	await channel.publish("through");
	await until(() => seen.length === 1, "the message");
	expect(states).toEqual(["connecting", "waiting", "connecting", "connected"]);
	expect(asked.filter((method) => method === "GET")).toHaveLength(1);
	// Another space of the same client need not find out again.
	await client.space("held-back-too").channel("chat").publish("at once");
	expect(asked.filter((method) => method === "GET")).toHaveLength(1);
});
