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
	for (const [, id, ...texts] of cells) {
		const [threat, rule, tests = "", hasSwitch] = texts;
		expect([id, threat, rule, hasSwitch].every((text) => text !== "")).toBe(true);
		const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? "");
		expect(files.length).toBeGreaterThan(0);
		for (const file of files) expect([id, file, existsSync(join(projectFolder, file))]).toEqual([id, file, true]);
	}
});

test("it says of which rows the rule can be taken away, and why of the others not", () => {
	const switches = cells.filter(([, , , , , hasSwitch]) => hasSwitch === "yes").map(([, id]) => id);
	expect(switches).toEqual(threats.map(({ id }) => id));
	for (const [, id, , , , hasSwitch] of cells)
		expect([id, hasSwitch]).toEqual([id, expect.stringMatching(/^(?:yes|no: .+)$/)]);
});
