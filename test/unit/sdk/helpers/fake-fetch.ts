import { onTestFinished } from "vitest";
import { Aerogram, type AerogramOptions } from "../../../../sdk/index.ts";
import { FakeClock } from "./fake-clock.ts";

// Loaded ahead: what loads it later waits for no clock of a test.
import "../../../../sdk/over-http.ts";

/** What a fake server does with one request: answers, fails as a network does, or stays silent until it is aborted. */
export type FakeAnswer = Response | Error | "silence";

/** One request as it was sent. */
export interface SentRequest {
	readonly method: string;
	/** Path and query. */
	readonly path: string;
	readonly headers: Headers;
	readonly body: unknown;
	/** When it was sent, in milliseconds since the test began. */
	readonly at: number;
}

/** A client whose requests are answered from a list, in order; the last answer is given again and again. */
export function setUpHttp(answers: readonly (() => FakeAnswer)[], options: AerogramOptions = {}) {
	const clock = new FakeClock();
	const began = clock.now();
	const sent: SentRequest[] = [];
	const fetch: AerogramOptions["fetch"] = async (input, init = {}) => {
		const { pathname, search } = new URL(String(input));
		const { method = "GET", body, signal } = init;
		sent.push({ method, path: pathname + search, headers: new Headers(init.headers), body, at: clock.now() - began });
		const answer = answers[Math.min(sent.length, answers.length) - 1]?.();
		if (answer instanceof Response) return answer;
		if (answer instanceof Error) throw answer;
		return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("AbortError"))));
	};
	// The longest delay of each back-off: from it every other one differs by a factor alone.
	const client = new Aerogram("https://edge.test/below/", { fetch, clock, random: () => 1, ...options });
	onTestFinished(() => client.close());
	return { client, http: client.http, clock, sent };
}

/** An answer of a JSON value. */
export function json(value: unknown, init: ResponseInit = {}): () => Response {
	return () => Response.json(value, init);
}

/** Problem details, as an Aerogram server writes them. */
export function problem(status: number, code: string, more: object = {}, headers: Record<string, string> = {}) {
	const body = { type: "about:blank", title: "Title", status, detail: "Detail.", code, request: "r", ...more };
	return () =>
		new Response(JSON.stringify(body), { status, headers: { "content-type": "application/problem+json", ...headers } });
}
