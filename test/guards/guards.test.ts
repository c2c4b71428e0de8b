import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { guards } from "../../tools/guards/all.ts";
import { formatFinding } from "../../tools/guards/guard.ts";

const fixtures = join(import.meta.dirname, "../../tools/guards/fixtures");

/** What a guard says of a tree, a line for each finding. Measured bytes differ between versions of zlib. */
async function findingsOf(guard: string, root: string): Promise<readonly string[]> {
	const report = await guards[guard]?.(root);
	return (report?.findings ?? []).map((finding) => formatFinding(finding).replace(/\b\d{5}\b/g, "<bytes>"));
}

/** A copy of a guard's fixture that a test may change. */
function copyFixture(guard: string): string {
	const folder = mkdtempSync(join(tmpdir(), "aerogram-guard-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	cpSync(join(fixtures, guard), folder, { recursive: true });
	return folder;
}

describe.each(Object.keys(guards))("the guard %s", (guard) => {
	test("finds exactly what is wrong in its fixture, and nothing in what only looks wrong", async () => {
		const expected = readFileSync(join(fixtures, `${guard}.txt`), "utf8")
			.trim()
			.split("\n");
		expect(expected.length).toBeGreaterThan(0);
		expect(await findingsOf(guard, join(fixtures, guard))).toEqual(expected);
	});
});

/** What the guard of dependencies says of a package that is nothing but this manifest. */
async function findingsOfManifest(manifest: object): Promise<readonly string[]> {
	const folder = mkdtempSync(join(tmpdir(), "aerogram-guard-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
	return findingsOf("dependencies", folder);
}

test("every fixture belongs to a guard", () => {
	const folders = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory());
	expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(guards).sort());
});

test("a guard that was red turns green when the tree is repaired", async () => {
	const root = copyFixture("cycles");
	writeFileSync(join(root, "sdk/c.ts"), "export const c = 1;\n");
	expect(await findingsOf("cycles", root)).toEqual([]);
});

test("a longer way around is a cycle as well", async () => {
	const root = copyFixture("cycles");
	writeFileSync(join(root, "sdk/c.ts"), 'export const c = () => import("./e.ts");\n');
	writeFileSync(join(root, "sdk/e.ts"), 'export type E = import("./a.ts").A;\n');
	expect(await findingsOf("cycles", root)).toEqual([
		"sdk/e.ts:1 closes an import cycle: sdk/a.ts -> sdk/b.ts -> sdk/c.ts -> sdk/e.ts -> sdk/a.ts",
	]);
});

test.each(["work", "Users"])("a path below /%s/ belongs to one machine", async (folder) => {
	const root = copyFixture("foreign-words");
	writeFileSync(join(root, "docs/start.md"), `Look into \`/${folder}/place/file.ts\`.\n`);
	expect(await findingsOf("foreign-words", root)).toContain(
		`docs/start.md:1 /${folder}/place is a path of one machine`,
	);
});

test.each([
	["dependencies", { ws: "8.23.0" }, "ws"],
	["peerDependencies", { ws: "8.23.0" }, "ws"],
	["optionalDependencies", { ws: "8.23.0" }, "ws"],
	["bundledDependencies", ["ws"], "ws"],
	["bundleDependencies", ["ws"], "ws"],
	["bundleDependencies", true, "true"],
])("T28: a package that would come along by %s %j is found", async (field, value, name) => {
	expect(await findingsOfManifest({ [field]: value })).toEqual([
		`package.json ${field} holds ${name}: the package has no runtime dependency`,
	]);
});

test.each([
	...["^1.2.3", "~1.2.3", ">=1.2.3", "1.2", "1.x", "*", "", "latest", "1.2.3 || 2.0.0", "npm:other@1.2.3"],
	...["git+https://example.com/a.git", "https://example.com/a.tgz", "owner/name"],
])("T28: a tool at the version %j, which may be another one tomorrow, is found", async (version) => {
	expect(await findingsOfManifest({ devDependencies: { ws: version } })).toEqual([
		`package.json ws is at ${version}: give one exact version`,
	]);
});
