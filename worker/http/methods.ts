import type { Context, MiddlewareHandler } from "hono";
import { respond } from "./respond.ts";
import type { App } from "./types.ts";

/** A route, as far as the methods of a path depend on it. */
export interface MethodRoute {
	/** `GET`, `POST` …; `ALL` for what is run for every method, which is middleware here. */
	readonly method: string;
	/** The path, with `:name` for a part that varies. */
	readonly path: string;
}

/** What PATCH reads, as the header `Accept-Patch` lists it (RFC 5789, section 3.1). */
export const acceptPatch = "application/merge-patch+json, application/json, application/xml, application/msgpack";

/**
 * The methods that a path takes, as the `Allow` header lists them (RFC 9110, section 10.2.1); none where no route has the
 * path. HEAD is taken wherever GET is, OPTIONS everywhere: a browser asks by it before it sends.
 */
export function allowedMethods(routes: readonly MethodRoute[], path: string): readonly string[] {
	const parts = path.split("/");
	const own = routes.filter(
		(route) => route.method !== "ALL" && patternMatches(route.path, parts, (value) => value !== ""),
	);
	if (own.length === 0) return [];
	const methods = new Set(own.map((route) => route.method));
	if (methods.has("GET")) methods.add("HEAD");
	return [...methods, "OPTIONS"];
}

/** Whether the parts of a path fit a pattern; `fits` decides what may stand for a part that varies. */
export function patternMatches(pattern: string, parts: readonly string[], fits: (part: string) => boolean): boolean {
	const own = pattern.split("/");
	return (
		own.length === parts.length &&
		own.every((part, index) => part === parts[index] || (part.startsWith(":") && fits(parts[index] ?? "")))
	);
}

/** Adds to what `cors` answers an OPTIONS with: `Allow`, and `Accept-Patch` where there is PATCH. */
export function answerOptions(routes: readonly MethodRoute[]): MiddlewareHandler<App> {
	return async (context, next) => {
		if (context.req.method !== "OPTIONS") return next();
		const methods = allowedMethods(routes, context.req.path);
		// A page must get past the preflight, or it is not told that there is nothing.
		const preflight = context.req.header("access-control-request-method") !== undefined;
		if (methods.length === 0 && !preflight) return respond(context, "not_found", "There is nothing at this path.");
		await next();
		if (methods.length > 0) context.header("allow", methods.join(", "));
		if (methods.includes("PATCH")) context.header("accept-patch", acceptPatch);
	};
}

/** Answers what no route takes: 405 where the path has other methods, else 404. */
export function answerUnknown(context: Context<App>, routes: readonly MethodRoute[]): Response {
	const methods = allowedMethods(routes, context.req.path);
	if (methods.length === 0) return respond(context, "not_found", "There is nothing at this path.");
	context.header("allow", methods.join(", "));
	return respond(context, "method_not_allowed", `This path takes ${methods.join(", ")}.`);
}
