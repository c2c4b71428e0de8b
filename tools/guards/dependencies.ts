import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSources } from "./files.ts";
import type { Finding, Report } from "./guard.ts";
import { readImports } from "./imports.ts";

interface Manifest {
	readonly [field: string]: unknown;
	readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
	readonly packages: Readonly<Record<string, { readonly version?: string; readonly resolved?: string }>>;
}

/** The SDK brings nothing with it, versions are exact, the lock names no host, and the runtime is there once. */
export function checkDependencies(root: string): Report {
	return { findings: [...checkManifest(root), ...checkLock(root), ...checkReach(root)] };
}

/** What npm installs with a package; it reads both spellings of the last. */
const runtimeFields = [
	...["dependencies", "peerDependencies", "optionalDependencies"],
	...["bundledDependencies", "bundleDependencies"],
];

/** The names of a field: those of an object, a list of them, or `true` for all. */
function namesIn(field: unknown = {}): readonly string[] {
	if (Array.isArray(field)) return field.map(String);
	return typeof field === "object" && field !== null ? Object.keys(field) : [String(field)];
}

function checkManifest(root: string): Finding[] {
	const manifest = readJson<Manifest>(root, "package.json");
	const runtime = runtimeFields.flatMap((field) =>
		namesIn(manifest?.[field]).map((name) =>
			finding("package.json", `${field} holds ${name}: the package has no runtime dependency`),
		),
	);
	const ranges = Object.entries(manifest?.devDependencies ?? {})
		.filter(([, version]) => !/^(?:\d+\.\d+\.\d+(?:-[\w.]+)?|file:.+)$/.test(version))
		.map(([name, version]) => finding("package.json", `${name} is at ${version}: give one exact version`));
	return [...runtime, ...ranges];
}

function checkLock(root: string): Finding[] {
	const packages = Object.entries(readJson<Lock>(root, "package-lock.json")?.packages ?? {});
	const hosts = packages
		.filter(([, { resolved }]) => resolved?.includes("://"))
		.map(([path]) =>
			finding("package-lock.json", `${path} is resolved to a host: make the lock anew, see CONTRIBUTING.md`),
		);
	const copies = ["workerd", "wrangler", "miniflare"].flatMap((name) => {
		const paths = packages.map(([path]) => path).filter((path) => path.endsWith(`node_modules/${name}`));
		return paths.slice(1).map((path) => finding("package-lock.json", `${path} is a second copy of ${name}`));
	});
	return [...hosts, ...copies];
}

/** Follows the imports of the SDK's entry as far as they go: nothing on the way may be a package. */
function checkReach(root: string): Finding[] {
	const sources = new Map(readSources(root).map((file) => [file.path, file]));
	const reached = new Set(["sdk/index.ts"]);
	const findings: Finding[] = [];
	for (const path of reached) {
		const file = sources.get(path);
		for (const imported of file ? readImports(file) : []) {
			if (imported.path) reached.add(imported.path);
			else findings.push({ path, line: imported.line, text: `brings ${imported.specifier} into the SDK` });
		}
	}
	return findings;
}

function finding(path: string, text: string): Finding {
	return { path, line: 0, text };
}

function readJson<Value>(root: string, name: string): Value | undefined {
	const path = join(root, name);
	return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Value) : undefined;
}
