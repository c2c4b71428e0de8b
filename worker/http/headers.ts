import type { MiddlewareHandler } from "hono";
import type { App } from "./types.ts";

/** Of what is no page: if it is shown as one nevertheless, it loads and runs nothing, and stands in no frame. */
const noPage = "default-src 'none'; frame-ancestors 'none'";

/** What stands on every answer: that it is not sniffed and no page, what it depends on, and below /v1 that nobody keeps it. */
export const commonHeaders: MiddlewareHandler<App> = async (context, next) => {
	await next();
	// A socket's response is the object's own, and must stay as it is.
	if (context.res.status === 101) return;
	context.header("vary", "Accept, Origin, Prefer");
	context.header("x-content-type-options", "nosniff");
	if (!context.res.headers.has("content-security-policy")) context.header("content-security-policy", noPage);
	if (context.req.path.startsWith("/v1/") && !context.res.headers.has("cache-control")) {
		context.header("cache-control", "no-store");
	}
};
