import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { projectFolder } from "../../tools/build.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

interface Told {
	readonly left: number;
	readonly acknowledged: number;
	readonly pending: number;
	readonly failures: readonly unknown[];
}

const kills = 5;

test(`a program with a stored queue, killed ${kills} times while it publishes, leaves nothing unsent and nothing stored twice`, async () => {
	const seed = seedOfRun();
	const random = new Random(seed);
	const folder = await mkdtemp(join(tmpdir(), "aerogram-queue-"));
	await using server = await startServer();
	const start = (run: number, count: number) =>
		fork(join(projectFolder, "test/helpers/queued-publisher.ts"), [server.url, folder, `${run}`, `${count}`]);
	const acknowledged: number[] = [];
	let taken = 0;
	for (let run = 0; run < kills; run++) {
		const program = start(run, 100_000);
		let told: Told | undefined;
		program.on("message", (message) => {
			told = message as Told;
		});
		const enough = 20 + Math.floor(random.next() * 60);
		await until(() => (told?.acknowledged ?? 0) >= enough, "some acknowledgements", 30_000);
		program.kill("SIGKILL");
		await once(program, "exit");
		acknowledged.push(told?.acknowledged ?? 0);
		taken += told?.left ?? 0;
	}
	const last = start(kills, 0);
	let told: Told | undefined;
	last.on("message", (message) => {
		told = message as Told;
	});
	const drained = () => {
		last.send("how far?");
		return told?.pending === 0;
	};
	await until(drained, "what the last one left", 30_000);
	taken += told?.left ?? 0;
	expect(told?.failures).toEqual([]);
	last.disconnect();
	await once(last, "exit");

	const client = new Aerogram(server.url);
	const stored: string[] = [];
	for await (const { data } of client.space("queued").channel<string>("chat").messages({ limit: 1000 }))
		stored.push(data);
	client.close();
	console.log(`seed ${seed}: ${stored.length} stored, ${taken} of them left by a kill and sent by the run after it`);
	// Of each run all up to some number, once, in order, and at least what it was told is stored.
	const runs = acknowledged.map((_, run) => stored.filter((data) => data.startsWith(`${run}-`)));
	expect(stored).toEqual(runs.flat());
	for (const [run, some] of runs.entries()) {
		expect(some).toEqual(some.map((_, index) => `${run}-${index + 1}`));
		expect(some.length).toBeGreaterThanOrEqual(acknowledged[run] ?? 0);
	}
	expect(taken).toBeGreaterThan(0);
	await rm(folder, { recursive: true });
});
