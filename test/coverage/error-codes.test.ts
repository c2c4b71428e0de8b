import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, inject, test } from "vitest";
import { errorCodes } from "../../protocol/errors.ts";
import { projectFolder } from "../../tools/build.ts";
import { readSeen } from "../helpers/seen-codes.ts";

/** The folders whose tests talk to real servers from Node. */
const folders = ["test/node", "test/measured"];

/** Every test file of those folders, from the project's folder. */
function allFiles(): readonly string[] {
	return folders.flatMap((folder) =>
		readdirSync(join(projectFolder, folder), { recursive: true, encoding: "utf8" })
			.filter((name) => name.endsWith(".test.ts"))
			.map((name) => `${folder}/${name}`),
	);
}

test("every code of the error table was said over a wire in this run", () => {
	const { codes, files } = readSeen();
	const ran = new Set([...files].map((path) => relative(projectFolder, path)));
	const missing = allFiles().filter((file) => !ran.has(file));
	const partly = missing.length > 0 || inject("someTestsOnly");
	if (partly && process.env.CI === undefined) {
		// Part of the tests, as somebody asked for: it says nothing about the codes that the others see.
		const others = missing.length > 0 ? `, without ${missing.length} files: ${missing.slice(0, 3).join(", ")} …` : "";
		console.log(`not checked in a run of some tests${others}: ${codes.size} of ${errorCodes.length} error codes seen`);
		return;
	}
	expect(missing).toEqual([]);
	console.log(`error codes seen on a wire: ${codes.size} of ${errorCodes.length}`);
	expect(errorCodes.filter((code) => !codes.has(code))).toEqual([]);
});
