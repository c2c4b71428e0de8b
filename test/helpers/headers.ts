import { expect } from "vitest";
import type { createApp } from "../../worker/app.ts";
import { templateOf } from "../../worker/openapi/document.ts";

/** What stands on every answer that is no page. */
export const common = {
	"access-control-expose-headers": "etag,link,location,retry-after,idempotency-replayed",
	"content-security-policy": "default-src 'none'; frame-ancestors 'none'",
	vary: "Accept, Origin, Prefer",
	"x-content-type-options": "nosniff",
};

/** What stands on every answer below /v1. */
export const below = { ...common, "cache-control": "no-store" };

const policy =
	/^default-src 'none'; script-src 'self'( 'sha256-[A-Za-z0-9+/]{43}=')+; style-src 'unsafe-inline'; .*frame-ancestors 'none'$/;

/** What stands on a page. */
export const page = {
	...common,
	"content-security-policy": expect.stringMatching(policy),
	"referrer-policy": "no-referrer",
};

/** The routes of an app, each once, by method and path. */
export function routesOf({
	routes,
}: ReturnType<typeof createApp>): readonly (readonly [method: string, path: string])[] {
	const known = new Map(routes.map(({ method, path }) => [`${method} ${path}`, [method, path] as const]));
	return [...known.values()].filter(([method]) => method !== "ALL");
}

/** An address for a route, in a space; names are the same in all. */
export function pathOf(pattern: string, space: string): string {
	const names: Readonly<Record<string, string>> = { space, seq: "1", id: "one" };
	return templateOf(pattern).replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? "name");
}

/** A request to a server on this machine, with a body that most routes take. */
export function requestOf(method: string, path: string, headers: Record<string, string> = {}): Request {
	const body = method === "GET" || method === "DELETE" ? undefined : '{"data":{"a":1}}';
	const type = body === undefined ? undefined : { "content-type": "application/json" };
	return new Request(`http://app.localhost:8787${path}`, {
		method,
		headers: { host: "app.localhost:8787", ...type, ...headers },
		...(body !== undefined && { body }),
	});
}

/** The headers of an answer that are the same at every time, sorted. */
export async function standingHeaders(response: Response): Promise<Record<string, string>> {
	await response.body?.cancel();
	const changing = ["etag", "location", "link", "content-length", "retry-after", "content-type"];
	return Object.fromEntries([...response.headers].filter(([name]) => !changing.includes(name)).sort());
}
