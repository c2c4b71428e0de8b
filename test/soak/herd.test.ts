import { expect, test } from "vitest";
import { Aerogram, type AerogramOptions } from "../../sdk/index.ts";
import { webSocketTransports } from "../../sdk/transports/websocket.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const sockets = webSocketTransports(undefined, undefined, undefined);

/** The most of these moments that any 100 ms hold. */
function peakOf(moments: readonly number[]): number {
	const sorted = [...moments].sort((a, b) => a - b);
	let [peak, first] = [0, 0];
	for (const [index, moment] of sorted.entries()) {
		while (moment - (sorted[first] ?? 0) >= 100) first += 1;
		peak = Math.max(peak, index - first + 1);
	}
	return peak;
}

/** Subscribes so many clients, kills the server under them, and starts it again. Says when they tried to come back. */
async function drop(server: TestServer, space: string, count: number, options: AerogramOptions) {
	const attempts: number[] = [];
	const seen: unknown[][] = [];
	const transport: AerogramOptions["transport"] = (url) => {
		attempts.push(performance.now());
		return sockets(url);
	};
	const clients = Array.from({ length: count }, () => new Aerogram(server.url, { ...options, transport }));
	const publisher = new Aerogram(server.url);
	try {
		const subscriptions = clients.map((client) => {
			const data: unknown[] = [];
			seen.push(data);
			return client
				.space(space)
				.channel("news")
				.subscribe((message) => void data.push(message.data), { from: "start" });
		});
		await Promise.all(subscriptions.map(({ ready }) => ready));
		await publisher.space(space).channel("news").publish("before");
		await until(() => seen.every(({ length }) => length === 1), "the first message everywhere");
		attempts.length = 0;
		await server.restart();
		await publisher.space(space).channel("news").publish("after");
		await until(() => seen.every(({ length }) => length === 2), "the second message everywhere", 30_000);
		expect(seen.filter((data) => `${data}` !== "before,after")).toEqual([]);
		return attempts;
	} finally {
		for (const client of [...clients, publisher]) client.close();
	}
}

test("1,000 clients of a server that is killed come back spread over five seconds, never more than 15 % in 100 ms", async () => {
	await using server = await startServer();
	const attempts = await drop(server, "herd", 1_000, {});
	const peak = peakOf(attempts);
	console.log(`1,000 clients made ${attempts.length} attempts, at most ${peak} of them within 100 ms`);
	expect(attempts.length).toBeGreaterThanOrEqual(1_000);
	expect(peak).toBeLessThanOrEqual(150);
});

test("clients that all draw the same delay come back as one herd, which the same measure sees", async () => {
	await using server = await startServer();
	const attempts = await drop(server, "herd", 200, { random: () => 0.5, durations: { spread: 3_000 } });
	const peak = peakOf(attempts);
	console.log(`200 clients without a spread made ${attempts.length} attempts, ${peak} of them within 100 ms`);
	expect(peak).toBeGreaterThan(30);
});
