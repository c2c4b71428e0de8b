/**
 * The pages of `docs/reference/` that are written from the code which they describe: `npm run docs` writes them, and a test
 * fails while they say something else than the code.
 */
import { join } from "node:path";
import { writeIfChanged } from "./build/write-if-changed.ts";
import { projectFolder } from "./build.ts";
import { errorsPage } from "./docs/errors.ts";
import { httpPage } from "./docs/http.ts";
import { limitsPage } from "./docs/limits.ts";
import { readOpenApi } from "./openapi.ts";

/** The pages as they should be now, by their paths in the project. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
	const openApi = await readOpenApi();
	return new Map([
		["docs/reference/http.md", httpPage(openApi)],
		["docs/reference/errors.md", errorsPage(openApi)],
		["docs/reference/limits.md", limitsPage()],
	]);
}

if (import.meta.main) {
	for (const [path, text] of await generatedPages()) {
		await writeIfChanged(join(projectFolder, path), text);
		console.log(`${path}: ${text.split("\n").length - 1} lines`);
	}
}
