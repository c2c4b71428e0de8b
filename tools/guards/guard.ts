/** One place that breaks a rule. */
export interface Finding {
	/** Path from the root folder, with `/`. */
	readonly path: string;
	/** From 1; 0 when the finding is about the whole file. */
	readonly line: number;
	/** What is wrong and what to do instead, in one sentence. */
	readonly text: string;
}

/** What a guard says of a tree. */
export interface Report {
	/** Empty when the rule is kept. */
	readonly findings: readonly Finding[];
	/** A measured value worth printing also when all is well: a median, a size. */
	readonly note?: string;
}

/** One rule, checked on the tree below a root folder. Every guard is such a function in a file of its own. */
export type Guard = (root: string) => Report | Promise<Report>;

/** A finding as one line of text: `path:line text`. */
export function formatFinding({ path, line, text }: Finding): string {
	return `${path}${line > 0 ? `:${line}` : ""} ${text}`;
}
