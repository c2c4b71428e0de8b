/**
 * `npm run test:mutants`: builds the Worker with one guarantee taken away, and runs the test that holds it. A mutant passes
 * when its test goes red, by an assertion and not by an accident. The last line counts them. `-- resume` tries those alone
 * that break resume; `-- --draw` three that break three different guarantees, drawn by a seed that is printed (another by
 * `AEROGRAM_TEST_SEED`).
 */
import { buildWorker } from "../../tools/build.ts";
import { editSources } from "../helpers/edited-build.ts";
import { Random, seedOfRun } from "../helpers/random.ts";
import { tryAll, whyRed } from "../helpers/red-run.ts";
import { type Mutant, mutants } from "./mutants.ts";

/** Runs the mutant's test against its build; resolves to why it went red, or to nothing when it stayed green. */
async function findFailure({ edits, test, named, env }: Mutant, folder: string): Promise<string | undefined> {
	const { file = "" } = await buildWorker({ outdir: folder, plugins: [editSources(edits)] });
	return whyRed({ test, named, env: { ...env, AEROGRAM_TEST_BUNDLE: file } }, folder);
}

/** How many guarantees a draw takes away. */
const drawn = 3;

/** One mutant of each of some guarantees. */
function draw(): Mutant[] {
	const seed = seedOfRun();
	const random = new Random(seed);
	const some = random.draw([...Map.groupBy(mutants, ({ breaks }) => breaks)], drawn);
	console.log(`seed ${seed}: ${some.map(([breaks]) => breaks).join(", ")}, of ${mutants.length} mutants`);
	return some.map(([, alike]) => random.pick(alike));
}

const only = process.argv[2];
const some = only === "--draw" ? draw() : mutants.filter(({ breaks }) => only === undefined || breaks === only);
await tryAll(
	"mutants",
	some.map((mutant) => ({
		title: (red) => `${red}(${mutant.breaks}): ${mutant.name}`,
		whyRed: (folder) => findFailure(mutant, folder),
	})),
);
