import type { Context } from "hono";
import { limits } from "../../protocol/limits.ts";
import { parsePosition } from "../../protocol/position.ts";
import type { HistoryRequest } from "../space/api.ts";
import { Problem, problemOf } from "./problem.ts";
import type { App } from "./types.ts";

const historyParameters = ["after", "before", "since", "limit", "order", "wait"] as const;

/**
 * Reads the parameters of a query. Throws a `Problem` (`bad_request`) for one that is given twice, or that is none of these:
 * a mistyped name would else be answered with something that was not asked for.
 */
export function readQuery<Name extends string>(
	context: Context<App>,
	names: readonly Name[],
): { readonly [Key in Name]?: string } {
	for (const [name, values] of Object.entries(context.req.queries())) {
		// Who shows it was looked at before.
		if (name === "ticket") continue;
		if (!names.some((one) => one === name)) {
			throw new Problem("bad_request", `There is no such parameter here; there are ${names.join(", ")}.`);
		}
		if (values.length > 1) throw new Problem("bad_request", `${name} is given ${values.length} times; once is enough.`);
	}
	return context.req.query() as { readonly [Key in Name]?: string };
}

/** Reads which messages of a channel a request asks for. Throws a `Problem` (`bad_request`, `bad_position`). */
export function readHistory(context: Context<App>, channel: string): HistoryRequest {
	const { after, before, since, limit, order } = readQuery(context, historyParameters);
	const parsedOrder = order ?? (before !== undefined && after === undefined && since === undefined ? "desc" : "asc");
	if (parsedOrder !== "asc" && parsedOrder !== "desc") throw new Problem("bad_request", "order is asc or desc.");
	return {
		channel,
		...(after !== undefined && { after: readPosition(after) }),
		...(before !== undefined && { before: readPosition(before) }),
		...(since !== undefined && { since: readTime(since) }),
		limit: limit === undefined ? limits.pageMessages : readNumber(limit, "limit", limits.pageMessagesMost, 1),
		order: parsedOrder,
	};
}

/** Reads a position, or a bare seq, which belongs to whatever epoch the space is in. Throws a `Problem` (`bad_position`). */
export function readPosition(text: string): { readonly seq: number; readonly epoch?: string } {
	if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
	const position = parsePosition(text);
	if (!position.ok) throw problemOf(position.fault);
	return position.value;
}

/** Reads `since`, milliseconds since 1970. Throws a `Problem` (`bad_request`). */
export function readTime(text: string): number {
	return readNumber(text, "since", Number.MAX_SAFE_INTEGER);
}

/** Reads a whole number of a query. Throws a `Problem` (`bad_request`). */
export function readNumber(text: string, name: string, most: number, least = 0): number {
	const number = Number(text);
	if (!/^\d{1,16}$/.test(text) || number > most || number < least) {
		throw new Problem("bad_request", `${name} is a whole number from ${least} to ${most}.`);
	}
	return number;
}
