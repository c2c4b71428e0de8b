import type { Context } from "hono";
import { parseAccept } from "hono/utils/accept";
import { Problem } from "./problem.ts";
import type { App } from "./types.ts";

/** A format of bodies. The values are the same in each; `docs/reference/protocol.md` has the mapping of XML. */
export type Format = "json" | "xml" | "msgpack";

/** The content type that each format is answered with, and the other names it is known by. JSON stands first: the default. */
const names: Readonly<Record<Format, readonly [string, ...string[]]>> = {
	json: ["application/json"],
	xml: ["application/xml", "text/xml"],
	msgpack: ["application/msgpack", "application/x-msgpack", "application/vnd.msgpack"],
};

/** All formats, the default first. */
export const formats = Object.keys(names) as readonly Format[];

/** The format of a content type without parameters, in lower case; undefined for one that is not read here. */
export function formatOf(type: string): Format | undefined {
	if (/^[\w.!#$&^+-]+\/[\w.!#$&^-]+\+json$/.test(type)) return "json";
	if (/^[\w.!#$&^+-]+\/[\w.!#$&^-]+\+xml$/.test(type)) return "xml";
	return formats.find((format) => names[format].includes(type));
}

/** The content type that a format is answered with; that of problem details (RFC 9457) where it has one of its own. */
export function contentType(format: Format, problem = false): string {
	switch (format) {
		case "json":
			return problem ? "application/problem+json" : "application/json";
		case "xml":
			// Without the charset, some readers take XML for Latin-1.
			return problem ? "application/problem+xml; charset=utf-8" : "application/xml; charset=utf-8";
		case "msgpack":
			return "application/msgpack";
	}
}

/**
 * The format that a request accepts most (RFC 9110, section 12.5.1); JSON where nothing is said, undefined where none is
 * acceptable. Of two that it accepts alike, the one it names more closely, then JSON, XML, MessagePack.
 */
export function acceptedFormat(accept: string | undefined): Format | undefined {
	// An empty list says nothing (section 5.6.1.2).
	if (accept === undefined || /^[\s,]*$/.test(accept)) return "json";
	const ranges = parseAccept(accept).map(({ type, q }) => ({ type: type.toLowerCase(), q }));
	// A browser that shows a page names XML before anything else it could be sent here: a relic of XHTML.
	if (ranges[0]?.type === "text/html" && ranges.some(({ type, q }) => type === "*/*" && q > 0)) return "json";
	const ranked = formats.map((format) => ({ format, ...quality(ranges, names[format]) }));
	const best = ranked.filter(({ q }) => q > 0).sort((a, b) => b.q - a.q || b.closeness - a.closeness)[0];
	return best?.format;
}

interface Range {
	readonly type: string;
	readonly q: number;
}

/** How much a format is wanted: what is said of its name most closely counts, not what is said most kindly. */
function quality(ranges: readonly Range[], [name, ...others]: readonly [string, ...string[]]) {
	const wildcards = ["*/*", `${name.split("/")[0]}/*`, name];
	const said = ranges
		.map(({ type, q }) => ({ q, closeness: others.includes(type) ? wildcards.length : wildcards.indexOf(type) }))
		.filter(({ closeness }) => closeness >= 0);
	const closeness = Math.max(-1, ...said.map((range) => range.closeness));
	const q = Math.max(0, ...said.filter((range) => range.closeness === closeness).map((range) => range.q));
	return { q, closeness: Math.min(closeness, wildcards.length - 1) };
}

/** The format to answer a request in. Throws a `Problem` (`not_acceptable`). */
export function answerFormat(context: Context<App>): Format {
	const format = acceptedFormat(context.req.header("accept"));
	if (format) return format;
	throw new Problem("not_acceptable", `Accept ${formats.map((one) => names[one][0]).join(", ")} or */*.`);
}
