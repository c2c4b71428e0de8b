/**
 * `npm run test:mutants`: builds the Worker with one guarantee taken away, and runs the test that holds it. A mutant passes
 * when its test goes red, by an assertion and not by an accident. The last line counts them.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { buildWorker, projectFolder } from "../../tools/build.ts";
import { type Mutant, mutants } from "./mutants.ts";

/** The part of Vitest's JSON report that is read. */
interface Report {
	readonly numTotalTests: number;
	readonly testResults: readonly {
		readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[];
	}[];
}

/** Edits the mutant's files on their way into the bundle; the tree is never touched. */
function mutate(mutant: Mutant): Plugin {
	return {
		name: "mutant",
		setup(build) {
			build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
				const edits = mutant.edits.filter((edit) => path === join(projectFolder, edit.file));
				if (edits.length === 0) return undefined;
				let contents = await readFile(path, "utf8");
				for (const { file, find, replace } of edits) {
					const times = contents.split(find).length - 1;
					if (times !== 1) throw new Error(`${file} holds ${times} times what the mutant edits: ${find}`);
					contents = contents.replace(find, () => replace);
				}
				return { contents, loader: "ts" };
			});
		},
	};
}

/** Runs the mutant's test against its build; resolves to why it went red, or to nothing when it stayed green. */
async function findFailure(mutant: Mutant, folder: string): Promise<string | undefined> {
	const { file = "" } = await buildWorker({ outdir: folder, plugins: [mutate(mutant)] });
	const output = join(folder, "report.json");
	const args = [
		"node_modules/vitest/vitest.mjs",
		"run",
		"--project",
		"node",
		"--reporter=json",
		`--outputFile=${output}`,
		mutant.test,
	];
	const env = { ...process.env, ...mutant.env, AEROGRAM_TEST_BUNDLE: file, AEROGRAM_TEST_MUTANT: "1" };
	const child = spawn(process.execPath, args, { cwd: projectFolder, env, stdio: "ignore" });
	await new Promise((resolve) => child.once("close", resolve));
	const report = JSON.parse(await readFile(output, "utf8")) as Report;
	const messages = report.testResults.flatMap(({ assertionResults }) =>
		assertionResults.flatMap((each) => each.failureMessages),
	);
	if (report.numTotalTests === 0) throw new Error(`${mutant.test} ran no test`);
	const asserted = messages.find((message) => message.startsWith("AssertionError"));
	if (messages.length > 0 && !asserted) throw new Error(`red by accident: ${messages[0]}`);
	return asserted?.split("\n").slice(0, 1).join(" ");
}

/** Tries a mutant and says what came of it; resolves to whether its test went red as it should. */
async function attempt(mutant: Mutant): Promise<boolean> {
	const folder = await mkdtemp(join(tmpdir(), "aerogram-mutant-"));
	const started = performance.now();
	try {
		const failure = await findFailure(mutant, folder);
		if (failure === undefined) throw new Error("its test stayed green");
		const seconds = ((performance.now() - started) / 1_000).toFixed(1);
		console.log(`✓ red in ${seconds} s (${mutant.breaks}): ${mutant.name}\n    ${failure}`);
		return true;
	} catch (error) {
		console.log(`✗ (${mutant.breaks}): ${mutant.name}\n    ${String(error)}`);
		return false;
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

// None of them measures time, so all run at once.
const results = await Promise.all(mutants.map(attempt));
const passed = results.filter(Boolean).length;
console.log(`mutants: ${passed} passed, ${results.length - passed} failed`);
process.exitCode = passed === results.length ? 0 : 1;
