import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of the tree: its path from the root, with `/`, and its text. */
export interface SourceFile {
	readonly path: string;
	readonly text: string;
}

/** Broken on purpose, each file of it: what turns the guards red in their own tests. */
const fixtures = "tools/guards/fixtures/";

/**
 * Every file that is part of the project: in a git work tree what is tracked or would be by `git add`, elsewhere (a
 * fixture, an unpacked archive) every file. Paths from the root with `/`, sorted.
 */
export function listFiles(root: string): readonly string[] {
	const paths = existsSync(join(root, ".git")) ? listByGit(root) : listByFolder(root);
	return paths.filter((path) => !path.startsWith(fixtures) && existsSync(join(root, path))).sort();
}

/** The TypeScript and JavaScript files below the root, with their text; `endings` names others. */
export function readSources(root: string, endings = /\.(?:ts|tsx|mts|js|mjs)$/): readonly SourceFile[] {
	return listFiles(root)
		.filter((path) => endings.test(path))
		.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** Whether a path is a test or helps tests: longer files are allowed there, and imports of everything. */
export function isTest(path: string): boolean {
	return path.startsWith("test/");
}

function listByGit(root: string): string[] {
	const output = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
		cwd: root,
		encoding: "utf8",
		maxBuffer: 67_108_864,
	});
	return output.split("\0").filter(Boolean);
}

function listByFolder(root: string): string[] {
	return readdirSync(root, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(join(root, "/").length).replaceAll("\\", "/"))
		.filter((path) => !/(?:^|\/)(?:node_modules|dist)\//.test(path));
}
