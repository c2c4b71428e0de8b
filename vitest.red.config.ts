import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { editModules } from "./test/helpers/edited-build.ts";
import { importText } from "./tools/vitest-plugins.ts";

// What a module was made of is kept from one run to the next by its file, which an edit does not change.
const shared = {
	fsModuleCache: false,
	isolate: false,
	testTimeout: 60_000,
	hookTimeout: 60_000,
	expect: { poll: { timeout: 10_000 } },
};

/** As in `vitest.config.ts`: what each process that a test starts compiles to is kept. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/node-compile");

/**
 * For runs that must go red (`test/helpers/red-run.ts`): one file each, many in a row. Without all that `vitest.config.ts` loads for
 * browsers, workers and the check of every answer, such a run starts three times as fast.
 */
export default defineConfig({
	test: {
		// Mutants and threats name the tests that they break, whole.
		taskTitleValueFormatTruncate: 0,
		projects: [
			{ test: { name: "node", include: ["test/{node,soak}/**/*.test.ts"], ...shared } },
			{
				plugins: [importText(), editModules()],
				test: { name: "unit", include: ["test/{unit,guards}/**/*.test.ts"], ...shared },
			},
		],
	},
});
