import { cp, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "../../tools/build.ts";

/** What `npm run dev` reads, when it is there. Nothing that was built is among it. */
const parts = /^(?:cli|console|protocol|sdk|tools|worker|aerogram\.config\.ts|package\.json|\.npmrc)$/;

/** A copy of the project, to change its sources in. */
export interface TreeCopy {
	readonly folder: string;
	/** Removes it. */
	[Symbol.asyncDispose](): Promise<void>;
}

/**
 * Copies the project into a temporary folder, as it is after a fresh clone and `npm ci`: the installed packages are
 * linked, what was built is left out. The copy builds and serves from its own sources.
 */
export async function copyTree(): Promise<TreeCopy> {
	const folder = await mkdtemp(join(tmpdir(), "aerogram-tree-"));
	for (const name of (await readdir(projectFolder)).filter((entry) => parts.test(entry))) {
		const generated = join(projectFolder, "worker", "generated");
		await cp(join(projectFolder, name), join(folder, name), { recursive: true, filter: (from) => from !== generated });
	}
	await symlink(join(projectFolder, "node_modules"), join(folder, "node_modules"), "dir");
	return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
