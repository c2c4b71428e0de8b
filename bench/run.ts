/**
 * `npm run bench`: Aerogram beside the object one would write first (`baseline-worker.js`), on the same runtime, in
 * interleaved rounds. Only the ratios say something: absolute figures belong to the machine and the minute. It talks to
 * 127.0.0.1 alone and stops by itself.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../test/helpers/server.ts";
import { BenchSocket } from "./client.ts";

const rounds = 5;
const ms = 600;
const subscribers = 100;
const backlog = 2_000;

/** Measures one figure on one server; greater is better. */
type Scenario = (url: string, space: string) => Promise<number>;

const scenarios: Readonly<Record<string, Scenario>> = {
	"durable publishes a second, 1 in flight": (url, space) => publish(url, space, 1),
	"durable publishes a second, 64 in flight": (url, space) => publish(url, space, 64),
	[`deliveries a second to ${subscribers} subscribers, 64 in flight`]: async (url, space) => {
		const sockets = await Promise.all(
			Array.from({ length: subscribers }, (_, index) => BenchSocket.open(url, space, `s${index}`)),
		);
		await Promise.all(sockets.map((socket) => socket.subscribe(0)));
		const rate = await publish(url, space, 64);
		for (const socket of sockets) socket.close();
		return rate * subscribers;
	},
	[`replays a second of ${backlog.toLocaleString("en")} messages`]: async (url, space) => {
		const publisher = await BenchSocket.open(url, space, "p");
		let answered = 0;
		while (answered < backlog) answered += Math.round(((await publisher.publish(256, 100)) * 100) / 1_000);
		publisher.close();
		const reader = await BenchSocket.open(url, space, "r");
		const started = performance.now();
		await reader.subscribe(backlog);
		reader.close();
		return 1_000 / (performance.now() - started);
	},
};

async function publish(url: string, space: string, inFlight: number): Promise<number> {
	const socket = await BenchSocket.open(url, space, `p${inFlight}`);
	const rate = await socket.publish(inFlight, ms);
	socket.close();
	return rate;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const folder = await mkdtemp(join(tmpdir(), "aerogram-bench-"));
const [ours, baseline] = [
	await startServer(),
	await startServer({ bundle: join(import.meta.dirname, "baseline-worker.js") }),
];
try {
	for (const [name, scenario] of Object.entries(scenarios)) {
		const ratios: number[] = [];
		const rates: number[] = [];
		for (let round = 0; round < rounds; round++) {
			const space = `${Object.keys(scenarios).indexOf(name)}-${round}`;
			const reference = await scenario(baseline.url, space);
			const rate = await scenario(ours.url, space);
			rates.push(rate);
			ratios.push(rate / reference);
		}
		const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
		console.log(
			`${name}: ${median(ratios).toFixed(2)} × the baseline [${least}..${most}], ${median(rates).toPrecision(3)} here and now`,
		);
	}
} finally {
	await Promise.all([ours.stop(), baseline.stop()]);
	await rm(folder, { recursive: true, force: true });
}
