import { defineConfig } from "tsdown";

// Platform neutral: the one file runs in browsers, Node and workerd, and names no module of any of them.
export default defineConfig({
	entry: { index: "sdk/index.ts" },
	outDir: "dist",
	format: "esm",
	platform: "neutral",
	target: "es2022",
	dts: true,
	// The declarations are made from one project: those of a referenced one would not be written.
	tsconfig: "tsconfig.dts.json",
	// dist/worker is the other build's.
	clean: ["dist/index.js", "dist/index.d.ts"],
});
