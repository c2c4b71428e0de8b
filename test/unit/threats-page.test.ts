import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { rows, threats } from "../threats/threats.ts";

const page = readFileSync(join(projectFolder, "docs/reference/threats.md"), "utf8");
const lines = page.split("\n").filter((line) => /^\| T\d/.test(line));
const cells = lines.map((line) => line.split("|").map((cell) => cell.trim()));

test("the page of threats has each row once, in order, with tests that are there", () => {
	expect(cells.map(([, id]) => id)).toEqual(Array.from({ length: rows }, (_, index) => `T${index + 1}`));
	for (const [, id, threat, rule, tests = ""] of cells) {
		expect([id, threat, rule].every((text) => text !== "")).toBe(true);
		const files = filesIn(tests);
		expect(files.length).toBeGreaterThan(0);
		for (const file of files) expect([id, file, existsSync(join(projectFolder, file))]).toEqual([id, file, true]);
	}
});

test("it names the test of each row that goes red without the rule", () => {
	const named = cells.map(([, id, , , tests = ""]) => [id, filesIn(tests)]);
	expect(named).toEqual(threats.map(({ id, red }) => [id, expect.arrayContaining([red.test])]));
});

function filesIn(tests: string): readonly string[] {
	return [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? "");
}
