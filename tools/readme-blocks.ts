/**
 * Runs the code blocks of documents as a reader would, and compares what they print:
 * `node tools/readme-blocks.ts [--installed] README.md README.zh-CN.md`. CONTRIBUTING.md says how a document marks its
 * blocks. A translation (`NAME.<language>.md` beside `NAME.md`) must hold the same blocks, which are run once.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Block, parseBlocks } from "./blocks/parse.ts";
import { checkMarks, compareTranslation, isProgram } from "./blocks/rules.ts";
import { type Outcome, runDocument } from "./blocks/run-document.ts";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		installed: { type: "boolean", default: false },
		root: { type: "string", default: join(import.meta.dirname, "..") },
		timeout: { type: "string", default: "60000" },
	},
});
const root = resolve(values.root);
const counts = { passed: 0, failed: 0, "not run": 0 };

for (const name of positionals) {
	const path = join(root, name);
	if (!existsSync(path)) {
		report(name, [{ line: 0, language: "", result: "failed", text: "is missing" }]);
		continue;
	}
	const blocks = parseBlocks(readFileSync(path, "utf8"));
	const wrong = checkMarks(blocks).map((text): Outcome => ({ line: 0, language: "", result: "failed", text }));
	report(name, wrong.length > 0 ? wrong : await run(name, blocks));
}
console.log(`blocks: ${counts.passed} passed, ${counts.failed} failed, ${counts["not run"]} not run`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

async function run(name: string, blocks: readonly Block[]): Promise<readonly Outcome[]> {
	const original = name.replace(/\.[a-z]{2}(?:-[A-Z]{2})?\.md$/, ".md");
	if (original === name) {
		const { installed, timeout } = values;
		return runDocument(blocks, { root, installed, timeout: Number(timeout) });
	}
	const [text] = compareTranslation(parseBlocks(readFileSync(join(root, original), "utf8")), blocks);
	if (text !== undefined) return [{ line: 0, language: "", result: "failed", text }];
	const programs = blocks.filter(isProgram).length;
	return [{ line: 0, language: "", result: "passed", text: `holds the same ${programs} blocks as ${original}` }];
}

function report(name: string, outcomes: readonly Outcome[]): void {
	for (const { line, language, result, text } of outcomes) {
		counts[result]++;
		const mark = { passed: "✓", failed: "✗", "not run": "·" }[result];
		const place = [`${name}${line > 0 ? `:${line}` : ""}`, language].filter(Boolean).join(" ");
		const words = [result === "passed" ? "" : result, text].filter(Boolean).join(": ");
		console.log(`${mark} ${place}${words ? ` ${words}` : ""}`);
	}
}
