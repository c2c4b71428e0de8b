import type { ErrorCode } from "./errors.ts";
import { logLimits } from "./limits.ts";

/** One request, as the log tells it: never what it carried, what it showed to be let in, or its query. */
export interface RequestEntry {
	readonly event: "request";
	/** The id that an error of it names. */
	readonly request: string;
	readonly method: string;
	/** The path with `{name}` where it varies; `/*` where nothing is at it. */
	readonly route: string;
	/** The space, where the request came as far as what it asks of it. */
	readonly space?: string | undefined;
	readonly status: number;
	/** What it was refused with. */
	readonly code?: ErrorCode | undefined;
	/** Milliseconds until its answer began: a stream goes on after that. */
	readonly ms: number;
	/** Whom it spoke for, once that was known. */
	readonly principal?: string | undefined;
}

/** Something that failed in the server, as the log tells it. */
export interface FailureEntry {
	readonly event: "failure";
	/** What failed, in words. */
	readonly what: string;
	/** The id of the request that it failed for. */
	readonly request?: string | undefined;
	/** What was thrown, as a text. */
	readonly error?: string | undefined;
	/** Where it was thrown. */
	readonly stack?: string | undefined;
}

/** What the log says, one a line. */
export type LogEntry = RequestEntry | FailureEntry;

/** The line of a request. */
export function requestLine(entry: Omit<RequestEntry, "event">): string {
	return writeLine({ event: "request", ...entry });
}

/**
 * The line of a failure: what failed, and what was thrown, whose words and place nobody but the log is told. What could not be
 * parsed is not quoted.
 */
export function failureLine(what: string, thrown?: unknown, request?: string): string {
	const error = thrown === undefined ? undefined : describe(thrown);
	const stack = thrown instanceof Error ? framesOf(thrown) : undefined;
	return writeLine({ event: "failure", what, request, error, stack });
}

/** Reads a line of the log; undefined where it is none. */
export function readLogLine(line: string): LogEntry | undefined {
	if (!/^\{"event":"(?:request|failure)",/.test(line)) return undefined;
	try {
		return JSON.parse(line) as LogEntry;
	} catch {
		return undefined;
	}
}

/** One line of ASCII, whatever its texts hold: what ends a line, turns one around or moves a cursor is escaped. */
function writeLine(entry: LogEntry): string {
	const bounded = JSON.stringify(entry, (key, value: unknown) =>
		typeof value === "string" ? value.slice(0, key === "stack" ? logLimits.stackLength : logLimits.textLength) : value,
	);
	return bounded.replace(/[\x7f-\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function describe(thrown: unknown): string {
	// The words of a SyntaxError are a piece of what could not be parsed.
	if (thrown instanceof SyntaxError) return thrown.name;
	try {
		return String(thrown);
	} catch {
		// An object of an application may be no text at all.
		return typeof thrown;
	}
}

/** The frames of a stack, without the words before them. */
function framesOf({ stack = "", message }: Error): string | undefined {
	const at = stack.indexOf(message);
	return at === -1 ? undefined : stack.slice(at + message.length).trim() || undefined;
}
