import { type ErrorCode, errorCodes, errorRule } from "../protocol/errors.ts";
import { AerogramError } from "./errors.ts";

/** What follows a closed connection: nothing more, a first delay that spreads a herd, or the plain back-off. */
export type Fate = "fail" | "spread" | "backoff";

/** The code of a connection that this side gave up. No WebSocket ever reports it. */
export const closedLocally = 0;

/** Going away, abnormal, internal error, service restart (RFC 6455 section 7.4.1 and the IANA registry). */
const massDrops = [1001, 1006, 1011, 1012];

/** Reads a close code. 40xx: do not come back; 41xx: back off; 42xx: come back. */
export function fateOf(code: number): Fate {
	// `replaced`: two sockets of one client would take over from each other for ever. `another_principal`: what a client has
	// is its principal's. In numbers, because every page loads them.
	if ((code >= 4000 && code < 4100) || code === 4203 || code === 4205) return "fail";
	return massDrops.includes(code) || (code >= 4200 && code < 4300) ? "spread" : "backoff";
}

/** Whether the server closed because of what was sent to it, so that the same must not be sent again. 1009: RFC 6455. */
export function isTooBig(code: number): boolean {
	return code === 1009 || code === errorRule("too_big").close;
}

/** The close code that says what an error says: where the table has none, whether coming back can help. */
export function closeCodeOf(error: ErrorCode): number {
	const { close, retry } = errorRule(error);
	return close ?? (retry === "no" ? 4000 : 1011);
}

/** The error a close code stands for. */
export function closeError(code: number, reason: string): AerogramError {
	const known = errorCodes.find((candidate) => errorRule(candidate).close === code);
	if (known) return new AerogramError(known, reason || `The server closed the connection: ${known}.`);
	if (fateOf(code) === "fail") return new AerogramError("unsupported", reason || `The server refused (${code}).`);
	return new AerogramError("network", `The connection was lost (${code}${reason && `, ${reason}`}).`);
}
