import type { MiddlewareHandler } from "hono";
import { operationAt } from "../openapi/describe.ts";
import { parameters } from "../openapi/parameters.ts";
import { Problem } from "./problem.ts";
import type { App } from "./types.ts";

/**
 * Refuses a write on a condition that its route does not know: done all the same, it would do what its sender wanted to
 * prevent. What a route knows is what its description says. To a read such a condition means nothing (RFC 9110, section
 * 13.2.1), and it is passed over. Throws a `Problem` (`bad_request`).
 */
export const checkConditions: MiddlewareHandler<App> = async (context, next) => {
	const operation = /^(?:GET|HEAD|OPTIONS)$/.test(context.req.method) ? undefined : operationAt(context);
	if (operation) {
		const known = (operation.parameters ?? []).map((name) => ({ name, ...parameters[name] }).name);
		for (const name of ["If-Match", "If-None-Match", "If-Lock"] as const) {
			if (context.req.header(name) !== undefined && !known.includes(name)) {
				throw new Problem("bad_request", `This path knows no ${name}: nothing was done.`);
			}
		}
	}
	await next();
};
