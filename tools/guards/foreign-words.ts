import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "./files.ts";
import type { Finding, Report } from "./guard.ts";

const words: readonly { readonly pattern: RegExp; readonly text: string }[] = [
	{ pattern: /(?<![\w.~-])\/(?:work|root|home|Users)\/[\w.-]*[\w-]/g, text: "is a path of one machine" },
	{ pattern: /\bregistry\.[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi, text: "is the host of a registry" },
	{ pattern: /\bnpm\.pkg\.[a-z]+\.com\b/gi, text: "is the host of a registry" },
];

/** No file names a folder of somebody's machine or the host of a package registry. */
export function checkForeignWords(root: string): Report {
	const findings = listFiles(root).flatMap((path): Finding[] => {
		const text = readFileSync(join(root, path), "utf8");
		if (text.includes("\0")) return [];
		return text
			.split("\n")
			.flatMap((line, index) =>
				words.flatMap(({ pattern, text }) =>
					[...line.matchAll(pattern)].map(([found]) => ({ path, line: index + 1, text: `${found} ${text}` })),
				),
			);
	});
	return { findings };
}
