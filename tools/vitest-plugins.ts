import { readFileSync } from "node:fs";

/** The part of a Vite plugin that is needed here: what stands in a file instead of what is on the disk. */
export interface LoadPlugin {
	readonly name: string;
	readonly enforce: "pre";
	/** Answers the code of a module, or undefined to leave it to others. */
	load(id: string): string | undefined;
}

/** Imports `.txt` and `.html` files as text, as the build and Wrangler do. */
export function importText(): LoadPlugin {
	return {
		name: "aerogram:import-text",
		enforce: "pre",
		load(id) {
			const path = id.replace(/\?.*$/, "");
			if (!/\.(?:txt|html)$/.test(path)) return undefined;
			return `export default ${JSON.stringify(readFileSync(path, "utf8"))};`;
		},
	};
}

/** Puts a skipped test in the place of every test of a file, so that what did not run is counted and named. */
export function skipEveryTest(reason: string): LoadPlugin {
	return {
		name: "aerogram:skip-every-test",
		enforce: "pre",
		load(id) {
			if (!id.endsWith(".test.ts")) return undefined;
			const source = readFileSync(id, "utf8");
			const named = [...source.matchAll(/^\s*(?:test|it)(?:\.\w+)*\(\s*(["'`])(.+?)\1/gm)].map((match) => match[2]);
			const names = named.length > 0 ? named : ["the whole file"];
			const tests = names.map((name) => `test.skip(${JSON.stringify(`${name} (${reason})`)}, () => {});`);
			return ['import { test } from "vitest";', ...tests].join("\n");
		},
	};
}
