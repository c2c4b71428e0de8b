import type { Json } from "../../protocol/envelopes.ts";

/** A fenced block of the protocol's page. */
export interface Fence {
	/** What stands behind its backticks: `json client`, `json live` … */
	readonly kind: string;
	readonly lines: readonly FenceLine[];
}

/** One line of a block, with its number in the page, from 1, for whoever must find it again. */
export interface FenceLine {
	readonly number: number;
	readonly text: string;
}

/** One line of a conversation: who speaks, and what. */
export interface Step extends FenceLine {
	/** `>` and `<` are the first socket's, `>>` and `<<` the second's, `!` an HTTP request. */
	readonly mark: ">" | "<" | ">>" | "<<" | "!";
}

/** All fenced blocks, in order. */
export function readFences(markdown: string): readonly Fence[] {
	const fences: { kind: string; lines: FenceLine[] }[] = [];
	let open = false;
	for (const [index, text] of markdown.split("\n").entries()) {
		const kind = /^```(.*)$/.exec(text)?.[1];
		if (kind === undefined) {
			if (open) fences.at(-1)?.lines.push({ number: index + 1, text });
		} else {
			if (!open) fences.push({ kind, lines: [] });
			open = !open;
		}
	}
	return fences;
}

/** The lines of a conversation. Throws on one that is none. */
export function readSteps(fence: Fence): readonly Step[] {
	return fence.lines.map(({ number, text }) => {
		const found = /^(>>?|<<?|!) (.+)$/.exec(text);
		if (!found) throw new Error(`line ${number} of the page starts with none of > < >> << !`);
		return { number, mark: found[1] as Step["mark"], text: found[2] ?? "" };
	});
}

/**
 * The rows of the one table whose first heading is `heading`: the other cells by what the first one names between
 * backticks. Rows that name nothing there are left out.
 */
export function readTable(markdown: string, heading: string): ReadonlyMap<string, readonly string[]> {
	const lines = markdown.split("\n");
	const heads = lines.flatMap((line, index) => (line.startsWith(`| ${heading} |`) ? [index] : []));
	if (heads.length !== 1) throw new Error(`the page has ${heads.length} tables that start with ${heading}`);
	const rows = new Map<string, readonly string[]>();
	for (const line of lines.slice((heads[0] ?? 0) + 2)) {
		if (!line.startsWith("|")) break;
		const [first = "", ...cells] = line
			.slice(1, -1)
			.split("|")
			.map((cell) => cell.trim());
		const name = /^`([^`]+)`/.exec(first)?.[1];
		if (name !== undefined) rows.set(name, cells);
	}
	return rows;
}

/** A number as the page writes it: `65,536`. */
export function readNumber(cell: string | undefined): number {
	return Number(cell?.replaceAll(",", ""));
}

/** What stands for any value. */
const anything = "…";
/** Texts for people: that one is there is promised, its words are not. */
const forPeople = new Set(["message", "greeting"]);
/** How far the `ts` of a message, or the `updated` of a record, may be from now. */
const tsDrift = 600_000;

/** Compares what a server says with what the page says, and keeps in mind which epoch stands for which. */
export class Comparison {
	readonly #realEpochs = new Map<string, string>();

	/** Puts the epochs of the server at hand into a text of the page. */
	fill(text: string): string {
		return text.replace(/[a-z0-9]{9,32}/g, (word) => this.#realEpochs.get(word) ?? word);
	}

	/** What differs, as a sentence; nothing where the page is right. */
	difference(expected: Json, actual: Json | undefined, path = ""): string | undefined {
		const key = path.split(".").at(-1) ?? "";
		const says = () =>
			`${path || "the envelope"} is ${JSON.stringify(actual)}, the page says ${JSON.stringify(expected)}`;
		if (actual === undefined) return says();
		if (expected === anything) return undefined;
		if (key === "epoch" && typeof expected === "string" && typeof actual === "string") {
			return this.#isSameEpoch(expected, actual) ? undefined : says();
		}
		if (key === "ts" || key === "updated") return Math.abs(Number(actual) - Date.now()) < tsDrift ? undefined : says();
		if (forPeople.has(key)) return typeof actual === "string" && actual !== "" ? undefined : says();
		if (typeof expected !== "object" || expected === null) return expected === actual ? undefined : says();
		if (typeof actual !== "object" || actual === null) return says();
		// The order of members counts too: the page promises that of stored messages.
		if (Object.keys(expected).join() !== Object.keys(actual).join()) return says();
		const members = actual as { readonly [key: string]: Json };
		for (const [name, value] of Object.entries(expected)) {
			const found = this.difference(value, members[name], path === "" ? name : `${path}.${name}`);
			if (found !== undefined) return found;
		}
		return undefined;
	}

	#isSameEpoch(example: string, real: string): boolean {
		const known = this.#realEpochs.get(example);
		if (known !== undefined) return known === real;
		// Two epochs of the page stand for two of the server.
		if ([...this.#realEpochs.values()].includes(real)) return false;
		this.#realEpochs.set(example, real);
		return true;
	}
}
