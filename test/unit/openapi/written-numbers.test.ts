import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectFolder } from "../../../tools/build.ts";

const files = globSync("worker/openapi/**/*.ts", { cwd: projectFolder }).toSorted();

/** A number with a unit, a large one, or one that a schema compares with, but for the last HTTP status. */
const written =
	/\b\d[\d,]* (?:ms|s|min|h|bytes|names|characters|channels|collections|messages|records|seconds|minutes|hours)\b|\b\d{1,3},\d{3}\b|\b(?:maximum|maxLength|maxItems|default): (?!599\b)\d|\ban hour\b/g;

/** What a file says, without its comments. */
function said(file: string): string {
	const text = readFileSync(join(projectFolder, file), "utf8");
	return text.replaceAll(/\/\*\*.*?\*\/|\/\/.*$/gms, "");
}

describe("the description of the HTTP interface", () => {
	test("is read from some files", () => {
		expect(files.length).toBeGreaterThan(20);
	});

	test.each(files)("writes no limit or duration by hand: %s", (file) => {
		expect(said(file).match(written) ?? []).toEqual([]);
	});
});
