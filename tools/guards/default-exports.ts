import { readSources } from "./files.ts";
import type { Report } from "./guard.ts";
import { lineAt, maskCode } from "./mask.ts";

const defaultExport = /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b|\bexport\s*=/g;

/** No default exports but those a platform asks for: the Worker's, and configs. A `.d.ts` only describes others' files. */
export function checkDefaultExports(root: string): Report {
	const findings = readSources(root)
		.filter(({ path }) => !mayHaveDefault(path))
		.flatMap(({ path, text }) => {
			const masked = maskCode(text);
			return [...masked.matchAll(defaultExport)].map(({ index }) => ({
				path,
				line: lineAt(masked, index),
				text: "default export: give it a name",
			}));
		});
	return { findings };
}

function mayHaveDefault(path: string): boolean {
	const workers = ["worker/index.ts", "bench/baseline-worker.js"];
	return workers.includes(path) || /^[^/]+\.config\.ts$/.test(path) || path.endsWith(".d.ts");
}
