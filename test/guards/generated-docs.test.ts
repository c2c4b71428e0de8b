import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectFolder } from "../../tools/build.ts";
import { anchor } from "../../tools/docs/errors.ts";
import { generatedPages } from "../../tools/docs.ts";

const pages = await generatedPages();
const read = (path: string) => readFileSync(join(projectFolder, path), "utf8");

/** What can be linked to in a page: its headings, and the names it gives itself. */
function anchorsOf(markdown: string): string[] {
	const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => anchor(text.replace(/<[^>]*>/g, "")));
	return [...headings, ...[...markdown.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id)];
}

describe.each([...pages.keys()])("%s", (path) => {
	const page = pages.get(path) ?? "";

	test("says what the code says; if not, `npm run docs` writes it again", () => {
		expect(read(path)).toBe(page);
	});

	test("links only to what is there, and no two of its headings are linked alike", () => {
		const links = [...page.matchAll(/\]\(([a-z-]+\.md)?(?:#([^)]+))?\)/g)];
		expect(links.length).toBeGreaterThan(1);
		const broken = links.filter(([, file, name]) => {
			const target = file === undefined ? path : join("docs/reference", file);
			return name !== undefined && !anchorsOf(pages.get(target) ?? read(target)).includes(name);
		});
		expect(broken.map(([link]) => link)).toEqual([]);
		const linked = new Set(links.flatMap(([, file, name]) => (file === undefined && name ? [name] : [])));
		const twice = anchorsOf(page).filter((name, index, all) => linked.has(name) && all.indexOf(name) !== index);
		expect(twice).toEqual([]);
	});
});
