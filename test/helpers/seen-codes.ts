/**
 * The error codes that servers of ours said over a wire in this run, and the test files that ran, in a file that
 * `AEROGRAM_TEST_SEEN` names: tests run in many processes. `test/coverage/error-codes.test.ts` reads it when all have ended.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { type ErrorCode, errorCodes } from "../../protocol/errors.ts";

const noted = new Set<string>();

/** Notes the codes in what a server said: problem details, `err` and `bye` envelopes, replies over raw TCP, also as XML. */
export function sawCodes(text: string): void {
	for (const [, json, xml] of text.matchAll(/"code":"(\w+)"|<code>(\w+)<\/code>/g)) note(`code ${json ?? xml}`);
}

/** Notes that a test file runs. */
export function sawFile(path: string): void {
	note(`file ${path}`);
}

/** What was noted so far, by all processes of the run. */
export function readSeen(): { readonly codes: ReadonlySet<ErrorCode>; readonly files: ReadonlySet<string> } {
	const ledger = process.env.AEROGRAM_TEST_SEEN ?? "";
	const lines = existsSync(ledger) ? readFileSync(ledger, "utf8").split("\n") : [];
	const of = (word: string) => lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length + 1));
	const codes = new Set(of("code"));
	return { codes: new Set(errorCodes.filter((code) => codes.has(code))), files: new Set(of("file")) };
}

function note(line: string): void {
	const ledger = process.env.AEROGRAM_TEST_SEEN;
	if (ledger === undefined || noted.has(line)) return;
	noted.add(line);
	// A line this short is written whole, whoever else writes.
	appendFileSync(ledger, `${line}\n`);
}
