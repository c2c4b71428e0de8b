/**
 * Runs every guard on the tree it stands in, or on the folder given: `node tools/guards/run.ts [folder]`. Prints one line
 * for each, then its findings; exits with 1 when there are any.
 */
import { resolve } from "node:path";
import { guards } from "./all.ts";
import { formatFinding } from "./guard.ts";

const root = resolve(process.argv[2] ?? `${import.meta.dirname}/../..`);
let failed = 0;
for (const [name, check] of Object.entries(guards)) {
	const { findings, note } = await check(root);
	if (findings.length > 0) failed++;
	console.log(`${findings.length > 0 ? "✗" : "✓"} ${name}${note ? `: ${note}` : ""}`);
	for (const finding of findings) console.log(`    ${formatFinding(finding)}`);
}
console.log(`guards: ${Object.keys(guards).length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
