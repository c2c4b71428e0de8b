import { readSources } from "./files.ts";
import type { Finding, Report } from "./guard.ts";
import { type Import, readImports } from "./imports.ts";

/** No file imports itself by way of others. A type-only import counts: a knot of types is a knot of ideas. */
export function checkCycles(root: string): Report {
	const sources = readSources(root);
	const known = new Set(sources.map(({ path }) => path));
	const graph = new Map(
		sources.map((file) => [file.path, readImports(file).filter(({ path }) => path && known.has(path))]),
	);
	const done = new Set<string>();
	const findings: Finding[] = [];
	for (const { path } of sources) visit(path, graph, [], done, findings);
	return { findings, note: `${sources.length} files` };
}

function visit(
	path: string,
	graph: ReadonlyMap<string, readonly Import[]>,
	way: readonly string[],
	done: Set<string>,
	findings: Finding[],
): void {
	if (done.has(path)) return;
	for (const imported of graph.get(path) ?? []) {
		const next = imported.path ?? "";
		const from = [...way, path].indexOf(next);
		if (from === -1) visit(next, graph, [...way, path], done, findings);
		else {
			const cycle = [...[...way, path].slice(from), next].join(" -> ");
			findings.push({ path, line: imported.line, text: `closes an import cycle: ${cycle}` });
		}
	}
	done.add(path);
}
