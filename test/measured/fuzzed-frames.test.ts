import { afterAll, beforeAll, expect, test } from "vitest";
import { fuzzTargets } from "../fuzz/decoders.ts";
import { getJson } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { connectWire } from "../helpers/wire.ts";

// Another seed by hand: AEROGRAM_FUZZ_SEED=7 npx vitest run --project measured test/measured/fuzzed-frames.test.ts
const seed = Number(process.env.AEROGRAM_FUZZ_SEED ?? 20_261_125);
const count = 50_000;
/** Sent before what was sent is answered. */
const window = 50;
const space = "fuzzed";

let server: TestServer;

beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server.stop());

/** Sends random frames on a socket, and opens another where the server ends it; resolves to how often it did. */
async function sendFrames(): Promise<number> {
	const target = fuzzTargets.find(({ name }) => name === "JSON envelope");
	const frames = target?.stream(seed) as Generator<string>;
	let [sent, closed] = [0, 0];
	while (sent < count) {
		const socket = new WebSocket(`${server.socketUrl}/v1/spaces/${space}/socket?client=fuzzer`, "aerogram.v1");
		const ended = new Promise<void>((resolve) => socket.addEventListener("close", () => resolve()));
		await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
		while (sent < count && socket.readyState === WebSocket.OPEN) {
			for (let batch = 0; batch < window; batch++, sent++) socket.send(frames.next().value);
			const ref = 1_000_000 + sent;
			const answered = new Promise<void>((resolve) => {
				const hear = ({ data }: MessageEvent) => {
					if (!String(data).includes(`"ref":${ref}`)) return;
					socket.removeEventListener("message", hear);
					resolve();
				};
				socket.addEventListener("message", hear);
			});
			socket.send(`{"t":"unsub","ref":${ref},"ch":"last"}`);
			await Promise.race([answered, ended]);
		}
		if (socket.readyState !== WebSocket.OPEN) closed += 1;
		socket.close();
	}
	return closed;
}

test("50,000 random frames cost another client of the space no more than 100 ms of one echo in a hundred", async () => {
	const wire = await connectWire(server.url, space, "echo");
	await wire.ask({ t: "sub", ref: 1, ch: "echo" });
	const times: number[] = [];
	let over = false;
	const sending = sendFrames().finally(() => {
		over = true;
	});
	for (let ref = 2; !over; ref++) {
		const started = performance.now();
		expect(
			await wire.ask({ t: "pub", ref, ch: "echo", n: ref, prev: ref === 2 ? -1 : ref - 1, data: ref }),
		).toMatchObject({
			type: "published",
		});
		times.push(performance.now() - started);
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
	const closed = await sending;
	times.sort((a, b) => a - b);
	const at = (share: number) => times[Math.floor(share * times.length)] ?? 0;
	console.log(
		`seed ${seed}: ${count} frames, closed ${closed} times; ${times.length} echoes, ${at(0.5).toFixed(1)} ms at the median, ` +
			`${at(0.99).toFixed(1)} ms at p99, ${at(1 - 1 / times.length).toFixed(1)} ms at most`,
	);
	expect(times.length).toBeGreaterThan(100);
	expect(at(0.99)).toBeLessThanOrEqual(100);
	expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
	expect(server.log()).not.toMatch(/[Uu]nhandled|[Uu]ncaught|TypeError|RangeError/);
	wire.close();
});
