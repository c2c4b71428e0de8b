import { readSources, type SourceFile } from "./files.ts";
import type { Finding, Report } from "./guard.ts";
import { lineAt, maskCode } from "./mask.ts";

/** `any` as a word of code that is neither a member (`Promise.any`) nor a name being given (`any: 1`, `any(`). */
const anyType = /(?<![.\w$])any\b(?!\s*\??:|\s*\()/g;
const silencer = /@ts-(?:ignore|expect-error|nocheck)\b/g;

/** No `any`, and no comment that silences the compiler; type tests may expect an error. */
export function checkStrictTypes(root: string): Report {
	const findings = readSources(root).flatMap((file): Finding[] => [
		...find(file, maskCode(file.text), anyType, () => "any: say unknown and narrow it, or name the type"),
		...(isTypeTest(file.path) ? [] : find(file, file.text, silencer, (found) => `${found}: repair the type instead`)),
	]);
	return { findings };
}

function isTypeTest(path: string): boolean {
	return path.startsWith("test/types/") || path.endsWith(".test-d.ts");
}

function find(file: SourceFile, text: string, pattern: RegExp, say: (found: string) => string): Finding[] {
	return [...text.matchAll(pattern)].map((match) => ({
		path: file.path,
		line: lineAt(text, match.index),
		text: say(match[0]),
	}));
}
