import { defineConfig } from "tsdown";

const typed = [
	"sdk/index.ts",
	"sdk/node/index.ts",
	"sdk/msgpack.ts",
	"sdk/contract.ts",
	"sdk/queue.ts",
	"sdk/server.ts",
];

// Platform neutral: all but `aerogram/node` and the command line run in browsers, Node and workerd, and name no module of any.
export default defineConfig({
	entry: {
		index: "sdk/index.ts",
		node: "sdk/node/index.ts",
		msgpack: "sdk/msgpack.ts",
		contract: "sdk/contract.ts",
		queue: "sdk/queue.ts",
		server: "sdk/server.ts",
		cli: "cli/main.ts",
	},
	outDir: "dist",
	outputOptions: { chunkFileNames: "chunks/[name].js" },
	format: "esm",
	platform: "neutral",
	target: "es2022",
	deps: { neverBundle: [/^node:/] },
	dts: { entry: typed },
	// The declarations are made from one project: those of a referenced one would not be written.
	tsconfig: "tsconfig.dts.json",
	// dist/worker is the other build's.
	clean: ["dist/*.js", "dist/*.d.ts", "dist/chunks"],
});
