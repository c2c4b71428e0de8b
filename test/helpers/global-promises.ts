import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { drawTable, type TransportId, transports, triedOver } from "../promises/transports.ts";
import type { Outcomes } from "./promise-tests.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** The folder in which each caller of the promise suite leaves what became of it. */
		promiseOutcomes: string;
	}
}

/** Prints at the run's end which transport kept what, where any of them was tried. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
	const folder = await mkdtemp(join(tmpdir(), "aerogram-promises-"));
	project.provide("promiseOutcomes", folder);
	return async () => {
		const outcomes = new Map<TransportId, Outcomes>();
		for (const id of Object.keys(transports) as TransportId[]) {
			const text = await readFile(join(folder, `${id}.json`), "utf8").catch(() => undefined);
			if (text !== undefined) outcomes.set(id, JSON.parse(text) as Outcomes);
		}
		await rm(folder, { recursive: true });
		if (outcomes.size > 0) console.log(`\nWhat each transport kept in Node:\n\n${keptTable(outcomes)}\n`);
	};
}

/** ✓ where every promise that needs a feature was kept, ✗ where one was broken, – where none was to be tried. */
function keptTable(outcomes: ReadonlyMap<TransportId, Outcomes>): string {
	return drawTable((feature, transport) => {
		const tried = outcomes.get(transport);
		if (!tried) return "not run";
		const concerned = triedOver(transport).filter(({ needs }) => needs.includes(feature));
		if (concerned.length === 0) return "–";
		if (concerned.some(({ name }) => tried[name] === undefined)) return "not run";
		return concerned.every(({ name }) => tried[name]) ? "✓" : "✗";
	});
}
