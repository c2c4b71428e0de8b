import type { Json } from "../../protocol/envelopes.ts";
import { Comparison, type Fence, readSteps } from "./protocol-blocks.ts";
import { named, pageSpace, request } from "./protocol-replay.ts";
import type { LocalServer } from "./server.ts";

/** How long the next word of a server may take, in milliseconds. */
const patience = 10_000;

/**
 * Plays a conversation over plain HTTP, in a space of its own: `>` is a GET, perhaps with a header behind it, and `<` the
 * next line of its answer that is neither empty nor a comment. Another `>` leaves the answer before.
 */
export async function replayHttp(fence: Fence, server: LocalServer, space: string): Promise<void> {
	const accept = fence.kind.startsWith("text events") ? "text/event-stream" : "application/json";
	const comparison = new Comparison();
	const here = (text: string) => comparison.fill(text).replace(pageSpace, `/v1/spaces/${space}`);
	let answer: Answer | undefined;
	for (const step of readSteps(fence)) {
		await named(step, async () => {
			if (step.mark === "!") return request(server.url, here(step.text));
			if (step.mark === ">") {
				await answer?.leave();
				answer = new Answer(server.url, here(step.text), accept);
				return;
			}
			const line = await answer?.next();
			const different = difference(comparison, step.text, line ?? "");
			if (different !== undefined) throw new Error(different);
		});
	}
	await answer?.leave();
}

/** What differs between a line of an answer and what the page says of it. */
function difference(comparison: Comparison, expected: string, actual: string): string | undefined {
	const field = /^(?:[a-z]+: )?/.exec(expected)?.[0] ?? "";
	if (!actual.startsWith(field)) return `the server says ${actual}, the page says ${expected}`;
	return comparison.difference(read(field, expected), read(field, actual), field);
}

/** Positions and cursors are taken apart, so that epochs are compared as such. */
function read(field: string, line: string): Json {
	const value = line.slice(field.length);
	if (field === "id: ") return readPlace(value);
	if (!value.startsWith("{")) return value;
	const members = JSON.parse(value) as { readonly [name: string]: Json };
	return typeof members.next === "string" ? { ...members, next: readPlace(members.next) } : members;
}

function readPlace(text: string): Json {
	const colon = text.indexOf(":");
	return { epoch: text.slice(0, colon), place: text.slice(colon + 1) };
}

/** The answer to a GET, line by line. */
class Answer {
	readonly #leaving = new AbortController();
	readonly #lines: string[] = [];
	#wake: () => void = () => {};
	#fault: unknown;

	constructor(url: string, line: string, accept: string) {
		const [, path = "", name, value = ""] = /^GET (\S+)(?: ([A-Za-z-]+): (.+))?$/.exec(line) ?? [];
		const headers = { accept, ...(name !== undefined && { [name]: value }) };
		this.#read(`${url}${path}`, headers).catch((error: unknown) => {
			this.#fault = error;
			this.#wake();
		});
	}

	/** The next line. Rejects after `patience`. */
	async next(): Promise<string> {
		const deadline = Date.now() + patience;
		while (this.#lines.length === 0) {
			if (this.#fault !== undefined) throw this.#fault;
			if (Date.now() > deadline) throw new Error(`nothing came within ${patience} ms`);
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
				setTimeout(resolve, 50);
			});
		}
		return this.#lines.shift() ?? "";
	}

	/** Leaves it. What it had said and nobody asked about is an error. */
	async leave(): Promise<void> {
		this.#leaving.abort();
		const unsaid = this.#lines.shift();
		if (unsaid !== undefined) throw new Error(`the server said more than the page says: ${unsaid}`);
	}

	async #read(url: string, headers: Record<string, string>): Promise<void> {
		const response = await fetch(url, { headers, signal: this.#leaving.signal });
		const decoder = new TextDecoder();
		let text = "";
		for await (const chunk of response.body ?? []) {
			text += decoder.decode(chunk, { stream: true });
			const lines = text.split("\n");
			text = lines.pop() ?? "";
			this.#lines.push(...lines.filter((line) => line !== "" && !line.startsWith(":")));
			this.#wake();
		}
	}
}
