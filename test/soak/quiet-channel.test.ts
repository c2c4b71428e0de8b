import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { startServer } from "../helpers/server.ts";
import { connectWire } from "../helpers/wire.ts";

test("a quiet channel keeps answering (p99 within 50 ms) while another of the same space is flooded with 512 in flight", async () => {
	const server = await startServer();
	const flood = new Worker(new URL("../helpers/flood.ts", import.meta.url), {
		workerData: { url: server.url, space: "busy", channel: "loud", inFlight: 512 },
	});
	try {
		await once(flood, "message");
		const quiet = await connectWire(server.url, "busy", "quiet");
		const waits: number[] = [];
		const until = performance.now() + 3_000;
		for (let n = 0; performance.now() < until; n++) {
			const asked = performance.now();
			const answer = await quiet.ask({ t: "pub", ref: n, ch: "quiet", n, prev: n - 1, data: n });
			waits.push(performance.now() - asked);
			expect(answer).toMatchObject({ type: "published", seq: n + 1 });
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
		flood.postMessage("stop");
		const [answered] = (await once(flood, "message")) as [number];
		waits.sort((a, b) => a - b);
		const at = (share: number) => waits[Math.floor(waits.length * share)] ?? Number.NaN;
		console.log(
			`${waits.length} quiet answers beside ${answered} loud ones: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`,
		);
		expect(waits.length).toBeGreaterThan(50);
		expect(answered).toBeGreaterThan(10_000);
		expect(at(0.99)).toBeLessThanOrEqual(50);
		quiet.close();
	} finally {
		await flood.terminate();
		await server.stop();
	}
});
