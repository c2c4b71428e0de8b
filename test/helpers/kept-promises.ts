/**
 * What became of the promise suite over each transport in Node, in a folder that `AEROGRAM_TEST_KEPT` names: each transport
 * is tried by a file of its own. `test/coverage/promises-kept.test.ts` reads it when all have ended.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawTable, type TransportId, triedOver } from "../promises/transports.ts";

/** What became of the promises of one transport, by name. */
export type Outcomes = Readonly<Record<string, boolean>>;

/** Notes what became of them. */
export function noteOutcomes(transport: TransportId, outcomes: Outcomes): void {
	const folder = process.env.AEROGRAM_TEST_KEPT;
	if (folder === undefined) return;
	mkdirSync(folder, { recursive: true });
	writeFileSync(fileOf(folder, transport), JSON.stringify(outcomes));
}

/** The table of what was kept: ✓ where every promise that needs a feature was kept, ✗ where one was broken, – where none was to be tried. */
export function keptTable(): string {
	return drawTable((feature, transport) => {
		const tried = readOutcomes(transport);
		const concerned = triedOver(transport).filter(({ needs }) => needs.includes(feature));
		if (concerned.length === 0) return "–";
		if (concerned.some(({ name }) => tried[name] === undefined)) return "not run";
		return concerned.every(({ name }) => tried[name]) ? "✓" : "✗";
	});
}

function readOutcomes(transport: TransportId): Outcomes {
	const file = fileOf(process.env.AEROGRAM_TEST_KEPT ?? "", transport);
	return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Outcomes) : {};
}

function fileOf(folder: string, transport: TransportId): string {
	return join(folder, `${transport}.json`);
}
