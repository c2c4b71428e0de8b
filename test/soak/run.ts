/**
 * `npm run soak`: the same tests as in CI with far more kills, cuts and random inputs, for a night or a release. It stops
 * at the first that fails; the seed of each is printed by the test itself. `AEROGRAM_SOAK_ROUNDS` (default 10) repeats it.
 */
import { spawnSync } from "node:child_process";
import { projectFolder } from "../../tools/build.ts";

const rounds = Number(process.env.AEROGRAM_SOAK_ROUNDS ?? 10);

/** What a round runs, and how much of it. */
const runs: readonly {
	readonly test: string;
	readonly project: string;
	readonly env: Readonly<Record<string, string>>;
}[] = [
	{ test: "test/node/kill.test.ts", project: "node", env: { AEROGRAM_TEST_KILLS: "100" } },
	{ test: "test/node/cut.test.ts", project: "node", env: { AEROGRAM_TEST_CUTS: "500" } },
	{ test: "test/unit/protocol/fuzz.test.ts", project: "unit", env: {} },
	{ test: "test/tools", project: "tools", env: {} },
];

for (let round = 1; round <= rounds; round++) {
	for (const { test, project, env } of runs) {
		const seed = String(Date.now() % 1_000_000_000);
		console.log(`round ${round} of ${rounds}: ${test}, seed ${seed}`);
		const more = { ...env, AEROGRAM_TEST_SEED: seed, AEROGRAM_FUZZ_SEED: seed };
		const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project, "--testTimeout", "1200000", test];
		const { status } = spawnSync(process.execPath, args, {
			cwd: projectFolder,
			env: { ...process.env, ...more },
			stdio: "inherit",
		});
		if (status !== 0) process.exit(status ?? 1);
	}
}
