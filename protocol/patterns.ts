import { limits } from "./limits.ts";
import { isName } from "./names.ts";
import { fail, type Result, succeed } from "./result.ts";

/** A pattern of names, by its parts: each a part of a name, `*`, or at the end `**`. */
export interface Pattern {
	readonly text: string;
	readonly parts: readonly string[];
}

/**
 * Reads a pattern: a name in which a whole part may be `*`, which stands for any one part, and the last one `**`, which
 * stands for one or more. `orders:*`, `orders:**`, `**`.
 */
export function readPattern(text: string): Result<Pattern> {
	const parts = text.split(":");
	// What is left of a pattern with its stars taken for letters is a name, or it is none.
	const letters = parts.map((part, index) => (isStar(part, index === parts.length - 1) ? "x" : part)).join(":");
	if (text.length <= limits.nameLength && isName(letters)) return succeed({ text, parts });
	return fail(
		"bad_name",
		`A pattern is a name of at most ${limits.nameLength} characters in which a part may be *, and the last one **.`,
	);
}

/** Whether a name is one that a pattern stands for. Looks at each part once. */
export function matchesPattern(pattern: Pattern, name: string): boolean {
	return matchesParts(pattern, name.split(":"));
}

/** Whether the parts of a name are those that a pattern stands for. */
export function matchesParts({ parts: wanted }: Pattern, parts: readonly string[]): boolean {
	const open = wanted[wanted.length - 1] === "**";
	if (open ? parts.length < wanted.length : parts.length !== wanted.length) return false;
	return wanted.every((part, index) => part === "*" || part === "**" || part === parts[index]);
}

/** Whether a pattern stands for every name that another one stands for. */
export function containsPattern(outer: Pattern, inner: Pattern): boolean {
	const open = outer.parts.at(-1) === "**";
	// A last `**` of the inner one begins where no outer part but another `**` can follow it.
	if (!open && inner.parts.at(-1) === "**") return false;
	return matchesParts(outer, inner.parts);
}

/**
 * Which of two patterns comes first where both match a name: the one that says more at the first part in which they differ.
 * A part of a name says more than `*`, and `*` more than `**`. Negative: `one`.
 */
export function comparePatterns(one: Pattern, other: Pattern): number {
	const length = Math.max(one.parts.length, other.parts.length);
	for (let index = 0; index < length; index++) {
		const difference = vagueness(one.parts[index]) - vagueness(other.parts[index]);
		if (difference !== 0) return difference;
	}
	return 0;
}

/**
 * What is said by pattern, found by name: the most specific pattern that matches decides, alone, in whatever order they
 * were given.
 */
export class PatternTable<Value> {
	readonly #entries: readonly { readonly pattern: Pattern; readonly value: Value }[];

	/** `entries`: by pattern, each of them once. */
	constructor(entries: readonly (readonly [Pattern, Value])[]) {
		this.#entries = entries
			.map(([pattern, value]) => ({ pattern, value }))
			.sort((one, other) => comparePatterns(one.pattern, other.pattern));
	}

	/** What is said of a name, if anything is. */
	find(name: string): Value | undefined {
		return this.#entries.find(({ pattern }) => matchesPattern(pattern, name))?.value;
	}
}

/** Reads what is said by pattern: an object whose keys are patterns. The fault names the one that is none. */
export function readPatterns<Value>(said: { readonly [pattern: string]: Value }): Result<PatternTable<Value>> {
	const entries: (readonly [Pattern, Value])[] = [];
	for (const [text, value] of Object.entries(said)) {
		const pattern = readPattern(text);
		if (!pattern.ok) return fail(pattern.fault.code, `"${text}" is no pattern. ${pattern.fault.message}`);
		entries.push([pattern.value, value]);
	}
	return succeed(new PatternTable(entries));
}

function isStar(part: string, last: boolean): boolean {
	return part === "*" || (last && part === "**");
}

/** Beyond its end a pattern counts as `*`: one that ends earlier matches no name of a longer one, or ended in `**`. */
function vagueness(part: string | undefined): number {
	return part === "**" ? 2 : part === "*" || part === undefined ? 1 : 0;
}
