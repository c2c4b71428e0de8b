import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const project = join(import.meta.dirname, "../..");

/** What the tools would print, and how they would end, where it is not as in a good run. */
interface Tools {
	readonly npm?: string;
	readonly npx?: string;
}

/**
 * Runs the project's `.ci/run` in a small repository, with tools that only print: what it makes of their answers is the
 * subject here. Each tool is the body of a shell `case` on its arguments, tried before that of a good run.
 */
function runCi(tools: Tools) {
	const folder = mkdtempSync(join(tmpdir(), "aerogram-ci-test-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	const repository = join(folder, "repository");
	mkdirSync(join(folder, "scratch"));
	cpSync(join(project, ".ci"), join(repository, ".ci"), { recursive: true });
	writeScript(join(repository, ".ci/dev-once"), "exit 0");
	writeScript(
		join(folder, "bin/npm"),
		`case "$*" in ${tools.npm ?? ""} test) echo " Tests  54 passed (54)" ;; "run test:mutants"*) echo "mutants: 4 passed, 0 failed" ;; "run test:threats"*) echo "threats: 10 passed, 0 failed" ;; esac`,
	);
	writeScript(
		join(folder, "bin/npx"),
		`case "$*" in ${tools.npx ?? ""} *guards/run.ts) echo "guards: 10 passed, 0 failed" ;; *readme-blocks*) echo "blocks: 6 passed, 0 failed, 1 not run" ;; esac`,
	);
	const git = (...args: string[]) =>
		execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: repository });
	git("init", "-q");
	git("add", ".");
	git("commit", "-qm", "All");
	const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}`, TMPDIR: join(folder, "scratch") };
	const { status, stdout } = spawnSync(join(repository, ".ci/run"), { env, encoding: "utf8" });
	const lines = stdout.trim().split("\n");
	return { status, stdout, last: lines.at(-1), left: readdirSync(join(folder, "scratch")) };
}

function writeScript(path: string, body: string): void {
	mkdirSync(join(path, ".."), { recursive: true });
	writeFileSync(path, `#!/bin/bash\n${body}\n`);
	chmodSync(path, 0o755);
}

test("a good run ends with the sum of all counts, and leaves nothing behind", () => {
	const { status, last, left } = runCi({});
	expect(last).toBe("84 passed, 0 failed");
	expect(status).toBe(0);
	expect(left).toEqual([]);
});

test("a failed test is shown and counted, and no later step is run", () => {
	const { status, stdout, last } = runCi({
		npm: 'test) echo "broken promise"; echo " Tests  2 failed | 52 passed (54)"; exit 1 ;;',
	});
	expect(stdout).toContain("broken promise");
	expect(stdout).not.toContain("mutants");
	expect(last).toBe("68 passed, 2 failed");
	expect(status).toBe(1);
});

test("a skipped test fails the run", () => {
	const { status, last } = runCi({ npm: 'test) echo " Tests  50 passed | 4 skipped (54)" ;;' });
	expect(last).toBe("80 passed, 0 failed, 4 skipped");
	expect(status).toBe(1);
});

test("tests that fail before they are counted fail the run", () => {
	const { status, last } = runCi({ npm: "test) exit 1 ;;" });
	expect(last).toBe("16 passed, 1 failed");
	expect(status).toBe(1);
});

test("a step that counts none fails the run by its exit code", () => {
	const { status, stdout, last } = runCi({ npx: "*publint*) echo wrong exports; exit 3 ;;" });
	expect(stdout).toContain("wrong exports");
	expect(stdout).toMatch(/✗ publint .* ended with 3/);
	expect(last).toBe("10 passed, 1 failed");
	expect(status).toBe(1);
});

test("a file that the tests leave in the tree fails the run", () => {
	const { status, stdout, last } = runCi({ npm: 'test) touch left.txt; echo " Tests  54 passed (54)" ;;' });
	expect(stdout).toContain("?? left.txt");
	expect(last).toBe("84 passed, 1 failed");
	expect(status).toBe(1);
});
