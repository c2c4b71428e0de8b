import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seedOfRun } from "../helpers/random.ts";
import { channelSteps, channels } from "./channel-steps.ts";
import { Engine, kept } from "./engine.ts";
import { faultSteps } from "./fault-steps.ts";
import { liveSteps } from "./live-steps.ts";
import { Model } from "./model.ts";
import { Real } from "./real.ts";
import { recordSteps } from "./record-steps.ts";
import { type Counts, stepsOf } from "./step.ts";

const runs = Number(process.env.AEROGRAM_TEST_RUNS ?? 500);
const seed = seedOfRun();
const kinds = [...channelSteps, ...faultSteps, ...recordSteps, ...liveSteps];
/** Where to begin: the path that fast-check prints of a run that failed. */
const path = process.env.AEROGRAM_TEST_PATH;
/** Steps of a run at most; half of them on average. */
const mostSteps = 120;

test(`${runs} runs of 40 random steps and more, on average, leave the space as a small model of it says`, {
	timeout: 60_000 + runs * 8_000,
}, async () => {
	const engine = await Engine.start(process.env.AEROGRAM_TEST_BUNDLE);
	const counts: Counts = new Map();
	let run = 0;
	try {
		const steps = fc.commands(stepsOf(kinds, counts), { maxCommands: mostSteps, size: "max" });
		await fc.assert(
			fc.asyncProperty(steps, async (commands) => {
				run += 1;
				const [model, real] = [new Model(kept.messages), await Real.start(engine, `run-${run}`)];
				try {
					await fc.asyncModelRun(() => ({ model, real }), commands);
					await real.settle(model);
					for (const channel of channels) await real.settleMembers(model, channel);
				} finally {
					await real.stop();
				}
			}),
			// Not made smaller: what only some timing meets goes away with every step that is left out.
			{
				numRuns: runs,
				seed,
				...(path === undefined ? {} : { path }),
				endOnFailure: true,
				interruptAfterTimeLimit: 60_000 + runs * 6_000,
				markInterruptAsFailure: true,
			},
		);
	} finally {
		const total = kinds.reduce((sum, { name }) => sum + (counts.get(name) ?? 0), 0);
		const each = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([name, times]) => `${name} ${times}`);
		console.log(`seed ${seed}: ${run} runs, ${total} steps: ${each.join(", ")}`);
		await engine.stop();
	}
	// Of the whole, each step is drawn more than 500 times; a small share of it may by chance have fewer than its own.
	const share = runs < 500 ? runs / 1_000 : runs / 500;
	for (const { name } of kinds) expect(counts.get(name) ?? 0, name).toBeGreaterThanOrEqual(Math.floor(500 * share));
	expect(counts.get("resumed with something to replay") ?? 0).toBeGreaterThanOrEqual(Math.floor(1_000 * share));
});
