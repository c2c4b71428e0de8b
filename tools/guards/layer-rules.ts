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
const parts = ["log", "sockets", "outbox", "jobs", "schema"];

const partLayers = parts.flatMap((part): Layer[] =>
	[`worker/space/parts/${part}/`, `worker/space/parts/${part}.ts`].map((place) => ({
		place,
		below: ["worker/space/ports.ts", "protocol/"],
		packages: [],
	})),
);

/** The layers, the narrow before the wide. ARCHITECTURE.md draws the same picture. */
export const layers: readonly Layer[] = [
	{ place: "protocol/", below: [], packages: [] },
	{ place: "sdk/", below: ["protocol/"], packages: [] },
	...partLayers,
	{ place: "worker/space/parts/", below: [], packages: [], closed: true },
	{ place: "worker/space/ports.ts", below: ["protocol/"], packages: [] },
	{
		place: "worker/space/",
		below: ["protocol/", "worker/config.ts", "worker/env.ts", "worker/directory/api.ts", "aerogram.config.ts"],
		packages: ["cloudflare:workers"],
	},
	{
		place: "worker/",
		below: ["protocol/", "console/", "aerogram.config.ts"],
		packages: ["cloudflare:workers", "hono"],
	},
	{ place: "aerogram.config.ts", below: ["protocol/", "worker/config.ts"], packages: [] },
	{
		place: "cli/",
		below: ["protocol/", "tools/build.ts", "tools/build/"],
		packages: ["node:*", "miniflare", "esbuild"],
	},
	{ place: "console/", below: ["sdk/", "protocol/"], packages: [] },
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
	{ place: "tsdown.config.ts", below: ["tools/"], packages: ["*"] },
];
