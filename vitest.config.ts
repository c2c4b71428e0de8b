import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { findChromium, needsChromium } from "./tools/chromium.ts";
import { importText, skipEveryTest } from "./tools/vitest-plugins.ts";

const chromium = findChromium();
if (!chromium && needsChromium()) throw new Error("There is no Chromium, and in CI nothing may be skipped.");

/** Tests in Node start servers and wait for them more than they compute. */
const nodeTests = { testTimeout: 60_000, hookTimeout: 60_000 };

// Groups run one after another: what measures time has the machine to itself.
export default defineConfig({
	test: {
		maxWorkers: 4,
		projects: [
			{
				plugins: [importText()],
				test: { name: "unit", include: ["test/unit/**/*.test.ts"], isolate: false, sequence: { groupOrder: 1 } },
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
					sequence: { groupOrder: 3 },
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
