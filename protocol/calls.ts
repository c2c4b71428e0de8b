import type { ErrorCode } from "./errors.ts";
import type { Json } from "./json-value.ts";

/** Why a call has no reply: `message` is for people, `data` what the handler has to say of it. */
export interface CallError {
	/** `handler_failed`, `deadline_passed` or `cancelled`. */
	readonly code: ErrorCode;
	readonly message: string;
	readonly data?: Json;
}

/** What a handler answers. */
export type CallReply =
	| { readonly data: Json }
	| { readonly error: { readonly message: string; readonly data?: Json } };

/** A call that a client works on. */
export interface CallHold {
	readonly id: string;
	readonly attempt: number;
}

/** From a client to the server: from who calls (`call`, `cancel`), and from who serves (all others). */
export type CallRequest =
	/**
	 * Ask a service. Stored before it is answered; the result comes by itself, over every reconnect. The same `id` again is the
	 * same call: it is answered, and its result told, once more.
	 */
	| {
			readonly type: "call";
			readonly ref: number;
			readonly service: string;
			/** The call's id, made by the caller: a name that nobody can guess. */
			readonly id: string;
			readonly data: Json;
			/** Milliseconds until the deadline. Default: 30 s. */
			readonly timeout?: number;
	  }
	/** Wait for a call that was made before, by whatever client: it is answered, and its result told, as with the same `id`. */
	| { readonly type: "call-again"; readonly ref: number; readonly id: string }
	/** Give a call up. Its handler is told. */
	| { readonly type: "cancel"; readonly ref: number; readonly id: string }
	/** Take calls of a service. */
	| {
			readonly type: "serve";
			readonly ref: number;
			readonly service: string;
			/** So many at a time; 0: no more. */
			readonly concurrency: number;
			/**
			 * Take one call and no more, and hold it for so many milliseconds, whether this connection stands or not: for who has
			 * none that lasts.
			 */
			readonly lease?: number;
			/** The calls that this client still works on, from before it lost its last connection. It has lost all others. */
			readonly holds?: readonly CallHold[];
	  }
	/** How far a call is. Handed on to its caller, stored nowhere, never answered. */
	| { readonly type: "progress"; readonly id: string; readonly attempt: number; readonly data: Json }
	/** The reply to a call. The first that is stored counts, whichever attempt it belongs to. */
	| {
			readonly type: "reply";
			readonly ref: number;
			readonly id: string;
			readonly attempt: number;
			readonly reply: CallReply;
	  }
	/** A call is handed back: another server shall take it. */
	| { readonly type: "nack"; readonly ref: number; readonly id: string; readonly attempt: number };

/** From the server: to who serves (`call`, `call-cancelled`), and to who calls (`progress-told`, `result`). */
export type CallNews =
	| {
			readonly type: "call";
			readonly service: string;
			readonly id: string;
			/** 1, 2, 3 …: how often it has been handed over. */
			readonly attempt: number;
			/** The principal that calls. */
			readonly from: string;
			readonly data: Json;
			/** When its caller waits no longer, milliseconds since 1970. */
			readonly deadline: number;
	  }
	/** Nobody waits for the reply any more. */
	| { readonly type: "call-cancelled"; readonly id: string; readonly attempt: number }
	| { readonly type: "progress-told"; readonly id: string; readonly progress: Json }
	| { readonly type: "result"; readonly id: string; readonly data: Json }
	| { readonly type: "result"; readonly id: string; readonly error: CallError };
