import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanEnvironment } from "../helpers/dev-command.ts";
import { copyTree, type TreeCopy } from "../helpers/tree-copy.ts";

let tree: TreeCopy;
beforeAll(async () => {
	tree = await copyTree();
});
afterAll(() => tree[Symbol.asyncDispose]());

/** Runs a command in the copy, in which nothing was built, as a user's shell would. */
async function run(command: string, ...args: readonly string[]) {
	// npx links the command into npm's cache, once for each folder.
	const env = { ...cleanEnvironment(), npm_config_cache: join(tree.folder, "npm-cache") };
	return promisify(execFile)(command, [...args], { cwd: tree.folder, env, timeout: 60_000 });
}

test("npx --no -- aerogram works in a fresh clone, in which nothing was built, and again", async () => {
	for (let times = 0; times < 2; times++) {
		expect((await run("npx", "--no", "--", "aerogram", "--help")).stdout).toContain("aerogram help <command>");
	}
	await expect(run("npx", "--no", "--", "aerogram", "nonsense")).rejects.toMatchObject({
		code: 2,
		stderr: "There is no command nonsense: aerogram --help lists them.\n",
	});
});

test("a Node that cannot run the sources is told what can", async () => {
	// Where PATH offers a newer one, there is nothing to refuse.
	const { stdout: supported } = await run("node", "-p", "Boolean(process.features.typescript)");
	const started = run("node", join("cli", "aerogram.js"), "--help");
	if (supported.trim() === "true") expect((await started).stdout).toContain("aerogram help <command>");
	else await expect(started).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/npx --no -- aerogram/) });
});
