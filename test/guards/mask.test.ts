import { describe, expect, test } from "vitest";
import { readImports } from "../../tools/guards/imports.ts";
import { maskCode } from "../../tools/guards/mask.ts";

/** Masked code with the runs of spaces made short, so that a row of the table stays readable. */
function mask(code: string): string {
	return maskCode(code).replace(/ +/g, " ");
}

describe("masking leaves code and blanks the rest", () => {
	test.each([
		["a; // any\nb;", "a; \nb;"],
		["a /* any\nany */ b", "a \n b"],
		['x = "any \\" any" + y', 'x = " " + y'],
		["x = 'any' + y", "x = ' ' + y"],
		["x = `any ${y + `any ${z}`} any` + w", "x = ` ${y + ` ${z}`} ` + w"],
		["x = `${{ a: { b } }} any`", "x = `${{ a: { b } }} `"],
		['x = /any[/"]/g.test(y)', "x = / /g.test(y)"],
		["return /any'/ ", "return / / "],
		['a / b; "any"; c / d', 'a / b; " "; c / d'],
		["f(a) / 2 + list[0] / 3 // any", "f(a) / 2 + list[0] / 3 "],
		["`http://any` + x", "` ` + x"],
	])("%j", (code, masked) => {
		expect(mask(code)).toBe(masked);
		expect(maskCode(code)).toHaveLength(code.length);
	});
});

test("every way to import is found, with its line", () => {
	const text = [
		'import "./effect.ts";',
		'import type { A } from "../a.ts";',
		"import {",
		"\tb,",
		"} from './b.ts';",
		'export * from "hono";',
		'type C = import("./c.ts").C;',
		'const d = await import("./d.ts?raw");',
		'const e = new URL("./e.ts", import.meta.url);',
		'// import "./comment.ts"',
		"const text = 'import \"./text.ts\"';",
	].join("\n");
	const imports = readImports({ path: "sdk/deep/file.ts", text });
	expect(imports.map(({ line, path, specifier }) => [line, path ?? specifier])).toEqual([
		[1, "sdk/deep/effect.ts"],
		[2, "sdk/a.ts"],
		[5, "sdk/deep/b.ts"],
		[6, "hono"],
		[7, "sdk/deep/c.ts"],
		[8, "sdk/deep/d.ts"],
		[9, "sdk/deep/e.ts"],
	]);
});
