import type { Block } from "./parse.ts";

const run = new Set(["sh", "bash", "python", "ts"]);
const otherNames = new Set([
	"shell",
	"console",
	"zsh",
	"py",
	"python3",
	"typescript",
	"tsx",
	"js",
	"javascript",
	"mjs",
]);

/** Whether a block is one that is run, or says why it is not. */
export function isProgram(block: Block): boolean {
	return run.has(block.language);
}

/** What is wrong with how a document marks its blocks: a sentence for each, with its line. */
export function checkMarks(blocks: readonly Block[]): readonly string[] {
	return blocks.flatMap((block): string[] => {
		const say = (text: string) => [`line ${block.line}: ${text}`];
		if (block.language === "") return say("the block names no language; text is one");
		if (otherNames.has(block.language)) return say(`${block.language} is not run here: say sh, python or ts`);
		if (block.directive.kind === "unknown") {
			return say(
				`<!-- ${block.directive.text} --> is neither "not run: <why>" nor "keeps running: ready when <url> answers" nor "keeps running: ready when it prints"`,
			);
		}
		if (block.directive.kind !== "run" && !isProgram(block)) return say(`a ${block.language} block is never run`);
		return [];
	});
}

/** Where a translation's blocks differ from the original's: they must be the same, word for word. */
export function compareTranslation(original: readonly Block[], translation: readonly Block[]): readonly string[] {
	const length = Math.max(original.length, translation.length);
	for (let index = 0; index < length; index++) {
		const first = original[index];
		const second = translation[index];
		if (!first) return [`line ${second?.line}: the original has no such block`];
		if (!second) return [`the block of line ${first.line} of the original is missing`];
		const same =
			first.language === second.language &&
			first.code === second.code &&
			first.directive.kind === second.directive.kind;
		if (!same) return [`line ${second.line}: the block differs from line ${first.line} of the original`];
	}
	return [];
}
