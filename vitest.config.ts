import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { findChromium, needsChromium } from "./tools/chromium.ts";
import { importText, skipEveryTest } from "./tools/vitest-plugins.ts";

const chromium = findChromium();
if (!chromium && needsChromium()) throw new Error("There is no Chromium, and in CI nothing may be skipped.");
// Vitest keeps from one run to the next where an import leads: one that led nowhere once would do so for good.
if (!existsSync(join(import.meta.dirname, "worker/generated"))) {
	throw new Error("The SDK that the Worker serves is not built yet: `npm test` does so, or `npm run prepare-tests`.");
}

/** A key of no other server, for tests inside the runtime. */
const workerKeys = "main:q7Jd0WvYk3mT9xLr5ZcN8uBf2HsEa6GpQiXo1RtVwMy";

/** The files that take longest, the longest first: what starts last should end soon. */
const longest = ["rows", "linear-time", "promises", "bad-clients", "page"];

/** Starts the longest files first, and the others as Vitest orders them. */
class LongestFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const rank = ({ moduleId }: TestSpecification) => {
			const index = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
			return index === -1 ? longest.length : index;
		};
		return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
	}
}

/**
 * Every test makes its own spaces, servers and folders, so that files may share the modules they load. What is waited for
 * is looked for often, and given up late: how long it takes depends on what else the machine does.
 */
const shared = { isolate: false, expect: { poll: { interval: 10, timeout: 10_000 } } };

/** Tests in Node start servers and wait for them more than they compute. */
const nodeTests = { ...shared, testTimeout: 60_000, hookTimeout: 60_000 };

/**
 * All temporary files of this run, gone with it: a worker that Vitest ends has no chance to remove its own. Vitest reads
 * this file once for each project, and all of them share one folder; Chromium refuses one that is many folders deep.
 */
const runName = `aerogram-run-${process.pid}`;
const temporary = basename(tmpdir()) === runName ? tmpdir() : join(tmpdir(), runName);
mkdirSync(temporary, { recursive: true });
process.env.TMPDIR = temporary;
process.once("exit", () => rmSync(temporary, { recursive: true, force: true, maxRetries: 3 }));

/** Where the tests note which error codes servers said, and which promises were kept: the last tests read it. */
const notes = {
	AEROGRAM_TEST_SEEN: join(temporary, "seen-codes"),
	AEROGRAM_TEST_KEPT: join(temporary, "kept-promises"),
};

/** Whatever a server answers is compared with what its OpenAPI document says, and its error codes are noted. */
const checkedAnswers = {
	globalSetup: ["test/helpers/global-openapi.ts"],
	setupFiles: ["test/helpers/openapi/setup.ts", "test/helpers/seen-setup.ts"],
	env: notes,
};

/** Every process that a test starts loads the same modules: what they compile to is kept, which saves each a third of its start. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/node-compile");

// Groups run one after another: what measures time has the machine to itself.
export default defineConfig({
	test: {
		maxWorkers: 3,
		sequence: { sequencer: LongestFirst },
		// A test's name is a promise in a sentence, and a mutant names the ones that it breaks.
		taskTitleValueFormatTruncate: 0,
		projects: [
			{
				plugins: [importText()],
				test: {
					name: "unit",
					include: ["test/unit/**/*.test.ts"],
					...shared,
					testTimeout: 30_000,
					sequence: { groupOrder: 1 },
				},
			},
			{
				plugins: [
					importText(),
					cloudflareTest({
						wrangler: { configPath: "./wrangler.toml" },
						// What the product waits for in seconds, these tests wait for in hundredths.
						miniflare: {
							bindings: {
								AEROGRAM_DEV: "1",
								AEROGRAM_DURATION_SCALE: "0.01",
								AEROGRAM_KEYS: workerKeys,
								AEROGRAM_LOG: "failures",
							},
						},
					}),
				],
				test: {
					name: "worker",
					include: ["test/worker/**/*.test.ts"],
					globalSetup: ["test/promises/setup.ts"],
					...shared,
					testTimeout: 30_000,
					sequence: { groupOrder: 1 },
				},
			},
			{
				test: {
					name: "node",
					include: ["test/node/**/*.test.ts", "test/guards/**/*.test.ts"],
					...nodeTests,
					...checkedAnswers,
					sequence: { groupOrder: 1 },
				},
			},
			{
				// After all others: whether every error code was met, and every promise of every transport.
				test: {
					name: "coverage",
					include: ["test/coverage/**/*.test.ts"],
					...shared,
					globalSetup: ["test/helpers/global-seen.ts"],
					env: notes,
					sequence: { groupOrder: 3 },
				},
			},
			{
				// Not part of `npm test`: what takes minutes, what wants the machine to itself, and the tools that only CI uses.
				// `npm run soak` runs them, whole.
				plugins: [importText()],
				test: {
					name: "soak",
					include: ["test/soak/**/*.test.ts", "test/model/**/*.test.ts", "test/tools/**/*.test.ts"],
					...nodeTests,
					testTimeout: 300_000,
					...checkedAnswers,
					fileParallelism: false,
					sequence: { groupOrder: 4 },
				},
			},
			{
				test: {
					name: "measured",
					include: ["test/measured/**/*.test.ts"],
					...nodeTests,
					...checkedAnswers,
					fileParallelism: false,
					sequence: { groupOrder: 2 },
				},
			},
			{
				plugins: chromium ? [] : [skipEveryTest("there is no Chromium")],
				test: {
					name: "browser",
					include: ["test/browser/**/*.test.ts"],
					sequence: { groupOrder: 1 },
					...(chromium && browserOptions(chromium)),
				},
			},
		],
	},
});

function browserOptions(executablePath: string) {
	return {
		globalSetup: ["test/promises/setup.ts"],
		testTimeout: 30_000,
		hookTimeout: 30_000,
		api: { host: "127.0.0.1", port: 0 },
		browser: {
			enabled: true,
			headless: true,
			screenshotFailures: false,
			instances: [{ browser: "chromium" as const }],
			provider: playwright({
				launchOptions: {
					executablePath,
					args: [
						"--no-sandbox",
						"--disable-gpu",
						"--disable-quic",
						"--no-first-run",
						"--disable-background-networking",
						"--disable-component-update",
						"--disable-sync",
					],
				},
			}),
		},
	};
}
