import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findChromium, needsChromium } from "../../tools/chromium.ts";
import { importText, skipEveryTest } from "../../tools/vitest-plugins.ts";

const script = join(import.meta.dirname, "../../tools/chromium.ts");
const nowhere = join(import.meta.dirname, "no-browser-here");

function prepare(environment: NodeJS.ProcessEnv) {
	return spawnSync(process.execPath, [script], { env: { PATH: process.env.PATH, ...environment }, encoding: "utf8" });
}

function writeTemporary(name: string, text: string): string {
	const folder = mkdtempSync(join(tmpdir(), "aerogram-plugin-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, name), text);
	return join(folder, name);
}

test("CHROME_PATH decides alone, and must name a program", () => {
	expect(findChromium({ CHROME_PATH: process.execPath, PATH: "" })).toBe(process.execPath);
	expect(findChromium({ CHROME_PATH: nowhere, PATH: process.env.PATH })).toBeUndefined();
});

test("without a browser one line says what is skipped and why, and the tests may go on", () => {
	const { status, stdout, stderr } = prepare({ CHROME_PATH: nowhere });
	expect(stdout).toMatch(/^There is no Chromium \(CHROME_PATH names .*\): the browser tests are skipped\..*\n$/);
	expect(stderr).toBe("");
	expect(status).toBe(0);
});

test("in CI a missing browser is an error", () => {
	expect(needsChromium({ CI: "true" })).toBe(true);
	expect(needsChromium({})).toBe(false);
	expect(prepare({ CHROME_PATH: nowhere, CI: "true" }).status).toBe(1);
});

test("without a browser each test of a file is skipped by name, so that it is counted", () => {
	const source =
		'test("opens the page", () => {});\n\ttest.each([1])("sees %i", () => {});\nit("it\'s live", async () => {});\n';
	const code = skipEveryTest("there is no Chromium").load(writeTemporary("page.test.ts", source)) ?? "";
	expect(code.match(/test\.skip\(.*?, \(\)/g)).toEqual([
		'test.skip("opens the page (there is no Chromium)", ()',
		'test.skip("it\'s live (there is no Chromium)", ()',
	]);
	expect(skipEveryTest("no").load(writeTemporary("suite.test.ts", 'promiseSuite("Chromium");'))).toContain(
		"the whole file",
	);
	expect(skipEveryTest("no").load(writeTemporary("helper.ts", "export {};"))).toBeUndefined();
});

test("text files are imported as text, others are left alone", () => {
	const page = writeTemporary("page.html", "<p>你好</p>");
	expect(importText().load(`${page}?import`)).toBe('export default "<p>你好</p>";');
	expect(importText().load(writeTemporary("code.ts", ""))).toBeUndefined();
});
