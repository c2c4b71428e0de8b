import type { CallHold, CallReply } from "../calls.ts";
import type { Json } from "../json-value.ts";
import { durations, limits } from "../limits.ts";
import { isName } from "../names.ts";
import { isSeq } from "../position.ts";
import { accept, type Decoded, readNamed, refuse } from "./decoded.ts";
import { type Fields, isFields } from "./fields.ts";

/** Reads `call`, `cancel`, `serve`, `progress`, `reply` and `nack`. */
export function decodeCalls(value: Fields): Decoded {
	switch (value.t) {
		case "call":
			if (value.svc === undefined) {
				return readNamed(value, "id", "call", (ref, id) => accept({ type: "call-again", ref, id }));
			}
			return decodeCall(value);
		case "serve":
			return decodeServe(value);
		case "cancel":
			return readNamed(value, "id", "call", (ref, id) => accept({ type: "cancel", ref, id }));
		case "progress":
			return decodeProgress(value);
		default:
			return decodeReply(value);
	}
}

function decodeCall(value: Fields): Decoded {
	return readNamed(value, "svc", "service", (ref, service) => {
		const { id, data = null, timeout } = value;
		if (!isName(id))
			return refuse(ref, "bad_name", "A call needs an id that its caller makes: a name that nobody can guess.");
		if (timeout !== undefined && !isCallTimeout(timeout)) return refuse(ref, "bad_request", callTimeoutRule);
		return accept({ type: "call", ref, service, id, data, ...(timeout !== undefined && { timeout }) });
	});
}

/** Whether a value can be the `timeout` of a call. */
export function isCallTimeout(value: Json): value is number {
	return isSeq(value) && value > 0 && value <= durations.callMost;
}

/** What a `timeout` must be. */
export const callTimeoutRule = `timeout is a whole number of milliseconds from 1 to ${durations.callMost}.`;

function decodeServe(value: Fields): Decoded {
	return readNamed(value, "svc", "service", (ref, service) => {
		const { concurrency = 1, lease, holds = [] } = value;
		if (!isSeq(concurrency)) return refuse(ref, "bad_request", "serve.concurrency is a whole number from 0.");
		if (lease !== undefined && !(isSeq(lease) && lease > 0 && lease <= durations.callMost)) {
			return refuse(
				ref,
				"bad_request",
				`serve.lease is a whole number of milliseconds from 1 to ${durations.callMost}.`,
			);
		}
		if (!Array.isArray(holds) || holds.length > limits.serviceConcurrency || !holds.every(isHold)) {
			return refuse(ref, "bad_request", 'serve.holds lists calls: {"id": "…", "attempt": 1}.');
		}
		return accept({
			type: "serve",
			ref,
			service,
			concurrency,
			...(lease !== undefined && { lease }),
			...(holds.length > 0 && { holds: holds as unknown as readonly CallHold[] }),
		});
	});
}

function isHold(value: Json): boolean {
	return isFields(value) && isName(value.id) && isSeq(value.attempt);
}

// It has no answer, so that it needs no ref; a fault of it is told without one.
function decodeProgress({ id, attempt, data = null, ref }: Fields): Decoded {
	const told = isSeq(ref) ? ref : undefined;
	if (!isName(id) || !isSeq(attempt))
		return refuse(told, "bad_request", "progress names the id and the attempt of a call.");
	return accept({ type: "progress", id, attempt, data });
}

function decodeReply(value: Fields): Decoded {
	return readNamed(value, "id", "call", (ref, id) => {
		const { attempt } = value;
		if (!isSeq(attempt)) return refuse(ref, "bad_request", `${value.t}.attempt is that of the call.`);
		if (value.t === "nack") return accept({ type: "nack", ref, id, attempt });
		const reply = readCallReply(value);
		if (!reply) return refuse(ref, "bad_request", 'A reply holds data, or an error: {"message": "…", "data": …}.');
		return accept({ type: "reply", ref, id, attempt, reply });
	});
}

/** Reads what a handler answers, from a `reply` envelope or an HTTP body; undefined for what is no answer. */
export function readCallReply({ data, error }: Fields): CallReply | undefined {
	if (error === undefined) return data === undefined ? undefined : { data };
	if (!isFields(error) || typeof error.message !== "string" || data !== undefined) return undefined;
	return { error: { message: error.message, ...(error.data !== undefined && { data: error.data }) } };
}

/** What a server is handed: `data` as its JSON text. */
export interface HandedCall {
	readonly service: string;
	readonly id: string;
	readonly attempt: number;
	readonly from: string;
	readonly data: string;
	readonly deadline: number;
}

/** Writes a call that is handed to a server. */
export function encodeCall({ service, id, attempt, from, data, deadline }: HandedCall): string {
	return `{"t":"call","svc":"${service}","id":"${id}","attempt":${attempt},"from":${JSON.stringify(from)},"deadline":${deadline},"data":${data}}`;
}

/** Writes that nobody waits for a call any more. */
export function encodeCallCancelled(id: string, attempt: number): string {
	return `{"t":"call","id":"${id}","attempt":${attempt},"cancelled":true}`;
}

/** Writes how far a call is; `progress` is JSON text. */
export function encodeProgress(id: string, progress: string): string {
	return `{"t":"result","id":"${id}","progress":${progress}}`;
}

/** Writes the result of a call; `outcome` is the JSON text of its data, or of its error. */
export function encodeResult(id: string, outcome: string, failed: boolean): string {
	return `{"t":"result","id":"${id}","${failed ? "error" : "data"}":${outcome}}`;
}
