import { readSources } from "./files.ts";
import type { Finding, Report } from "./guard.ts";
import { type Import, readImports } from "./imports.ts";
import { type Layer, layers } from "./layer-rules.ts";

/** Imports point down only, as `layer-rules.ts` says; a type-only import counts like any other. */
export function checkLayers(root: string): Report {
	const findings = readSources(root).flatMap((file): Finding[] => {
		const layer = layers.find(({ place }) => holds(place, file.path));
		if (!layer || layer.closed)
			return [{ path: file.path, line: 0, text: "stands in no layer: move it, or name its place in layer-rules.ts" }];
		return readImports(file)
			.filter((imported) => !mayImport(layer, imported))
			.map(({ specifier, line }) => ({
				path: file.path,
				line,
				text: `may not import ${specifier}: ${layer.place} imports ${allowed(layer)}`,
			}));
	});
	return { findings };
}

function mayImport(layer: Layer, { path, specifier }: Import): boolean {
	if (path !== undefined) return [layer.place, ...layer.below].some((place) => holds(place, path));
	return layer.packages.some(
		(name) =>
			name === "*" ||
			specifier === name ||
			specifier.startsWith(`${name}/`) ||
			(name === "node:*" && specifier.startsWith("node:")),
	);
}

function holds(place: string, path: string): boolean {
	return place.endsWith("/") ? path.startsWith(place) : path === place;
}

function allowed(layer: Layer): string {
	const others = [...layer.below, ...layer.packages];
	return others.length === 0 ? "nothing else" : `only itself and ${others.join(", ")}`;
}
