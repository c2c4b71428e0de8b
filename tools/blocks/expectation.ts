/** What may stand in an expected output for a value that differs from run to run, and what it stands for. */
export const placeholders: Readonly<Record<string, string>> = {
	"<epoch>": "[a-z0-9]{9,32}",
	"<seq>": "\\d+",
	"<ts>": "\\d{13}",
	"<id>": "[A-Za-z0-9_.~:-]+",
	"<number>": "-?\\d+(?:\\.\\d+)?",
	"<date>": "[A-Za-z0-9:,.+ -]+",
	"<any>": "[^\\n]*",
};

const anyLines = "…";

/** Whether a whole output is as expected, but for line ends and space at the end. */
export function matchesOutput(expected: string, actual: string): boolean {
	return new RegExp(`^${pattern(expected)}$`).test(tidy(actual));
}

/** Whether lines as expected stand anywhere in an output that goes on. */
export function occursIn(expected: string, actual: string): boolean {
	return new RegExp(`(?:^|\\n)${pattern(expected)}(?:\\n|$)`).test(tidy(actual));
}

function tidy(text: string): string {
	return text.replaceAll("\r\n", "\n").trimEnd();
}

/** The regular expression for an expected output. A line that is only `…` stands for any lines, also for none. */
function pattern(expected: string): string {
	const lines = tidy(expected).split("\n");
	return lines.reduce((all, line, index) => {
		if (line.trim() === anyLines) return index === 0 ? "(?:[^\\n]*(?:\\n|$))*?" : `${all}(?:\\n[^\\n]*)*?`;
		const separator = index === 0 || (index === 1 && lines[0]?.trim() === anyLines) ? "" : "\\n";
		return all + separator + linePattern(line);
	}, "");
}

function linePattern(line: string): string {
	const pieces = line.split(/(<[a-z]+>)/);
	return pieces.map((piece) => placeholders[piece] ?? piece.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("");
}
