import { expect } from "vitest";
import type { Message } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import { errorRow } from "../../protocol/errors.ts";

/** A page of history, as the server writes it. */
export interface Page {
	readonly epoch: string;
	readonly floor: number;
	readonly head: number;
	readonly messages: readonly Message[];
	readonly next: string;
}

/** Fetches and reads a JSON answer of any status. What comes is not checked. */
export async function getJson<Body>(url: string, init?: RequestInit): Promise<Body> {
	const response = await fetch(url, init);
	return (await response.json()) as Body;
}

/** A POST of a value as JSON. */
export function postJson(url: string, value: unknown, headers: Record<string, string> = {}): Promise<Response> {
	return fetch(url, {
		method: "POST",
		headers: { "content-type": "application/json", ...headers },
		body: JSON.stringify(value),
	});
}

/** Publishes values of `data`, up to a hundred a request; resolves to the last position. */
export async function publishAll(messages: string, values: readonly unknown[]): Promise<string> {
	let position = "";
	for (let from = 0; from < values.length; from += 100) {
		const drafts = values.slice(from, from + 100).map((data) => ({ data }));
		const response = await postJson(messages, drafts);
		expect(response.status).toBe(201);
		position = ((await response.json()) as { positions: string[] }).positions.at(-1) ?? "";
	}
	return position;
}

/** Walks history by its `Link: rel="next"` to the end; resolves to its pages. */
export async function walk(first: string): Promise<Page[]> {
	const pages: Page[] = [];
	for (let url: string | undefined = first; url !== undefined; ) {
		const response: Response = await fetch(url);
		expect(response.status).toBe(200);
		pages.push((await response.json()) as Page);
		const link = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
		url = link && new URL(link, url).href;
		if (pages.length > 1_000) throw new Error("history does not end");
	}
	return pages;
}

/** All messages of a channel after a position, over plain HTTP, page by page. */
export async function readMessages(messages: string, after?: string): Promise<Message[]> {
	const pages = await walk(`${messages}?limit=1000${after === undefined ? "" : `&after=${after}`}`);
	return pages.flatMap((page) => page.messages);
}

/** The channel's head as a position. */
export async function headOf(channel: string): Promise<string> {
	const { epoch, head } = await getJson<{ epoch: string; head: number }>(channel);
	return `${epoch}:${head}`;
}

/** What problem details hold, beside members of their own. */
export interface ProblemBody {
	readonly type: string;
	readonly title: string;
	readonly status: number;
	readonly detail: string;
	readonly code: string;
	readonly request: string;
	readonly epoch?: string;
	readonly floor?: number;
	readonly head?: number;
	readonly retryAfter?: number;
}

/** Expects problem details (RFC 9457) with this code and its status; resolves to them. */
export async function expectProblem(response: Response, code: ErrorCode): Promise<ProblemBody> {
	const body = await response.text();
	expect({ status: response.status, body }).toMatchObject({ status: errorRow(code).status });
	expect(response.headers.get("content-type")).toBe("application/problem+json");
	return checkProblem(body, code);
}

/** Reads problem details with this code out of a body. */
export function checkProblem(body: string, code: ErrorCode): ProblemBody {
	const problem = JSON.parse(body) as ProblemBody;
	const { status, title } = errorRow(code);
	expect(problem).toMatchObject({ type: "about:blank", code, status, title });
	expect(problem.detail).toMatch(/^\S.*\.$/su);
	expect(problem.request).toMatch(/^[0-9a-f-]{36}$/);
	expect(body).not.toMatch(/\bat .*:\d+:\d+/);
	return problem;
}
