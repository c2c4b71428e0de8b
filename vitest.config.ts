import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { findChromium, needsChromium } from "./tools/chromium.ts";
import { importText, skipEveryTest } from "./tools/vitest-plugins.ts";

const chromium = findChromium();
if (!chromium && needsChromium()) throw new Error("There is no Chromium, and in CI nothing may be skipped.");

// Groups run one after another: tests that measure time must not share two cores with a browser.
export default defineConfig({
	test: {
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
					sequence: { groupOrder: 2 },
				},
			},
			{
				test: {
					name: "node",
					include: ["test/node/**/*.test.ts", "test/guards/**/*.test.ts"],
					testTimeout: 60_000,
					hookTimeout: 60_000,
					fileParallelism: false,
					sequence: { groupOrder: 3 },
				},
			},
			{
				plugins: chromium ? [] : [skipEveryTest("there is no Chromium")],
				test: {
					name: "browser",
					include: ["test/browser/**/*.test.ts"],
					sequence: { groupOrder: 4 },
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
