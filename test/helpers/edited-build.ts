import { readFileSync, rmSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { limits, type Quotas, quotas } from "../../protocol/limits.ts";
import { buildWorker, projectFolder } from "../../tools/build.ts";

/** A change to one source file, made on its way into a bundle. */
export interface Edit {
	/** From the project's folder: `worker/space/commit.ts`. */
	readonly file: string;
	/** Must occur exactly once, so that an edit cannot silently stop being one. */
	readonly find: string;
	readonly replace: string;
}

/**
 * Edits that whoever runs the tests wants in every build and in every module that a unit test loads: a rule taken away, so
 * that its test shows what it is worth. None in an ordinary run.
 */
export function editsOfRun(): readonly Edit[] {
	return JSON.parse(process.env.AEROGRAM_TEST_EDITS ?? "[]") as readonly Edit[];
}

/** The text of a file after its edits. */
export function applyEdits(contents: string, edits: readonly Edit[]): string {
	return edits.reduce((text, { file, find, replace }) => {
		const times = text.split(find).length - 1;
		if (times !== 1) throw new Error(`${file} holds ${times} times what is to be edited: ${find}`);
		return text.replace(find, () => replace);
	}, contents);
}

/** The same for the modules of unit tests, as a plugin of Vite. */
export function editModules(edits: readonly Edit[] = editsOfRun()) {
	return {
		name: "aerogram:edits",
		enforce: "pre" as const,
		load(id: string): string | undefined {
			const own = edits.filter(({ file }) => id === join(projectFolder, file));
			return own.length === 0 ? undefined : applyEdits(readFileSync(id, "utf8"), own);
		},
	};
}

/** Edits the files of a bundle as they are read. The tree is never touched. */
export function editSources(edits: readonly Edit[]): Plugin {
	return {
		name: "edits",
		setup(build) {
			const left = new Set(edits);
			build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
				const own = edits.filter((edit) => path === join(projectFolder, edit.file));
				if (own.length === 0) return undefined;
				for (const edit of own) left.delete(edit);
				return { contents: applyEdits(await readFile(path, "utf8"), own), loader: "ts" };
			});
			build.onEnd(() => {
				for (const { file } of left) throw new Error(`${file} is not part of the bundle`);
			});
		},
	};
}

/**
 * Builds the Worker with edits, such as a smaller limit or a fault; resolves to the path of the bundle, for
 * `startServer({ bundle })`. It is removed when this process ends.
 */
export async function buildEdited(edits: readonly Edit[]): Promise<string> {
	const outdir = await mkdtemp(join(tmpdir(), "aerogram-edited-"));
	process.once("exit", () => rmSync(outdir, { recursive: true, force: true }));
	const { file } = await buildWorker({ outdir, plugins: [editSources([...edits, ...editsOfRun()])] });
	if (file === undefined) throw new Error("the build wrote no file");
	return file;
}

/** Gives a limit or a quota another value. */
export function editLimit(name: keyof typeof limits | keyof typeof quotas, value: number): Edit {
	const shipped = { ...limits, ...quotas }[name].toLocaleString("en-US").replaceAll(",", "_");
	return { file: "protocol/limits.ts", find: `\t${name}: ${shipped},`, replace: `\t${name}: ${value},` };
}

/** Gives quotas other values, by `limits` in `aerogram.config.ts`. */
export function editQuotas(said: Partial<Quotas>): Edit {
	return { file: "aerogram.config.ts", find: "limits: {},", replace: `limits: ${JSON.stringify(said)},` };
}

/** Puts hooks into `aerogram.config.ts`: what stands between the braces of `hooks`. */
export function editHooks(hooks: string): Edit {
	return { file: "aerogram.config.ts", find: "hooks: {},", replace: `hooks: { ${hooks} },` };
}

/** Puts a contract into `aerogram.config.ts`: what stands between its braces, where `v` is valibot, and `z` zod. */
export function editContract(contract: string): readonly Edit[] {
	const file = "aerogram.config.ts";
	const imports = 'import * as v from "valibot";\nimport { z } from "zod";\n';
	return [
		{ file, find: "import { defineConfig", replace: `${imports}import { defineConfig` },
		{ file, find: "contract: {},", replace: `contract: { ${contract} },` },
	];
}

/** Says something of channels in `aerogram.config.ts`: what stands between the braces of `channels`. */
export function editChannels(channels: string): Edit {
	return { file: "aerogram.config.ts", find: "channels: {},", replace: `channels: { ${channels} },` };
}
