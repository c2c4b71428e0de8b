import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { projectFolder } from "../../tools/build.ts";
import { postJson } from "../helpers/http.ts";
import { residentMemory } from "../helpers/processes.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

/** For how long it reads nothing; the server's patience is scaled to it. */
const seconds = 30;
const scale = seconds / 32;

const [rate, bytes] = [200, 4_096];

interface Report {
	readonly last: number;
	readonly misplaced: number;
	readonly gaps: number;
	/** Why it lost its connection, each time. */
	readonly lost: readonly string[];
}

/** Publishes at the rate for so long. Returns how many it was, once all are stored. */
async function flow(client: Aerogram, channel: string, duration: number): Promise<number> {
	const target = client.space("stopped").channel<{ at: number; text: string }>(channel);
	const text = "x".repeat(bytes - 40);
	const published: Promise<unknown>[] = [];
	for (const began = performance.now(); performance.now() - began < duration; await sleep(5)) {
		const due = Math.floor(((performance.now() - began) / 1_000) * rate);
		while (published.length < due) published.push(target.publish({ at: performance.now(), text }));
	}
	await Promise.all(published);
	return published.length;
}

test.runIf(process.platform === "linux")(
	`a reader stopped for ${seconds} s costs no memory, delays nobody, and misses nothing once it goes on`,
	{ timeout: 120_000 },
	async () => {
		await using server = await startServer({ env: { AEROGRAM_DURATION_SCALE: `${scale}` } });
		const reader = fork(join(projectFolder, "test/helpers/counting-reader.ts"), [server.url, "stopped", "flow"]);
		const client = new Aerogram(server.url);
		const other = new Aerogram(server.url);
		const report = async (): Promise<Report> => {
			reader.send("report");
			const [told] = (await once(reader, "message")) as [Report];
			return told;
		};
		try {
			// Publishing alone fills the runtime's heap to what it keeps.
			const drafts = Array.from({ length: 4 }, () => ({ data: "x".repeat(62_500) }));
			for (let megabytes = 0; megabytes < 150; megabytes += 0.25) {
				const response = await postJson(`${server.url}/v1/spaces/stopped/channels/warm/messages`, drafts);
				await response.arrayBuffer();
			}
			const latencies: number[] = [];
			const subscription = other
				.space("stopped")
				.channel<{ at: number }>("flow")
				.subscribe(({ data }) => void latencies.push(performance.now() - data.at));
			await subscription.ready;
			const before = await flow(client, "flow", 2_000);
			await until(async () => (await report()).last === before, "the reader");
			reader.kill("SIGSTOP");
			const memory = residentMemory(server.pid);
			latencies.length = 0;
			let most = memory;
			const watching = setInterval(() => {
				most = Math.max(most, residentMemory(server.pid));
			}, 250);
			const during = await flow(client, "flow", seconds * 1_000);
			clearInterval(watching);
			await until(() => latencies.length === during, "the other reader");
			reader.kill("SIGCONT");
			const after = await flow(client, "flow", 1_000);
			const all = before + during + after;
			await until(async () => (await report()).last >= all, "what the stopped reader missed", 30_000);
			latencies.sort((a, b) => a - b);
			const p99 = latencies[Math.floor(during * 0.99)] ?? 0;
			const told = await report();
			console.log(
				`${during} messages in ${seconds} s: memory ${memory.toFixed(0)} MiB and ${(most - memory).toFixed(1)} more, ` +
					`p99 ${p99.toFixed(1)} ms for the other reader; the stopped one lost its connection by ${told.lost}`,
			);
			expect(during).toBeGreaterThan(rate * seconds * 0.95);
			expect(told).toMatchObject({ last: all, misplaced: 0, gaps: 0 });
			expect(most - memory).toBeLessThanOrEqual(20);
			expect(p99).toBeLessThanOrEqual(50);
		} finally {
			client.close();
			other.close();
			reader.kill("SIGKILL");
		}
	},
);
