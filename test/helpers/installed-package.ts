import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { projectFolder } from "../../tools/build.ts";

const run = promisify(execFile);

/** As a user's shell has it: none of what npm scripts set, and PATH's own Node. */
const env = {
	...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|VITEST|NODE_|TEST$)/i.test(name))),
	PATH: (process.env.PATH ?? "")
		.split(delimiter)
		.filter((entry) => !entry.includes("node_modules"))
		.join(delimiter),
};

/** A folder of a user's own, in which the built package is installed. */
export interface InstalledPackage {
	readonly folder: string;
	/** Writes a file into the folder. */
	write(name: string, text: string): Promise<void>;
	/** Runs a command of a user's shell there; resolves to what it printed, rejects when it fails. */
	run(command: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
	remove(): Promise<void>;
}

/** Builds and packs the package as it is now, and installs it with `others` into an empty folder. */
export async function installPackage(others: readonly string[] = []): Promise<InstalledPackage> {
	const folder = await mkdtemp(join(tmpdir(), "aerogram-package-"));
	await run(process.execPath, ["node_modules/tsdown/dist/run.mjs", "--logLevel", "error"], { cwd: projectFolder });
	const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
		cwd: projectFolder,
		env,
	});
	const [packed] = Object.values(JSON.parse(stdout) as Record<string, { readonly filename: string }>);
	const tarball = join(folder, packed?.filename ?? "");
	await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
	const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball, ...others];
	await run("npm", install, { cwd: folder, env });
	return {
		folder,
		write: (name, text) => writeFile(join(folder, name), text),
		run: (command, args) => run(command, [...args], { cwd: folder, env, timeout: 60_000 }),
		remove: () => rm(folder, { recursive: true, force: true }),
	};
}
