import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "../../tools/build.ts";

/** A test that must go red, and where. */
export interface RedRun {
	/** Of `vitest.red.config.ts`: `unit` for tests that load the sources themselves. Default: `node`, for those that start servers. */
	readonly project?: "node" | "unit";
	/** The file of the test, and how much of it is enough: only tests whose names hold `named`. Default: all. */
	readonly test: string;
	readonly named?: string | undefined;
	readonly env: Readonly<Record<string, string>>;
}

/** The part of Vitest's JSON report that is read. */
interface Report {
	readonly numPassedTests: number;
	readonly numFailedTests: number;
	readonly testResults: readonly {
		readonly message?: string;
		readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[];
	}[];
}

/**
 * Runs a test; resolves to why it went red, or to nothing where it stayed green. The report is written into `folder`.
 *
 * @throws where no test ran, or one went red by an accident and not by an assertion.
 */
export async function whyRed(
	{ project = "node", test, named, env }: RedRun,
	folder: string,
): Promise<string | undefined> {
	const output = join(folder, "report.json");
	const args = [
		"node_modules/vitest/vitest.mjs",
		"run",
		"--config",
		"vitest.red.config.ts",
		"--project",
		project,
		"--reporter=json",
		`--outputFile=${output}`,
		...(named === undefined ? [] : ["--testNamePattern", named]),
		test,
	];
	const child = spawn(process.execPath, args, {
		cwd: projectFolder,
		env: { ...process.env, ...env, AEROGRAM_TEST_MUTANT: "1" },
		stdio: "ignore",
	});
	await new Promise((resolve) => child.once("close", resolve));
	const report = JSON.parse(await readFile(output, "utf8")) as Report;
	const messages = report.testResults.flatMap(({ assertionResults }) =>
		assertionResults.flatMap((each) => each.failureMessages),
	);
	const broken = report.testResults.find(({ assertionResults, message }) => assertionResults.length === 0 && message);
	if (broken) throw new Error(`${test} could not run: ${broken.message}`);
	if (report.numPassedTests + report.numFailedTests === 0) throw new Error(`${test} ran no test`);
	const asserted = messages.find((message) => message.startsWith("AssertionError"));
	if (messages.length > 0 && !asserted) throw new Error(`red by accident: ${messages[0]}`);
	return asserted?.split("\n").slice(0, 1).join(" ");
}

/** Something taken away, by which a test must go red. */
export interface RedCase {
	/** What the line about it says; `red` says how long it took to go red, and is empty where it did not. */
	title(red: string): string;
	/** Resolves to why its test went red, or to nothing when that stayed green. The folder is gone afterwards. */
	whyRed(folder: string): Promise<string | undefined>;
}

/** Tries some, says of each what came of it and, in the last line, how many went red as they should. */
export async function tryAll(what: string, cases: readonly RedCase[]): Promise<void> {
	const waiting = [...cases];
	const results: boolean[] = [];
	const tryWaiting = async () => {
		for (let one = waiting.shift(); one; one = waiting.shift()) results.push(await attempt(one));
	};
	// Two at a time: none measures time, but what a kill meets is left to chance where too many share the cores.
	await Promise.all([tryWaiting(), tryWaiting()]);
	const passed = results.filter(Boolean).length;
	console.log(`${what}: ${passed} passed, ${results.length - passed} failed`);
	process.exitCode = passed === results.length ? 0 : 1;
}

/** Does something with a folder of its own. */
export async function withFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
	const folder = await mkdtemp(join(tmpdir(), "aerogram-red-"));
	try {
		return await work(folder);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function attempt(one: RedCase): Promise<boolean> {
	const started = performance.now();
	try {
		const failure = await withFolder((folder) => one.whyRed(folder));
		if (failure === undefined) throw new Error("its test stayed green");
		const seconds = ((performance.now() - started) / 1_000).toFixed(1);
		console.log(`✓ ${one.title(`red in ${seconds} s `)}\n    ${failure}`);
		return true;
	} catch (error) {
		console.log(`✗ ${one.title("")}\n    ${String(error)}`);
		return false;
	}
}
