import { Hono } from "hono";
import config from "../aerogram.config.ts";
import { failureLine } from "../protocol/log.ts";
import type { Config } from "./config.ts";
import { checkEntry, checkIdentity } from "./http/authentication.ts";
import { canonicalPaths } from "./http/canonical.ts";
import { crossOrigin } from "./http/cors.ts";
import { dropBody } from "./http/drop-body.ts";
import { commonHeaders } from "./http/headers.ts";
import { checkConditions } from "./http/known-conditions.ts";
import { acceptPatch, answerOptions, answerUnknown } from "./http/methods.ts";
import { readOrigins } from "./http/origins.ts";
import { Problem } from "./http/problem.ts";
import { checkQuery } from "./http/query.ts";
import { logRequests } from "./http/request-log.ts";
import { respond } from "./http/respond.ts";
import type { App } from "./http/types.ts";
import { channels } from "./routes/channels.ts";
import { collections } from "./routes/collections.ts";
import { documents } from "./routes/documents.ts";
import { events } from "./routes/events.ts";
import { exchange } from "./routes/exchange.ts";
import { messages } from "./routes/messages.ts";
import { pages } from "./routes/pages.ts";
import { presence } from "./routes/presence.ts";
import { services } from "./routes/services.ts";
import { socket } from "./routes/socket.ts";
import { spaces } from "./routes/spaces.ts";
import { erasures, revocations, tickets, tokens } from "./routes/tokens.ts";
import { transactions } from "./routes/transactions.ts";

/**
 * The HTTP side of the edge: who may come in, the routes, and how every error looks.
 *
 * @throws Error that names a mistake in `origins`.
 */
export function createApp({ origins = config.origins ?? [] }: Pick<Config, "origins"> = {}): Hono<App> {
	const isAllowedOrigin = readOrigins({ origins });
	const app = new Hono<App>();
	app.use(logRequests, dropBody, commonHeaders, checkEntry(isAllowedOrigin));
	app.use(answerOptions(app.routes), crossOrigin(isAllowedOrigin), canonicalPaths(app.routes));
	// The pages, the SDK and the health of the server are for everybody who may come in.
	app.use("/v1/*", checkIdentity);
	app.use("/v1/*", checkQuery, checkConditions);
	app.route("/", pages);
	app.route("/", documents(app.routes));
	app.route("/v1/exchange", exchange);
	app.route("/v1/tokens", tokens);
	app.route("/v1/tickets", tickets);
	app.route("/v1/revocations", revocations);
	app.route("/v1/erasures", erasures);
	app.route("/v1/spaces", spaces);
	app.route("/v1/spaces/:space/socket", socket);
	app.route("/v1/spaces/:space/events", events);
	app.route("/v1/spaces/:space/channels", channels);
	app.route("/v1/spaces/:space/channels/:channel/messages", messages);
	app.route("/v1/spaces/:space/channels/:channel/presence", presence);
	app.route("/v1/spaces/:space/collections", collections);
	app.route("/v1/spaces/:space/services", services);
	app.route("/v1/spaces/:space/transactions", transactions);
	app.notFound((context) => answerUnknown(context, app.routes));
	app.onError((error, context) => {
		if (error instanceof Problem) {
			const unread = error.code === "unsupported_media_type" && context.req.method === "PATCH";
			if (unread) context.header("accept-patch", acceptPatch);
			return respond(context, error.code, error.message, error.state);
		}
		console.error(failureLine("a request", error, context.get("requestId")));
		return respond(context, "internal", "Something failed in the server; nothing of this request was stored.");
	});
	return app;
}
