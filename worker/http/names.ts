import type { Context } from "hono";
import { isClientId, readName } from "../../protocol/names.ts";
import { Problem, problemOf } from "./problem.ts";
import type { App } from "./types.ts";

/** Reads a name from the path. Throws a `Problem` (`bad_name`). */
export function readPathName(
	context: Context<App>,
	parameter: "space" | "channel" | "collection" | "id" | "service" | "call",
): string {
	const name = readName(context.req.param(parameter), parameter === "id" ? "record" : parameter);
	if (!name.ok) throw problemOf(name.fault);
	return name.value;
}

/** Reads the space and the channel from the path. Throws a `Problem` (`bad_name`). */
export function readChannel(context: Context<App>): { readonly space: string; readonly channel: string } {
	return { space: readPathName(context, "space"), channel: readPathName(context, "channel") };
}

/** Reads the space and the collection from the path. Throws a `Problem` (`bad_name`). */
export function readCollection(context: Context<App>): { readonly space: string; readonly collection: string } {
	return { space: readPathName(context, "space"), collection: readPathName(context, "collection") };
}

/** Reads the id of the client from the query; undefined where it says none. Throws a `Problem` (`bad_name`). */
export function readClient(context: Context<App>): string | undefined {
	const client = context.req.query("client");
	if (client === undefined || isClientId(client)) return client;
	throw new Problem("bad_name", "client is letters, digits and . _ ~ -, at most 64 characters.");
}
