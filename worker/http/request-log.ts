import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { requestLine } from "../../protocol/log.ts";
import { isName } from "../../protocol/names.ts";
import { templateOf } from "../openapi/document.ts";
import type { App } from "./types.ts";

/** Names every request, and logs it with how it was answered: one line, which holds nothing that was sent but names. */
export const logRequests: MiddlewareHandler<App> = async (context, next) => {
	const started = Date.now();
	context.set("requestId", crypto.randomUUID());
	await next();
	const { status } = context.res;
	if (status < 500 && context.env.AEROGRAM_LOG === "failures") return;
	const principal = context.get("principal");
	const space = principal === undefined ? undefined : context.req.param("space");
	console.log(
		requestLine({
			request: context.get("requestId"),
			method: context.req.method,
			route: templateOf(routePath(context, -1)),
			space: isName(space) ? space : undefined,
			status,
			code: context.get("code"),
			ms: Date.now() - started,
			principal,
		}),
	);
};
