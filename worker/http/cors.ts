import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { requestLimits } from "../../protocol/limits.ts";
import type { OriginRule } from "./origins.ts";
import type { App } from "./types.ts";

/**
 * What pages of other origins may do. Only origins that `access` let in come this far; same-origin and non-browser
 * requests send none. All methods are allowed on every path, so that a page can read the 405 of the wrong one.
 */
export function crossOrigin(isAllowedOrigin: OriginRule): MiddlewareHandler<App> {
	return cors({
		origin: (origin, context) => (isAllowedOrigin(origin, context.req.raw, context.env) ? origin : null),
		allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
		allowHeaders: [
			"authorization",
			"content-type",
			"idempotency-key",
			"if-lock",
			"if-match",
			"if-none-match",
			"last-event-id",
			"prefer",
		],
		exposeHeaders: ["etag", "link", "location", "retry-after", "idempotency-replayed"],
		maxAge: requestLimits.preflightSeconds,
	});
}
