import { expect, test } from "vitest";
import { startServer } from "../helpers/server.ts";
import { connectWire } from "../helpers/wire.ts";

test("a quiet channel keeps answering (p99 within 50 ms) while another of the same space is flooded with 512 in flight", {
	timeout: 60_000,
}, async () => {
	const server = await startServer({ bundle: process.env.AEROGRAM_TEST_BUNDLE });
	try {
		const flood = await connectWire(server.url, "busy", "flood");
		const quiet = await connectWire(server.url, "busy", "quiet");
		const data = { text: "x".repeat(100) };
		let [sent, answered, flooding] = [0, 0, true];
		const fill = () => {
			const frame = [];
			while (flooding && sent - answered < 512 && frame.length < 100) {
				frame.push({ t: "pub", ref: sent, ch: "loud", n: sent, prev: sent - 1, data });
				sent += 1;
			}
			if (frame.length > 0) flood.send(frame);
			return frame.length === 100;
		};
		flood.onEnvelopes = (envelopes) => {
			answered += envelopes.filter((each) => each.type === "published").length;
			while (fill());
		};
		while (fill());
		const waits: number[] = [];
		const until = performance.now() + 3_000;
		for (let n = 0; performance.now() < until; n++) {
			const asked = performance.now();
			const answer = await quiet.ask({ t: "pub", ref: n, ch: "quiet", n, prev: n - 1, data: n });
			expect(answer).toMatchObject({ type: "published", seq: n + 1 });
			waits.push(performance.now() - asked);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
		flooding = false;
		waits.sort((a, b) => a - b);
		const at = (share: number) => waits[Math.floor(waits.length * share)] ?? Number.NaN;
		console.log(
			`${waits.length} quiet answers beside ${answered} loud ones: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`,
		);
		expect(waits.length).toBeGreaterThan(50);
		expect(answered).toBeGreaterThan(10_000);
		expect(at(0.99)).toBeLessThanOrEqual(50);
		flood.close();
		quiet.close();
	} finally {
		await server.stop();
	}
});
