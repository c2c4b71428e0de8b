/**
 * The browser for the tests in `test/browser/`. `node tools/chromium.ts` (part of `npm test`) sees to it that there is
 * one: it installs Debian's where apt and root are there, elsewhere it says in one line what is missing, and the browser
 * tests count as skipped. With CI=true nothing may be skipped, so that a missing browser is an error.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const commands = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const applications = [
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The path of a Chromium, or undefined when there is none. CHROME_PATH, where set, is the only one looked at. */
export function findChromium(environment: Readonly<NodeJS.ProcessEnv> = process.env): string | undefined {
	if (environment.CHROME_PATH) return [environment.CHROME_PATH].find(isExecutable);
	const folders = [...(environment.PATH ?? "").split(delimiter), "/usr/bin"].filter(Boolean);
	const installed = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
	return [...installed, ...applications].find(isExecutable);
}

/** Whether a missing browser is an error: in CI, where nothing may be skipped. */
export function needsChromium(environment: Readonly<NodeJS.ProcessEnv> = process.env): boolean {
	return environment.CI === "true" || environment.CI === "1";
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** Installs Debian's Chromium. Answers what stood in the way, or undefined when all went well. */
function install(): string | undefined {
	if (process.env.CHROME_PATH) return `CHROME_PATH names ${process.env.CHROME_PATH}, which cannot be run`;
	if (process.getuid?.() !== 0 || !isExecutable("/usr/bin/apt-get")) return "it is installed by apt and root only";
	console.log("Installing Chromium for the browser tests, once: apt-get install --no-install-recommends chromium");
	for (const task of [
		["update", "-qq"],
		["install", "-y", "-qq", "--no-install-recommends", "chromium"],
	]) {
		const run = spawnSync("apt-get", task, {
			env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
			stdio: ["ignore", "pipe", "pipe"],
			encoding: "utf8",
		});
		if (run.status !== 0) return `apt-get ${task[0]} failed: ${(run.stderr || run.stdout).trim().split("\n").at(-1)}`;
	}
	return findChromium() ? undefined : "apt-get installed none";
}

if (import.meta.main && !findChromium()) {
	const obstacle = install();
	if (obstacle) {
		console.log(`There is no Chromium (${obstacle}): the browser tests are skipped. CHROME_PATH may name one.`);
		process.exitCode = needsChromium() ? 1 : 0;
	}
}
