import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
	durations,
	issuerKeyLimits,
	limits,
	quotas,
	retention,
	revocationLimits,
	storage,
	streams,
	tokenLimits,
} from "../../protocol/limits.ts";
import { projectFolder } from "../build.ts";
import { digits, generatedFrom, largeSize, largeTime, table } from "./markdown.ts";

/** A table of numbers in `protocol/limits.ts`, with its comment and that of each number. */
interface Group {
	readonly name: string;
	readonly comment: string;
	readonly rows: readonly { readonly name: string; readonly comment: string }[];
}

/** What each table is called on the page, and its values: those that count, whatever the text says. */
const sources: Readonly<Record<string, readonly [title: string, values: Readonly<Record<string, number>>]>> = {
	limits: ["What the server refuses", limits],
	quotas: ["How much may be used", quotas],
	tokenLimits: ["Tokens", tokenLimits],
	revocationLimits: ["Revocations", revocationLimits],
	issuerKeyLimits: ["Keys of issuers", issuerKeyLimits],
	retention: ["What a channel keeps", retention],
	storage: ["How it is stored", storage],
	streams: ["Streams held for HTTP clients", streams],
	durations: ["Durations", durations],
};

const introduction = `# Limits

Every number that the server or the SDK works with, and why it is what it is. The code reads them from one file; this page is
written from it. A socket is told [what is refused](#what-the-server-refuses) and [how much may be used](#how-much-may-be-used) in
\`welcome.limits\`. What goes beyond one of these is refused with a code of [errors.md](errors.md), and stores nothing.`;

/** `docs/reference/limits.md`. */
export function limitsPage(): string {
	const groups = readGroups(readFileSync(join(projectFolder, "protocol", "limits.ts"), "utf8"));
	const sections = groups.map(({ name, comment, rows }) => {
		const [title, values] = sources[name] ?? unknown(name);
		const cells = rows.map((row) => {
			const value = values[row.name];
			if (value === undefined)
				throw new Error(`${name}.${row.name} is in the text of the limits, and not in their values`);
			return [`\`${row.name}\``, valueText(name, row.name, value), row.comment];
		});
		if (cells.length !== Object.keys(values).length)
			throw new Error(`some number of ${name} has no comment of its own`);
		return `## ${title}\n\n${comment}\n\n${table(["name", "value", ""], cells)}`;
	});
	return `${[generatedFrom("protocol/limits.ts"), introduction, ...sections].join("\n\n")}\n`;
}

function unknown(name: string): never {
	throw new Error(`protocol/limits.ts has ${name}, of which tools/docs/limits.ts knows nothing`);
}

function valueText(group: string, name: string, value: number): string {
	const whole = digits(value);
	if (group === "durations" || name === "age") return withLarge(`${whole} ms`, largeTime(value));
	if (/bytes$/i.test(name)) return withLarge(`${whole} bytes`, largeSize(value));
	if (/length$/i.test(name)) return `${whole} characters`;
	return /seconds$/i.test(name) ? `${whole} s` : whole;
}

function withLarge(exact: string, large: string | undefined): string {
	return large ? `${large} (${exact})` : exact;
}

/** Reads the objects that are exported as constants, and the doc comments in and above them. */
function readGroups(text: string): readonly Group[] {
	const blocks = text.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\nexport const (\w+) = \{\n(.*?)\n\} as const/gs);
	return [...blocks].map(([, comment = "", name = "", body = ""]) => ({
		name,
		comment: plain(comment),
		rows: [...body.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\n\t(\w+): /gs)].map(([, comment = "", name = ""]) => ({
			name,
			comment: plain(comment),
		})),
	}));
}

/** A doc comment as one line. */
function plain(comment: string): string {
	return comment
		.replaceAll(/\n\s*\* ?/g, " ")
		.replaceAll(/\s+/g, " ")
		.trim();
}
