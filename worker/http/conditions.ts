import type { Context } from "hono";
import { readLock } from "../../protocol/codec/conditions.ts";
import type { LockHold } from "../../protocol/locks.ts";
import { type Format, formats } from "./formats.ts";
import { Problem, problemOf } from "./problem.ts";
import type { App } from "./types.ts";

/**
 * An entity tag, RFC 9110 section 8.8.3, as `writeTag` writes it. What is the same in JSON and in XML has two tags, because
 * a browser that has the one would else show it to who asks for the other; to a condition on a write both say the same.
 */
export interface EntityTag {
	/** What stands between the double quotes, without the format. */
	readonly tag: string;
	readonly format: Format;
	/** What it tags may say the same in other words. */
	readonly weak: boolean;
}

/** Writes a tag: `"<tag>"` for JSON, `"<tag>-xml"` for XML and so on, after `W/` where it is weak. */
export function writeTag({ tag, format, weak }: EntityTag): string {
	return `${weak ? "W/" : ""}"${tag}${format === "json" ? "" : `-${format}`}"`;
}

/** What `If-Match` or `If-None-Match` lists; `*` stands for whatever is there. */
export type EntityTags = "*" | readonly EntityTag[];

/** Reads `If-Match`; undefined where there is none. Throws a `Problem` (`bad_position`) for what is no list of tags. */
export function readIfMatch(context: Context<App>): EntityTags | undefined {
	return readTags("If-Match", context.req.header("if-match"));
}

/** Reads `If-None-Match`; undefined where there is none. Throws a `Problem` (`bad_position`) for what is no list of tags. */
export function readIfNoneMatch(context: Context<App>): EntityTags | undefined {
	return readTags("If-None-Match", context.req.header("if-none-match"));
}

/**
 * Reads `If-Lock: <name> <token>`; undefined where there is none. Throws a `Problem`: `bad_name`, or `bad_position` for a
 * token that is none.
 */
export function readIfLock(context: Context<App>): LockHold | undefined {
	const header = context.req.header("if-lock");
	if (header === undefined) return undefined;
	const [name, token, ...rest] = header.trim().split(/[ \t]+/);
	const lock = readLock(name, rest.length === 0 ? token : undefined);
	if (lock.ok) return lock.value;
	throw problemOf(lock.fault);
}

/**
 * Whether what is there matches a condition. `current` is its ETag without the quotes, undefined where nothing is there.
 * Strong comparison, as `If-Match` asks for: a weak tag matches nothing. Weak comparison, as `If-None-Match` does: `W/` is
 * not looked at (RFC 9110, section 8.8.3.2). What is tagged here is always tagged strongly.
 */
export function matches(tags: EntityTags, current: string | undefined, comparison: "strong" | "weak"): boolean {
	if (current === undefined) return false;
	return tags === "*" || tags.some(({ tag, weak }) => tag === current && !(weak && comparison === "strong"));
}

/** Whether a GET or HEAD is answered 304: what would be answered is among what the client has. */
export function notModified(context: Context<App>, { tag, format }: EntityTag): boolean {
	const tags = readIfNoneMatch(context);
	return tags === "*" || tags?.some((one) => one.tag === tag && one.format === format) === true;
}

// The characters of a tag: section 8.8.3, without what is not ASCII, which no tag of this server holds.
const tagSource = '(W/)?"([\\x21\\x23-\\x7e]*)"';
const listPattern = new RegExp(`^[ \\t,]*${tagSource}(?:[ \\t]*,[ \\t,]*${tagSource})*[ \\t,]*$`);

function readTags(name: string, header: string | undefined): EntityTags | undefined {
	const tags = header === undefined ? undefined : parseTags(header);
	if (header === undefined || tags) return tags;
	throw new Problem("bad_position", `${name} reads "<epoch>:<number>" as the server gave it, in double quotes, or *.`);
}

/** Reads a list of tags, as the headers have it; undefined for what is none. */
export function parseTags(header: string): EntityTags | undefined {
	if (header.trim() === "*") return "*";
	if (!listPattern.test(header)) return undefined;
	return [...header.matchAll(new RegExp(tagSource, "g"))].map(([, weak, text = ""]) => {
		const format = formats.find((one) => text.endsWith(`-${one}`));
		return {
			tag: format ? text.slice(0, -format.length - 1) : text,
			format: format ?? "json",
			weak: weak !== undefined,
		};
	});
}
