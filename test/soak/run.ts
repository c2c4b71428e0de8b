/**
 * `npm run soak`: what CI has no minutes for, and the tests of CI with far more kills, cuts and random inputs; for a night or
 * a release. It stops at the first that fails; the seed of each is printed by the test itself. `AEROGRAM_SOAK_ROUNDS`
 * (default 10) repeats it.
 */
import { spawnSync } from "node:child_process";
import { projectFolder } from "../../tools/build.ts";

const rounds = Number(process.env.AEROGRAM_SOAK_ROUNDS ?? 10);

/** What a round runs, and how much of it: what CI has a share of, and then the tests that are here alone. */
const runs: readonly {
	readonly test: string;
	readonly project: string;
	readonly env?: Readonly<Record<string, string>>;
}[] = [
	{ test: "test/soak/kill.test.ts", project: "soak", env: { AEROGRAM_TEST_KILLS: "100" } },
	{ test: "test/node/cut.test.ts", project: "node", env: { AEROGRAM_TEST_CUTS: "500" } },
	{ test: "test/node/channel-kinds.test.ts", project: "node", env: { AEROGRAM_TEST_KEYED: "100000" } },
	{ test: "test/worker/promises.test.ts", project: "worker", env: { AEROGRAM_TEST_TRANSPORTS: "all" } },
	{ test: "test/browser/promises.test.ts", project: "browser", env: { AEROGRAM_TEST_TRANSPORTS: "all" } },
	{ test: "test/unit/protocol/fuzz.test.ts", project: "unit", env: { AEROGRAM_FUZZ_TIMES: "10" } },
	{ test: "test/measured/fuzzed-frames.test.ts", project: "measured" },
	{ test: "test/soak", project: "soak" },
	{ test: "test/tools", project: "soak" },
	{ test: "test/model", project: "soak" },
];

/** Runs it with a seed of its own, and ends the soak where it fails. */
function run(what: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
	const seed = String(Date.now() % 1_000_000_000);
	console.log(`${what}, seed ${seed}`);
	const more = { ...env, AEROGRAM_TEST_SEED: seed, AEROGRAM_FUZZ_SEED: seed };
	const { status } = spawnSync(process.execPath, args, {
		cwd: projectFolder,
		env: { ...process.env, ...more },
		stdio: "inherit",
	});
	if (status !== 0) process.exit(status ?? 1);
}

for (let round = 1; round <= rounds; round++) {
	for (const { test, project, env } of runs) {
		const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project, "--testTimeout", "1200000", test];
		run(`round ${round} of ${rounds}: ${test}`, args, env);
	}
	run(`round ${round} of ${rounds}: each mutant`, ["test/mutants/run.ts"]);
	run(`round ${round} of ${rounds}: each rule of the threat table taken away`, ["test/threats/run.ts", "--all"]);
}
