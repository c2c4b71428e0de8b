import { posix } from "node:path";
import type { SourceFile } from "./files.ts";
import { lineAt, maskCode } from "./mask.ts";

/** One import of a file. */
export interface Import {
	/** What stands between the quotes. */
	readonly specifier: string;
	readonly line: number;
	/** The path of the file meant, from the root, when the specifier is relative. */
	readonly path: string | undefined;
}

/** Masked code leaves a string as two quotes with spaces between: that is where a specifier stood. */
const patterns = [
	/\b(?:import|export)\b[^"'`;]*?\bfrom\s*(["'] *["'])/g,
	/\bimport\s*(["'] *["'])/g,
	/\b(?:import|require)\s*\(\s*(["'`] *["'`])/g,
	/\bnew\s+URL\s*\(\s*(["'] *["'])\s*,\s*import\s*\.\s*meta\s*\.\s*url/g,
];

/**
 * Every import of a file: static, type-only, re-exported, dynamic, `import("…").Type`, and files meant by
 * `new URL("…", import.meta.url)`.
 */
export function readImports(file: SourceFile): readonly Import[] {
	const masked = maskCode(file.text);
	const imports = patterns.flatMap((pattern) =>
		[...masked.matchAll(pattern)].map((match) => {
			const quoted = match[1] ?? "";
			const start = match.index + match[0].lastIndexOf(quoted) + 1;
			const specifier = file.text.slice(start, start + quoted.length - 2);
			return { specifier, line: lineAt(file.text, start), path: resolve(file.path, specifier) };
		}),
	);
	return imports.sort((a, b) => a.line - b.line);
}

function resolve(from: string, specifier: string): string | undefined {
	const bare = specifier.replace(/\?.*$/, "");
	return /^\.{1,2}(?:\/|$)/.test(bare) ? posix.normalize(posix.join(posix.dirname(from), bare)) : undefined;
}
