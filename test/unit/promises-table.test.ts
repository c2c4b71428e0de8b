import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Feature, features } from "../promises/promise.ts";
import { promisedTable, type TransportId, transports, triedOver } from "../promises/transports.ts";

const ids = Object.keys(transports) as TransportId[];

test("the page of transports holds the table of what each of them keeps, as the suite has it", () => {
	const page = readFileSync(join(import.meta.dirname, "../../docs/reference/transports.md"), "utf8");
	expect(page).toContain(`\n\n${promisedTable()}\n\n`);
});

test("a WebSocket with JSON has no gap", () => {
	expect(transports.websocket.gaps).toEqual([]);
});

test.each(ids)("of %s, a promise is tried for every feature that is no gap, and none for a gap", (id) => {
	const gaps: readonly Feature[] = transports[id].gaps;
	const tried = new Set(triedOver(id).flatMap(({ needs }) => needs));
	const expected = (Object.keys(features) as Feature[]).filter((feature) => !gaps.includes(feature));
	expect([...tried].sort()).toEqual(expected.sort());
});

test("no two promises of a transport have the same name", () => {
	for (const id of ids) {
		const names = triedOver(id).map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
	}
});
