import type { Plugin } from "esbuild";
import type { SdkBundle } from "./sdk.ts";

/** Where the modules of the SDK for browsers lie below `worker/`, for tools that bundle the Worker themselves. Not in git. */
export const generatedFiles = {
	main: "generated/aerogram.js.txt",
	http: "generated/aerogram-http.js.txt",
	live: "generated/aerogram-live.js.txt",
} as const satisfies Record<keyof SdkBundle, string>;

/** An esbuild plugin that answers the Worker's imports of the generated SDK from memory, as soon as it is built. */
export function sdkText(sdk: Promise<SdkBundle>): Plugin {
	return {
		name: "sdk-text",
		setup(build) {
			build.onResolve({ filter: /\/generated\/aerogram(?:-\w+)?\.js\.txt$/ }, ({ path }) => ({
				path: /-(\w+)\.js\.txt$/.exec(path)?.[1] ?? "main",
				namespace: "sdk-text",
			}));
			build.onLoad({ filter: /.*/, namespace: "sdk-text" }, async ({ path }) => {
				try {
					return { contents: (await sdk)[path as keyof SdkBundle], loader: "text" };
				} catch {
					// The SDK's own build reports its mistakes; a second report here would only hide them.
					return { contents: "", loader: "text" };
				}
			});
		},
	};
}
