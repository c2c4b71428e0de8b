import type { Context } from "hono";
import { readName } from "../../protocol/names.ts";
import { problemOf } from "./problem.ts";
import type { App } from "./types.ts";

/** Reads a name from the path. Throws a `Problem` (`bad_name`). */
export function readPathName(context: Context<App>, parameter: "space" | "channel"): string {
	const name = readName(context.req.param(parameter), parameter);
	if (!name.ok) throw problemOf(name.fault);
	return name.value;
}

/** Reads the space and the channel from the path. Throws a `Problem` (`bad_name`). */
export function readChannel(context: Context<App>): { readonly space: string; readonly channel: string } {
	return { space: readPathName(context, "space"), channel: readPathName(context, "channel") };
}
