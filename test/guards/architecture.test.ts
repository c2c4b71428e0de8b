import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layers } from "../../tools/guards/layer-rules.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
/** Where the page's shorter paths begin. */
const bases = ["", "worker/", "worker/space/"];

test("every file and folder that ARCHITECTURE.md names is there", () => {
	const named = [...page.matchAll(/`([\w.-]+(?:\/[\w.-]*)+|[\w-]+\.(?:config\.)?ts)`/g)].map(([, path = ""]) => path);
	expect(named.length).toBeGreaterThan(60);
	expect(named.filter((path) => !bases.some((base) => existsSync(join(root, base, path))))).toEqual([]);
});

test("ARCHITECTURE.md names every part of a space", () => {
	const parts = layers.flatMap(({ place }) => /^worker\/space\/parts\/(\w+)\/$/.exec(place)?.[1] ?? []);
	expect(parts.length).toBeGreaterThan(0);
	for (const part of parts) expect(page, part).toContain(`| \`${part}\` |`);
});
