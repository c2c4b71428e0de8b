import type { ErrorCode } from "../../protocol/errors.ts";
import type { Identity } from "../../protocol/identity.ts";
import type { Env } from "../env.ts";
import type { Stranger } from "./strangers.ts";

/** What Hono's context holds in this app. */
export interface App {
	Bindings: Env;
	Variables: {
		/** Names this request in its response and in the log. */
		requestId: string;
		/** What it was refused with, for the log. */
		code?: ErrorCode;
		/** Whom the request speaks for. */
		principal: string;
		/** The same, with what it may do. */
		identity: Identity;
		/** Set in place of both, and only for a WebSocket: it is not known yet who is there. */
		stranger?: Stranger;
	};
}
