import type { MiddlewareHandler } from "hono";
import { allowedMethods, type MethodRoute, patternMatches } from "./methods.ts";
import type { App } from "./types.ts";

/**
 * Leads from a path that is not canonical to the one that is, where a route has that: 301 for GET and HEAD, 308 for the
 * others, because clients repeat a POST after 301 as a GET without its body. `routes` are read at each request.
 */
export function canonicalPaths(routes: readonly MethodRoute[]): MiddlewareHandler<App> {
	return async (context, next) => {
		const { pathname, search } = new URL(context.req.url);
		const path = canonicalPath(pathname);
		// A preflight and an upgrade are failures for a browser when they are redirected.
		const { method } = context.req;
		const followed = method !== "OPTIONS" && context.req.header("upgrade") === undefined;
		if (
			path === pathname ||
			!followed ||
			leavesNameOut(routes, pathname) ||
			allowedMethods(routes, path).length === 0
		) {
			return next();
		}
		return context.redirect(path + search, method === "GET" || method === "HEAD" ? 301 : 308);
	};
}

/**
 * The path without what RFC 3986 section 6.2.2 counts as no difference, an escape of an unreserved character, and without
 * empty parts: doubled slashes and one at the end.
 */
export function canonicalPath(path: string): string {
	const plain = path.replace(/%([0-9A-Fa-f]{2})/g, (encoded, digits: string) => {
		const character = String.fromCharCode(Number.parseInt(digits, 16));
		return /[A-Za-z0-9._~-]/.test(character) ? character : encoded;
	});
	return plain.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
}

/**
 * Whether a name is missing between two slashes, as in `/channels//messages`. What would be left by dropping it is the
 * path of something else, which a program with an empty variable did not mean to purge.
 */
function leavesNameOut(routes: readonly MethodRoute[], path: string): boolean {
	// Without the look behind, a long run of slashes would be walked from each of them.
	const parts = path.replace(/(?<!\/)\/+$/, "").split("/");
	return (
		parts.lastIndexOf("") > 0 &&
		routes.some((route) => route.method !== "ALL" && patternMatches(route.path, parts, (value) => value !== undefined))
	);
}
