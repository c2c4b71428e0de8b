/** What the Worker asks of a space about calls, over HTTP. Parameters and answers only ever gain optional fields. */
import type { ErrorCode } from "../../../protocol/errors.ts";

interface OfCall {
	readonly principal: string;
	readonly service: string;
	readonly id: string;
	/** Why its principal may not do this. It is answered so unless it was done already. */
	readonly refused?: { readonly code: ErrorCode; readonly message: string };
}

/** What is asked. */
export type CallAsk =
	/** Call a service; `data` is what is asked, as JSON text. The same `id` again is the same call. */
	| (OfCall & {
			readonly kind: "call";
			readonly data: string;
			/** Milliseconds to the deadline. Default: that of the server. */
			readonly timeout?: number;
			/** A digest of the request. */
			readonly hash?: string;
	  })
	/** Read the result of a call. */
	| (OfCall & { readonly kind: "read" })
	/** Give a call up. */
	| (OfCall & { readonly kind: "cancel" })
	/** Store a reply, or the error of a handler, as JSON text. */
	| (OfCall & { readonly kind: "reply"; readonly data: string; readonly failed: boolean })
	/** Tell how far a call is, as JSON text, and hold it for so many milliseconds more. */
	| (OfCall & { readonly kind: "progress"; readonly attempt: number; readonly data?: string; readonly lease: number })
	/** Hand a call back. */
	| (OfCall & { readonly kind: "nack"; readonly attempt: number });

/** What is answered. */
export type CallAnswer =
	| {
			readonly ok: true;
			/** The call was made before; of what a server says: it has its result already. */
			readonly duplicate: boolean;
			/** Absent while there is none. `data` is the JSON text of the reply or, where it failed, of `{code, message, data}`. */
			readonly result?: { readonly data: string; readonly failed: boolean };
	  }
	| {
			readonly ok: false;
			readonly code: ErrorCode;
			readonly message: string;
			readonly state?: { readonly retryAfter: number } | { readonly path: string };
	  };
