import type { Context } from "hono";
import { errorRow } from "../../protocol/errors.ts";
import { Problem } from "../http/problem.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import type { HistoryPage, HistoryRequest } from "../space/api.ts";
import { expired } from "./message-stream.ts";
import { Reader, type ReaderSink } from "./reader.ts";
import type { Loss } from "./tracker.ts";

/**
 * Reads a page of a channel; where it is empty, waits up to `wait` milliseconds for something to stand in it, and then
 * answers what is there, which may be nothing. While nothing happens, nothing is asked of the object. Throws a `Problem`:
 * `position_expired`, also where the place gets void meanwhile; `space_full`; `bad_request` where it cannot wait.
 */
export async function awaitPage(
	context: Context<App>,
	space: string,
	request: HistoryRequest,
	wait: number,
): Promise<HistoryPage> {
	if (wait > 0 && (request.order === "desc" || request.before)) {
		throw new Problem("bad_request", "A long-poll waits for what comes after: leave out before, and order=desc.");
	}
	const over = AbortSignal.any([context.req.raw.signal, ...(wait > 0 ? [AbortSignal.timeout(wait)] : [])]);
	const first = await readPage(context, space, request);
	if (wait === 0 || first.body !== "") return first;
	const { epoch, head, next } = first;
	const sink = new News(over);
	// A bare seq may be ahead of everything here, which nobody can subscribe to.
	const start = { from: "position", epoch, seq: Math.min(next, head) } as const;
	const after = next > head ? { seq: next } : { seq: next, epoch };
	const starts = new Map([[request.channel, start]]);
	const reader = new Reader(context.env, { space, identity: context.get("identity"), starts }, sink, Math.random);
	over.addEventListener("abort", () => reader.close());
	try {
		await reader.open();
		for (;;) {
			await sink.next();
			if (sink.loss) throw expired(sink.loss);
			if (over.aborted) return first;
			const page = await readPage(context, space, { ...request, after });
			// What has come may be older than `since`.
			if (page.body !== "") return page;
		}
	} finally {
		reader.close();
	}
}

async function readPage(context: Context<App>, space: string, request: HistoryRequest): Promise<HistoryPage> {
	const page = await spaceStub(context.env, space).history(request);
	if (!page.ok) throw new Problem(page.code, page.message, page.state);
	return page;
}

/** Waits for anything to happen in a channel. */
class News implements ReaderSink {
	loss: Loss | undefined;
	#pending = false;
	#wake: () => void = () => {};

	constructor(over: AbortSignal) {
		over.addEventListener("abort", () => this.#tell());
	}

	/** Resolves when something has happened since the last time. */
	async next(): Promise<void> {
		if (!this.#pending) {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
		this.#pending = false;
	}

	standing(): void {}

	messages(_: unknown, taken: () => void): void {
		taken();
		this.#tell();
	}

	// A page holds what is stored.
	ephemeral(_channel: string, _texts: readonly string[], taken: () => void): void {
		taken();
	}

	lost(loss: Loss): void {
		this.loss ??= loss;
		this.#tell();
	}

	interrupted(code: number): void {
		// After a wipe there is nothing to wait for: the next look at the place says so.
		if (code === errorRow("wiped").close) this.#tell();
	}

	ended(): void {}

	#tell(): void {
		this.#pending = true;
		this.#wake();
	}
}
