import { type FailureEntry, type RequestEntry, readLogLine } from "../protocol/log.ts";

/** What a terminal would obey and not show, but for the end of a line and a tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const obeyed = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** What the server logs as a person reads it: a request in one line, a failure with its stack. Anything else as it is. */
export function logText(line: string): string {
	const entry = readLogLine(line);
	if (!entry) return line;
	return (entry.event === "request" ? requestText(entry) : failureText(entry)).replace(
		obeyed,
		(each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

function requestText({ method, route, space, status, code, ms, principal, request }: RequestEntry): string {
	const path = space === undefined ? route : route.replace("{space}", space);
	const whose = principal === undefined ? "" : ` ${principal}`;
	// Who looks for a request that was refused has its id from the answer.
	const why = code === undefined ? "" : ` ${code} (${request})`;
	return `${method} ${path} ${status} ${ms} ms${whose}${why}`;
}

function failureText({ what, error, stack, request }: FailureEntry): string {
	const whose = request === undefined ? "" : ` (${request})`;
	const frames = stack === undefined ? "" : `\n    ${stack.replaceAll(/\s*\n\s*/g, "\n    ")}`;
	return `failed: ${what}${whose}${error === undefined ? "" : `: ${error}`}${frames}`;
}
