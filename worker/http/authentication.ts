import type { MiddlewareHandler } from "hono";
import { authenticate } from "../auth/authenticate.ts";
import { refuseEntry } from "./access.ts";
import type { OriginRule } from "./origins.ts";
import { problemOf } from "./problem.ts";
import { respond } from "./respond.ts";
import { strangerOf } from "./strangers.ts";
import type { App } from "./types.ts";

/** Turns away who may not come in at all. */
export function checkEntry(isAllowedOrigin: OriginRule): MiddlewareHandler<App> {
	return async (context, next) => {
		const refused = await refuseEntry(context.req.raw, context.env, isAllowedOrigin);
		if (refused) return respond(context, refused.code, refused.message);
		await next();
	};
}

/** Says whom a request speaks for. What is refused, a page of an allowed origin may read: this stands behind `crossOrigin`. */
export const checkIdentity: MiddlewareHandler<App> = async (context, next) => {
	const identity = await authenticate(context.req.raw, context.env);
	if (!identity.ok) {
		const stranger = strangerOf(context.req.raw, identity.fault);
		if (!stranger) throw problemOf(identity.fault);
		context.set("stranger", stranger);
		return next();
	}
	context.set("identity", identity.value);
	context.set("principal", identity.value.principal);
	await next();
};
