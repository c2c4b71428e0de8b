import type { MiddlewareHandler } from "hono";
import { operationAt } from "../openapi/describe.ts";
import { parameters } from "../openapi/parameters.ts";
import { Problem } from "./problem.ts";
import type { App } from "./types.ts";

/**
 * Refuses a query that does not mean what its writer thinks: a parameter that the route does not know, or one given twice
 * that is read once. What a route knows is what its description says. Throws a `Problem` (`bad_request`).
 */
export const checkQuery: MiddlewareHandler<App> = async (context, next) => {
	const operation = operationAt(context);
	// A newer client may say more when it opens a socket; its first frames tell the rest.
	if (operation && context.req.header("upgrade") === undefined) {
		const known = (operation.parameters ?? []).map((name) => ({ name, ...parameters[name] }));
		const { searchParams } = new URL(context.req.url);
		for (const name of new Set(searchParams.keys())) {
			const parameter = known.find((one) => one.in === "query" && one.name === name);
			if (!parameter) throw new Problem("bad_request", `This path knows no such parameter. ${listed(known)}`);
			if (searchParams.getAll(name).length > 1 && !("repeated" in parameter)) {
				throw new Problem("bad_request", `The parameter ${name} stands in the query more than once.`);
			}
		}
	}
	await next();
};

function listed(known: readonly { readonly in: string; readonly name: string }[]): string {
	const names = known.filter((one) => one.in === "query").map(({ name }) => name);
	return names.length === 0 ? "It takes none." : `It takes ${names.join(", ")}.`;
}
