/**
 * `npm run test:mutants`: builds the Worker with one guarantee taken away, and runs the test that holds it. A mutant passes
 * when its test goes red, by an assertion and not by an accident. The last line counts them. `-- resume` tries those alone
 * that break resume; `-- --one-each` one of those that break the same, drawn by a seed that is printed.
 */
import { buildWorker } from "../../tools/build.ts";
import { editSources } from "../helpers/edited-build.ts";
import { Random } from "../helpers/random.ts";
import { tryAll, whyRed } from "../helpers/red-run.ts";
import { type Mutant, mutants } from "./mutants.ts";

/** Runs the mutant's test against its build; resolves to why it went red, or to nothing when it stayed green. */
async function findFailure({ edits, test, named, env }: Mutant, folder: string): Promise<string | undefined> {
	const { file = "" } = await buildWorker({ outdir: folder, plugins: [editSources(edits)] });
	return whyRed({ test, named, env: { ...env, AEROGRAM_TEST_BUNDLE: file } }, folder);
}

/** One of those that break the same, for each that is broken. */
function drawOneEach(): Mutant[] {
	const seed = Number(process.env.AEROGRAM_TEST_SEED ?? Date.now() % 1_000_000_000);
	const random = new Random(seed);
	console.log(`seed ${seed}: one of each of ${mutants.length} mutants`);
	return [...Map.groupBy(mutants, ({ breaks }) => breaks).values()].flatMap(
		(alike) => alike[random.below(alike.length)] ?? [],
	);
}

const only = process.argv[2];
const some =
	only === "--one-each" ? drawOneEach() : mutants.filter(({ breaks }) => only === undefined || breaks === only);
await tryAll(
	"mutants",
	some.map((mutant) => ({
		title: (red) => `${red}(${mutant.breaks}): ${mutant.name}`,
		whyRed: (folder) => findFailure(mutant, folder),
	})),
);
