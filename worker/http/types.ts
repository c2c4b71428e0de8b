import type { Env } from "../env.ts";

/** What Hono's context holds in this app. */
export interface App {
	Bindings: Env;
	Variables: {
		/** Names this request in its response and in the log. */
		requestId: string;
		/** Whom the request speaks for. */
		principal: string;
	};
}
