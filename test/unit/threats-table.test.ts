import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { applyEdits } from "../helpers/edited-build.ts";
import { rows, threats } from "../threats/threats.ts";

const read = (file: string) => readFileSync(join(projectFolder, file), "utf8");

test("each of the 35 threats stands in the table once, in order", () => {
	expect(rows).toBe(35);
	expect(threats.map(({ id }) => id)).toEqual(Array.from({ length: rows }, (_, index) => `T${index + 1}`));
});

test.each(threats)("$id: what takes its rule away still meets the sources", ({ edits }) => {
	expect(edits.length).toBeGreaterThan(0);
	for (const file of new Set(edits.map((edit) => edit.file))) {
		const own = edits.filter((edit) => edit.file === file);
		expect(applyEdits(read(file), own)).not.toBe(read(file));
	}
});

test.each(threats)("$id: its test is there", ({ red: { test: file, named = "" } }) => {
	expect(read(file)).toContain(named.replace("^", ""));
});
