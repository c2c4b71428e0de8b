import { errorCodes, errorRow } from "../protocol/errors.ts";
import { AerogramError } from "./errors.ts";

/** What follows a closed connection: nothing more, a first delay that spreads a herd, or the plain back-off. */
export type Fate = "fail" | "spread" | "backoff";

/** The code of a connection that this side gave up. No WebSocket ever reports it. */
export const closedLocally = 0;

/** Going away, abnormal, internal error, service restart (RFC 6455 section 7.4.1 and the IANA registry). */
const massDrops = [1001, 1006, 1011, 1012];

/** Reads a close code. 40xx: do not come back; 41xx: back off; 42xx: come back. */
export function fateOf(code: number): Fate {
	// Two sockets of one client would take over from each other for ever.
	if ((code >= 4000 && code < 4100) || code === errorRow("replaced").close) return "fail";
	return massDrops.includes(code) || (code >= 4200 && code < 4300) ? "spread" : "backoff";
}

/** Whether the server closed because of what was sent to it, so that the same must not be sent again. 1009: RFC 6455. */
export function isTooBig(code: number): boolean {
	return code === 1009 || code === errorRow("too_big").close;
}

/** The error a close code stands for. */
export function closeError(code: number, reason: string): AerogramError {
	const known = errorCodes.find((candidate) => errorRow(candidate).close === code);
	if (known) return new AerogramError(known, reason || errorRow(known).title);
	if (fateOf(code) === "fail") return new AerogramError("unsupported", reason || `The server refused (${code}).`);
	return new AerogramError("network", `The connection was lost (${code}${reason && `, ${reason}`}).`);
}
