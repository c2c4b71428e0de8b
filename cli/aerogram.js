#!/usr/bin/env node
/**
 * The command `aerogram`. In a clone it runs the sources, so that nothing need be built and nothing is behind them; in
 * the package, what was built of them. It is a file of the repository because npx links a command once for each
 * folder: one that is missing then, as before a first build, would be missing ever after.
 */
import { existsSync } from "node:fs";

const fromSources = existsSync(new URL("./main.ts", import.meta.url));
if (fromSources && !process.features.typescript) {
	process.stderr.write("aerogram: this Node cannot run the sources; npx --no -- aerogram takes the one that can.\n");
	process.exit(1);
}
await import(fromSources ? "./main.ts" : "../dist/cli.js");
