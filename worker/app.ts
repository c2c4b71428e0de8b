import { Hono } from "hono";
import { cors } from "hono/cors";
import { access, isAllowedOrigin } from "./http/access.ts";
import { allowedMethods } from "./http/methods.ts";
import { Problem, respond } from "./http/problem.ts";
import type { App } from "./http/types.ts";
import { channels } from "./routes/channels.ts";
import { exchange } from "./routes/exchange.ts";
import { messages } from "./routes/messages.ts";
import { pages } from "./routes/pages.ts";
import { spaces } from "./routes/spaces.ts";

/** The HTTP side of the edge: who may come in, the routes, and how every error looks. */
export function createApp(): Hono<App> {
	const app = new Hono<App>();
	app.use(async (context, next) => {
		context.set("requestId", crypto.randomUUID());
		const granted = access(context.req.raw, context.env);
		if (!granted.ok) return respond(context, granted.code, granted.message);
		context.set("principal", granted.principal);
		await next();
	});
	app.use(
		cors({
			// Only origins that `access` let in come this far; same-origin and non-browser requests send none.
			origin: (origin, context) => (isAllowedOrigin(origin, context.req.header("host")) ? origin : null),
			allowHeaders: [
				"authorization",
				"content-type",
				"idempotency-key",
				"if-match",
				"if-none-match",
				"last-event-id",
				"prefer",
			],
			exposeHeaders: ["etag", "link", "location", "retry-after", "idempotency-replayed"],
			maxAge: 600,
		}),
	);
	app.use("/v1/*", async (context, next) => {
		await next();
		// A socket's response is the object's own, and must stay as it is.
		if (context.res.status === 101) return;
		if (!context.res.headers.has("cache-control")) context.header("cache-control", "no-store");
		context.header("x-content-type-options", "nosniff");
	});
	app.route("/", pages);
	app.route("/v1/exchange", exchange);
	app.route("/v1/spaces", spaces);
	app.route("/v1/spaces/:space/channels", channels);
	app.route("/v1/spaces/:space/channels/:channel/messages", messages);
	app.notFound((context) => {
		const methods = allowedMethods(app.routes, context.req.path);
		if (methods.length === 0) return respond(context, "not_found", "There is nothing at this path.");
		context.header("allow", methods.join(", "));
		return respond(context, "method_not_allowed", `This path takes ${methods.join(", ")}.`);
	});
	app.onError((error, context) => {
		if (error instanceof Problem) return respond(context, error.code, error.message, error.state);
		console.error(context.get("requestId"), error);
		return respond(context, "internal", "Something failed in the server; nothing of this request was stored.");
	});
	return app;
}
