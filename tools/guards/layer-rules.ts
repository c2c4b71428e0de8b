/** What the files of one place may import. */
export interface Layer {
	/** A folder, ending in `/`, or one file. The first layer of the table that holds a file decides for it. */
	readonly place: string;
	/** Folders, ending in `/`, and files it may import besides its own place. */
	readonly below: readonly string[];
	/** Packages it may import; `node:*` stands for all of Node, `*` for every package. */
	readonly packages: readonly string[];
	/** Nothing may stand here: each of its files belongs into a place named before. */
	readonly closed?: true;
}

/** The parts of a space, each a folder or a file below `worker/space/parts/`. None ever imports another. */
const parts = [
	"log",
	"collections",
	"sockets",
	"outbox",
	"jobs",
	"rates",
	"schema",
	"presence",
	"calls",
	"watchers",
	"rights",
];

const partLayers = parts.flatMap((part): Layer[] =>
	[`worker/space/parts/${part}/`, `worker/space/parts/${part}.ts`].map((place) => ({
		place,
		below: ["worker/space/ports.ts", "worker/space/window.ts", "protocol/"],
		packages: [],
	})),
);

/** The layers, the narrow before the wide. ARCHITECTURE.md draws the same picture. */
export const layers: readonly Layer[] = [
	{ place: "protocol/", below: [], packages: [] },
	// The one place of the SDK that knows Node: `aerogram/node`.
	{ place: "sdk/node/", below: ["sdk/", "protocol/"], packages: ["node:*"] },
	{ place: "sdk/", below: ["protocol/"], packages: [] },
	...partLayers,
	{ place: "worker/space/parts/", below: [], packages: [], closed: true },
	{ place: "worker/space/ports.ts", below: ["protocol/"], packages: [] },
	{ place: "worker/space/window.ts", below: [], packages: [] },
	{
		place: "worker/space/",
		below: [
			"protocol/",
			"worker/config.ts",
			"worker/env.ts",
			"worker/greeting.ts",
			"worker/rules.ts",
			"worker/directory/api.ts",
			"worker/directory/directories.ts",
			"worker/directory/revocation.ts",
			"worker/auth/",
		],
		packages: ["cloudflare:workers"],
	},
	// The bridge of the command line serves connections by the very same code, in Node.
	{ place: "worker/tcp/", below: ["protocol/"], packages: [] },
	// Who is let in: the one place that knows how tokens are signed.
	{
		place: "worker/auth/",
		below: [
			"protocol/",
			"worker/config.ts",
			"worker/env.ts",
			"worker/directory/api.ts",
			"worker/directory/directories.ts",
			"worker/directory/revocation.ts",
			"aerogram.config.ts",
		],
		packages: ["jose"],
	},
	{
		place: "worker/",
		below: ["protocol/", "console/", "aerogram.config.ts"],
		packages: ["cloudflare:workers", "hono"],
	},
	// What a user writes: schemas come from a library of theirs, and may stand in a file that their client code imports too.
	{ place: "contract.ts", below: ["protocol/", "sdk/contract.ts", "worker/config.ts"], packages: ["*"] },
	{ place: "aerogram.config.ts", below: ["protocol/", "worker/config.ts", "contract.ts"], packages: ["*"] },
	{
		place: "cli/",
		below: ["sdk/", "protocol/", "worker/tcp/", "tools/build.ts", "tools/build/"],
		packages: ["node:*", "miniflare", "esbuild", "node-forge"],
	},
	{ place: "console/", below: ["sdk/", "protocol/"], packages: [] },
	// What is deployed is checked as the Worker itself would.
	{
		place: "tools/deploy/",
		below: ["protocol/", "worker/auth/", "worker/compile-rules.ts", "worker/config.ts", "worker/http/origins.ts"],
		packages: [],
	},
	{
		place: "tools/deploy.ts",
		below: ["protocol/", "tools/build.ts", "tools/deploy/", "aerogram.config.ts"],
		packages: ["node:*", "wrangler"],
	},
	{ place: "tools/", below: ["protocol/"], packages: ["node:*", "esbuild"] },
	{
		place: "bench/",
		below: ["sdk/", "protocol/", "cli/", "test/helpers/", "tools/build.ts", "tools/build/"],
		packages: ["*"],
	},
	{ place: "examples/", below: [], packages: ["*"] },
	{
		place: "test/",
		below: ["protocol/", "sdk/", "worker/", "cli/", "console/", "tools/", "bench/", "aerogram.config.ts"],
		packages: ["*"],
	},
	{ place: "vitest.config.ts", below: ["tools/"], packages: ["*"] },
	{ place: "vitest.red.config.ts", below: ["tools/", "test/"], packages: ["*"] },
	{ place: "tsdown.config.ts", below: ["tools/"], packages: ["*"] },
];
