import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { buildSdk, type SdkBundle } from "./build/sdk.ts";
import { generatedFiles, sdkText } from "./build/sdk-text.ts";
import { writeIfChanged } from "./build/write-if-changed.ts";

/** The project that this file belongs to. */
export const projectFolder = join(import.meta.dirname, "..");

/** What to build, and where to leave it. */
export interface BuildOptions {
	/** The project folder: sources are read from here. Default: the project that this file belongs to. */
	readonly root?: string;
	/** Where `index.js` is written. Without it nothing is written, and the text is only returned. */
	readonly outdir?: string;
	/** More esbuild plugins for the Worker (not for the SDK inside it); they come before the project's own. */
	readonly plugins?: readonly Plugin[];
}

/** A built Worker. */
export interface WorkerBundle {
	/** The Worker: one ES module with the SDK for browsers inside it as text. */
	readonly worker: string;
	/** The SDK for browsers. */
	readonly sdk: SdkBundle;
	/** Where the Worker was written, if it was. */
	readonly file?: string;
}

/**
 * Bundles the Worker, and the SDK that it serves as `/aerogram.js`. Both are built side by side, and the SDK goes from
 * memory into the Worker: a build reads the sources and writes nothing but `outdir`.
 *
 * @throws esbuild's BuildFailure, with the places of all mistakes, when the sources do not compile.
 */
export async function buildWorker(options: BuildOptions = {}): Promise<WorkerBundle> {
	const root = options.root ?? projectFolder;
	const sdk = buildSdk(root);
	const built = build({
		absWorkingDir: root,
		entryPoints: ["worker/index.ts"],
		bundle: true,
		write: false,
		format: "esm",
		platform: "neutral",
		target: "es2024",
		conditions: ["workerd", "worker"],
		mainFields: ["module", "main"],
		external: ["cloudflare:*", "node:*"],
		loader: { ".html": "text", ".txt": "text" },
		plugins: [...(options.plugins ?? []), sdkText(sdk)],
		logLevel: "silent",
	});
	// Both are awaited together, so that a mistake in one leaves no promise of the other behind.
	const [sdkCode, { outputFiles }] = await Promise.all([sdk, built]);
	const worker = outputFiles[0]?.text ?? "";
	if (options.outdir === undefined) return { worker, sdk: sdkCode };
	const file = join(options.outdir, "index.js");
	await mkdir(options.outdir, { recursive: true });
	await writeIfChanged(file, worker);
	return { worker, sdk: sdkCode, file };
}

/** Builds the Worker into `dist/worker/`, and the SDK where Wrangler and the tests in workerd import it from. */
async function run(): Promise<void> {
	const started = performance.now();
	const { worker, sdk, file } = await buildWorker({ outdir: join(projectFolder, "dist", "worker") });
	const parts: [path: string, text: string][] = [[file ?? "", worker]];
	for (const [name, path] of Object.entries(generatedFiles)) {
		const generated = join(projectFolder, "worker", path);
		await mkdir(join(generated, ".."), { recursive: true });
		await writeIfChanged(generated, sdk[name as keyof SdkBundle]);
		parts.push([generated, sdk[name as keyof SdkBundle]]);
	}
	const sizes = parts.map(
		([path, text]) => `${relative(projectFolder, path)} (${(Buffer.byteLength(text) / 1000).toFixed(1)} kB)`,
	);
	const took = Math.round(performance.now() - started);
	console.log(`built ${sizes.join(", ")} in ${took} ms`);
}

if (import.meta.main) {
	try {
		await run();
	} catch (error) {
		const { explainBuildFailure } = await import("./build/explain-failure.ts");
		process.stderr.write(await explainBuildFailure(error));
		process.exitCode = 1;
	}
}
