import { readSources, type SourceFile } from "./files.ts";
import type { Finding, Report } from "./guard.ts";
import { lineAt, maskCode } from "./mask.ts";

const places = ["protocol/", "worker/", "sdk/", "cli/", "tools/"];
const kinds =
	"(?:declare\\s+)?(?:abstract\\s+)?(?:async\\s+)?(?:function\\*?|class|interface|type|enum|const|let|namespace)";
const exported = new RegExp(`^export\\s+${kinds}\\s+([\\w$]+)`, "gm");
const listed = /^export\s+(?:type\s+)?\{([^}]*)\}(?!\s*from\b)/gm;

/** Every exported name of the product and its tools has a doc comment right above it. */
export function checkDocComments(root: string): Report {
	const findings = readSources(root)
		.filter(({ path }) => places.some((place) => path.startsWith(place)) && !path.startsWith("worker/generated/"))
		.flatMap(checkFile);
	return { findings };
}

function checkFile(file: SourceFile): Finding[] {
	const masked = maskCode(file.text);
	const declared = [...masked.matchAll(exported)].map((match) => ({ name: match[1] ?? "", offset: match.index }));
	const documented = new Set<string>();
	return [...declared, ...declarationsOfLists(masked)].flatMap(({ name, offset }): Finding[] => {
		// The overloads of one function share the comment of the first.
		if (documented.has(name)) return [];
		documented.add(name);
		if (hasDocComment(file.text, offset)) return [];
		return [{ path: file.path, line: lineAt(masked, offset), text: `${name} is exported without a doc comment` }];
	});
}

/** Where the names of an `export { a, b as c }` without `from` are declared. */
function declarationsOfLists(masked: string): { name: string; offset: number }[] {
	const names = [...masked.matchAll(listed)].flatMap((match) => (match[1] ?? "").split(","));
	return names.flatMap((entry) => {
		const name = /^(?:type\s+)?([\w$]+)/.exec(entry.trim())?.[1];
		const match = name && new RegExp(`^${kinds}\\s+${name.replaceAll("$", "\\$")}\\b`, "m").exec(masked);
		return name && match ? [{ name, offset: match.index }] : [];
	});
}

function hasDocComment(text: string, offset: number): boolean {
	const before = text.slice(0, offset).trimEnd();
	const start = before.lastIndexOf("/*");
	const words = before.slice(start).match(/[\p{L}\d]{2,}/gu) ?? [];
	return before.endsWith("*/") && before.startsWith("/**", start) && words.length >= 2;
}
