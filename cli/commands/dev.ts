import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { devHelp, parseDevOptions } from "../options.ts";
import { watchParents } from "../parents.ts";
import { UnavailableError } from "../usage-error.ts";

/** What `aerogram help dev` prints. */
export const help = devHelp;

/** Where the server stands in the project. Named by a value, so that the package's build leaves it out. */
const server = new URL("../dev.ts", import.meta.url);

/** Runs `aerogram dev`. */
export async function run(args: readonly string[]): Promise<"serving"> {
	const options = parseDevOptions(args);
	if (!existsSync(fileURLToPath(server))) {
		throw new UnavailableError(
			"aerogram dev runs in the project, which holds the Worker that it serves: clone it, then npm ci and npm run dev.",
		);
	}
	// Leaving by process.exit ends the runtime, whatever state it is in: it is killed while the process exits.
	watchParents(() => process.exit(0));
	const { runDev } = (await import(server.href)) as typeof import("../dev.ts");
	await runDev(options);
	return "serving";
}
