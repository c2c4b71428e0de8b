import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Block } from "./parse.ts";

/** An empty folder of a user's own, in which `import "aerogram"` means the built package. */
export interface Stage {
	/** What runs a block, and where: shell in the project's folder, Python and TypeScript in the user's. */
	commandOf(block: Block): { readonly command: readonly string[]; readonly cwd: string };
	/** What the compiler says of the TypeScript blocks, in strict mode; empty when all is well. */
	checkTypes(blocks: readonly Block[]): string;
	/** Removes the folder. */
	remove(): void;
}

/** Makes a stage for the blocks of one document. `root` is the project's folder; `installed` leaves out its `npm ci`. */
export function makeStage(root: string, installed: boolean): Stage {
	const folder = mkdtempSync(join(tmpdir(), "aerogram-blocks-"));
	mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
	symlinkSync(root, join(folder, "node_modules/aerogram"));
	const nodeTypes = join(root, "node_modules/@types/node");
	if (existsSync(nodeTypes)) symlinkSync(nodeTypes, join(folder, "node_modules/@types/node"));
	writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');
	const write = (block: Block, ending: string, code: string) => {
		const path = join(folder, `line-${block.line}.${ending}`);
		writeFileSync(path, `${code}\n`);
		return path;
	};
	return {
		commandOf(block) {
			if (block.language === "python") return { command: ["python3", write(block, "py", block.code)], cwd: folder };
			if (block.language === "ts") return { command: [process.execPath, write(block, "ts", block.code)], cwd: folder };
			const code = installed ? block.code.replace(/\bnpm ci\b/g, "true") : block.code;
			return { command: ["bash", "-eo", "pipefail", write(block, "sh", code)], cwd: root };
		},
		checkTypes(blocks) {
			const files = blocks.filter(({ language }) => language === "ts").map((block) => write(block, "ts", block.code));
			if (files.length === 0) return "";
			writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
			const run = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
				cwd: folder,
				encoding: "utf8",
			});
			return run.status === 0 ? "" : run.stdout + run.stderr;
		},
		remove: () => rmSync(folder, { recursive: true, force: true }),
	};
}

const compilerOptions = {
	target: "ES2024",
	lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
	module: "NodeNext",
	moduleResolution: "NodeNext",
	moduleDetection: "force",
	types: ["node"],
	strict: true,
	noEmit: true,
	skipLibCheck: true,
};
