/**
 * `npm run test:threats`: takes away the rule against a threat, and runs the test that holds it, which must go red, by an
 * assertion. Ten rows of the table, drawn by a seed that is printed (another by `AEROGRAM_TEST_SEED`); `-- --all`: each.
 * `-- --without T9` does one of them, and ends as its test does: red, with exit code 1.
 */
import { Random, seedOfRun } from "../helpers/random.ts";
import { tryAll, whyRed, withFolder } from "../helpers/red-run.ts";
import type { Threat } from "./threat.ts";
import { threats } from "./threats.ts";

const drawn = 10;

/** Runs the test of a threat without its rule; resolves to why it went red, or to nothing when it stayed green. */
function tryWithout({ edits, red }: Threat, folder: string): Promise<string | undefined> {
	return whyRed({ ...red, env: { AEROGRAM_TEST_EDITS: JSON.stringify(edits) } }, folder);
}

/** The rows to try: all, or some drawn by a seed. */
function draw(): readonly Threat[] {
	if (process.argv[2] === "--all") return threats;
	const seed = seedOfRun();
	const some = new Random(seed).draw(threats, drawn);
	console.log(`seed ${seed}: ${some.map(({ id }) => id).join(" ")} of ${threats.length} rows`);
	return some;
}

const without = process.argv[2] === "--without" ? process.argv[3] : undefined;
if (without === undefined) {
	await tryAll(
		"threats",
		draw().map((threat) => ({
			title: (red) => `${threat.id} ${red}without: ${threat.rule}`,
			whyRed: (folder) => tryWithout(threat, folder),
		})),
	);
} else {
	const threat = threats.find(({ id }) => id === without);
	if (!threat) throw new Error(`${without} is none of ${threats.map(({ id }) => id).join(", ")}`);
	const failure = await withFolder((folder) => tryWithout(threat, folder));
	console.log(
		`${threat.rule}\nWithout it, ${threat.red.test} ${failure === undefined ? "stays green." : `is red:\n    ${failure}`}`,
	);
	process.exitCode = failure === undefined ? 0 : 1;
}
