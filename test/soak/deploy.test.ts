import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { testSecret } from "../helpers/signing.ts";

/** Runs what `npm run deploy` runs, with these keys and no account. */
async function deploy(args: readonly string[], keys?: string) {
	const { AEROGRAM_KEYS: _, ...inherited } = process.env;
	const env = { ...inherited, CLOUDFLARE_API_TOKEN: "none", ...(keys !== undefined && { AEROGRAM_KEYS: keys }) };
	const child = spawn(process.execPath, ["tools/deploy.ts", ...args], { cwd: projectFolder, env, timeout: 50_000 });
	const code = new Promise<number | null>((resolve) => child.once("close", resolve));
	const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
	return { code: await code, stdout, stderr };
}

describe.concurrent("npm run deploy", () => {
	test("-- --plan says what would be created, and ends with 0", async () => {
		const { code, stdout, stderr } = await deploy(["--plan"], `main:${testSecret}`);
		expect([code, stderr]).toEqual([0, ""]);
		expect(stdout).toMatch(/Space \(SQLite, by migration v1\), Directory \(SQLite, by migration v1\)/);
		expect(stdout).toMatch(/AEROGRAM_KEYS: main$/m);
		expect(stdout).toMatch(/nothing was uploaded/);
		expect(stdout).not.toContain(testSecret);
	});

	test.each([
		["no keys", undefined, /^Refused: There are no keys/],
		["a weak key", "main:hunter2", /^Refused: AEROGRAM_KEYS: the secret of key main/],
	])("with %s ends with 1 before Wrangler is started", async (_, keys, sentence) => {
		const { code, stdout, stderr } = await deploy([], keys);
		expect(code).toBe(1);
		expect(stderr).toMatch(sentence);
		expect(`${stdout}${stderr}`).not.toMatch(/wrangler \d|hunter2/i);
	});
});
