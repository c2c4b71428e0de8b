import type { Plugin } from "esbuild";

/** Where the SDK for browsers lies below `worker/`, for tools that bundle the Worker themselves. Not kept in git. */
export const generatedFile = "generated/aerogram.js.txt";

/** An esbuild plugin that answers the Worker's import of the generated SDK from memory, as soon as it is built. */
export function sdkText(sdk: Promise<string>): Plugin {
	return {
		name: "sdk-text",
		setup(build) {
			build.onResolve({ filter: /\/generated\/aerogram\.js\.txt$/ }, () => ({
				path: generatedFile,
				namespace: "sdk-text",
			}));
			build.onLoad({ filter: /.*/, namespace: "sdk-text" }, async () => {
				try {
					return { contents: await sdk, loader: "text" };
				} catch {
					// The SDK's own build reports its mistakes; a second report here would only hide them.
					return { contents: "", loader: "text" };
				}
			});
		},
	};
}
