import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { findChromium, needsChromium } from "./tools/chromium.ts";
import { importText, skipEveryTest } from "./tools/vitest-plugins.ts";

const chromium = findChromium();
if (!chromium && needsChromium()) throw new Error("There is no Chromium, and in CI nothing may be skipped.");

/** The files that take longest, the longest first: what starts last should end soon. */
const longest = ["kill", "dev-signals", "rows", "dev-command", "page", "package"];

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

/** Every test makes its own spaces, servers and folders, so that files may share the modules they load. */
const shared = { isolate: false };

/** Tests in Node start servers and wait for them more than they compute. */
const nodeTests = { ...shared, testTimeout: 60_000, hookTimeout: 60_000 };

// Groups run one after another: what measures time has the machine to itself.
export default defineConfig({
	test: {
		maxWorkers: 4,
		sequence: { sequencer: LongestFirst },
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
						miniflare: { bindings: { AEROGRAM_DEV: "1", AEROGRAM_DURATION_SCALE: "0.01" } },
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
					sequence: { groupOrder: 1 },
				},
			},
			{
				// Not part of `npm test`: the tools that only CI uses. `npm run soak` runs them.
				test: { name: "tools", include: ["test/tools/**/*.test.ts"], ...nodeTests, sequence: { groupOrder: 4 } },
			},
			{
				test: {
					name: "measured",
					include: ["test/measured/**/*.test.ts"],
					...nodeTests,
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
