import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { issuerKeyLimits, keyLimits, revocationLimits, tokenLimits } from "../../protocol/auth-limits.ts";
import {
	durations,
	limits,
	logLimits,
	quotaCeilings,
	quotas,
	requestLimits,
	retention,
	storage,
	streams,
} from "../../protocol/limits.ts";
import * as sdkNumbers from "../../protocol/sdk-numbers.ts";
import { projectFolder } from "../build.ts";
import { digits, generatedFrom, largeSize, largeTime, table } from "./markdown.ts";

/** A table of numbers in one of `files`, with its comment and that of each number. */
interface Group {
	readonly name: string;
	readonly comment: string;
	readonly rows: readonly { readonly name: string; readonly comment: string }[];
}

const files = ["protocol/limits.ts", "protocol/auth-limits.ts", "protocol/sdk-numbers.ts"];

/**
 * What each table is called on the page, in its order, and its values: those that count, whatever the text says. A file of single
 * numbers is one table, called as the file is.
 */
const sources: Readonly<Record<string, readonly [title: string, values: Readonly<Record<string, number>>]>> = {
	limits: ["What the server refuses", limits],
	requestLimits: ["What requests are held to", requestLimits],
	quotas: ["How much may be used", quotas],
	quotaCeilings: ["How much more may be configured", quotaCeilings],
	tokenLimits: ["Tokens", tokenLimits],
	keyLimits: ["Keys", keyLimits],
	issuerKeyLimits: ["Keys of issuers", issuerKeyLimits],
	revocationLimits: ["Revocations", revocationLimits],
	retention: ["What a channel keeps", retention],
	storage: ["How it is stored", storage],
	streams: ["Streams held for HTTP clients", streams],
	logLimits: ["What the log tells", logLimits],
	sdkNumbers: ["What the SDK goes by", sdkNumbers],
	durations: ["Durations", durations],
};

const introduction = `# Limits

The numbers of the server and the SDK that what you send, configure or wait for can meet, and why each is what it is. The code
reads them where this page is written from. Left out are numbers of the inside, such as how much is cached, read at once or
done in one step. A socket is told [what is refused](#what-the-server-refuses) and [how much may be used](#how-much-may-be-used) in
\`welcome.limits\`. What goes beyond one of those is refused with a code of [errors.md](errors.md), and stores nothing.`;

/** `docs/reference/limits.md`. */
export function limitsPage(): string {
	const groups = files.flatMap(readGroups);
	const missing = groups.find(({ name }) => !Object.hasOwn(sources, name));
	if (missing) throw new Error(`${missing.name} of ${files.join(", ")} is unknown to tools/docs/limits.ts`);
	const sections = Object.entries(sources).map(([name, [title, values]]) => {
		const { comment, rows } = groups.find((group) => group.name === name) ?? { comment: "", rows: [] };
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
	return `${[generatedFrom(files.join(", ")), introduction, ...sections].join("\n\n")}\n`;
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

/** Reads the objects, or else the numbers, that are exported as constants, and the doc comments in and above them. */
function readGroups(file: string): readonly Group[] {
	const text = readFileSync(join(projectFolder, file), "utf8");
	const blocks = text.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\nexport const (\w+) = \{\n(.*?)\n\} as const/gs);
	const groups = [...blocks].map(([, comment = "", name = "", body = ""]) => ({
		name,
		comment: plain(comment),
		rows: rowsOf(body, /\/\*\*((?:(?!\*\/).)*)\*\/\n\t(\w+): /gs),
	}));
	if (groups.length > 0) return groups;
	const comment = plain(/^\/\*((?:(?!\*\/).)*)\*\//s.exec(text)?.[1] ?? "");
	const name = basename(file, ".ts").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
	return [{ name, comment, rows: rowsOf(text, /\/\*\*((?:(?!\*\/).)*)\*\/\nexport const (\w+) = /gs) }];
}

function rowsOf(text: string, pattern: RegExp): Group["rows"] {
	return [...text.matchAll(pattern)].map(([, comment = "", name = ""]) => ({ name, comment: plain(comment) }));
}

/** A doc comment as one line. */
function plain(comment: string): string {
	return comment
		.replaceAll(/\n\s*\* ?/g, " ")
		.replaceAll(/\s+/g, " ")
		.trim();
}
