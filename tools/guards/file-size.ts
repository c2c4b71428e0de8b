import { isTest, readSources } from "./files.ts";
import type { Finding, Report } from "./guard.ts";

const sourceLines = 300;
const testLines = 400;

/** No source file over 300 lines, no test file over 400. Notes the median of the source files. */
export function checkFileSize(root: string): Report {
	const files = readSources(root, /\.(?:ts|tsx|mts|js|mjs|html|css)$/).map(({ path, text }) => ({
		path,
		lines: text.replace(/\n$/, "").split("\n").length,
	}));
	const findings = files.flatMap(({ path, lines }): Finding[] => {
		const most = isTest(path) ? testLines : sourceLines;
		return lines > most ? [{ path, line: 0, text: `has ${lines} lines, the most is ${most}: split it by idea` }] : [];
	});
	const sizes = files.filter(({ path }) => !isTest(path)).map(({ lines }) => lines);
	sizes.sort((a, b) => a - b);
	return { findings, note: `${sizes.length} source files, median ${sizes[sizes.length >> 1] ?? 0} lines` };
}
