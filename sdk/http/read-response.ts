import { errorCodes, errorRow, isErrorCode } from "../../protocol/errors.ts";
import { AerogramError, type ProblemState } from "../errors.ts";
import { type HttpResponse, isObject, strangerError } from "./response.ts";

/** Reads an answer whose body is here. Throws what a refusal says, or `network` for an answer of no Aerogram server. */
export function readResponse(response: Response, body: ArrayBuffer, now: number): HttpResponse {
	const { status, headers } = response;
	const data = readData(headers.get("content-type") ?? "", body);
	const etag = headers.get("etag") ?? undefined;
	if (status < 400) return { status, headers, data, etag };
	const problem = isObject(data) ? data : {};
	const code = codeOf(problem.code, response);
	const retryAfter = readRetryAfter(headers.get("retry-after"), now);
	const item = typeof problem.item === "number" ? problem.item : undefined;
	const path = typeof problem.path === "string" ? problem.path : undefined;
	const facts = { status, etag, state: readState(problem), retryAfter, data: problem.data, item, path };
	if (!code) throw strangerError(facts);
	throw new AerogramError(code, String(problem.detail ?? problem.title ?? errorRow(code).title), facts);
}

function readData(type: string, body: ArrayBuffer): unknown {
	if (body.byteLength === 0) return undefined;
	const json = /[/+]json\b/i.test(type);
	if (!json && !/^text\/|[/+]xml\b/i.test(type)) return new Uint8Array(body);
	const text = new TextDecoder().decode(body);
	try {
		return json ? JSON.parse(text) : text;
	} catch {
		return text;
	}
}

function codeOf(code: unknown, { status, headers }: Response) {
	if (isErrorCode(code)) return code;
	// A HEAD's problem has no body and another format's is not read here: the first code with that status stands for it.
	const known = headers.get("content-type")?.startsWith("application/problem+");
	return known ? errorCodes.find((candidate) => errorRow(candidate).status === status) : undefined;
}

function readState({ epoch, floor, head, rev }: Readonly<Record<string, unknown>>): ProblemState | undefined {
	return typeof epoch === "string" ? ({ epoch, floor, head, rev } as ProblemState) : undefined;
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function readRetryAfter(text: string | null, now: number): number | undefined {
	if (text === null) return undefined;
	const delay = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
	return Number.isNaN(delay) ? undefined : Math.max(0, delay);
}
