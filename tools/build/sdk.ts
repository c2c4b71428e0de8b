import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/** The SDK for browsers: minified ES modules, each whole in itself. */
export interface SdkBundle {
	/** `/aerogram.js`: what a page imports. */
	readonly main: string;
	/** `/aerogram-http.js`: what that loads at its first request over HTTP, and where there is no WebSocket. */
	readonly http: string;
	/** `/aerogram-live.js`: what it loads when presence, a watch or a call is first used. */
	readonly live: string;
}

/** Leaves the dynamic imports of the SDK, of `over-http.ts` and `over-live.ts`, to the browser. */
const loadLater: Plugin = {
	name: "load-later",
	setup(build) {
		build.onResolve({ filter: /\/over-\w+\.ts$/ }, ({ kind, path }) =>
			kind === "dynamic-import"
				? { path: path.replace(/^.*over-(\w+)\.ts$/, "./aerogram-$1.js"), external: true }
				: undefined,
		);
	},
};

/**
 * Bundles the SDK as a browser loads it. What several modules need stands in each: a page that needs one of them then loads
 * one file. Errors know one another by their brand, whichever made them.
 *
 * @throws esbuild's BuildFailure, with the places of all mistakes, when the sources do not compile.
 */
export async function buildSdk(root: string): Promise<SdkBundle> {
	const entries = ["sdk/index.ts", "sdk/over-http.ts", "sdk/over-live.ts"];
	const [main = "", http = "", live = ""] = await Promise.all(entries.map((entry) => bundle(root, entry)));
	return { main, http, live };
}

async function bundle(root: string, entry: string): Promise<string> {
	// The guard's fixture has no more than its first file.
	if (!existsSync(join(root, entry))) return "";
	const { outputFiles } = await build({
		absWorkingDir: root,
		entryPoints: [entry],
		bundle: true,
		write: false,
		format: "esm",
		platform: "browser",
		target: "es2022",
		minify: true,
		plugins: [loadLater],
		logLevel: "silent",
	});
	return outputFiles[0]?.text ?? "";
}
