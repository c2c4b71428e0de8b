import type { TransportEvents } from "../../../../sdk/transports/port.ts";
import { settle } from "./fake-clock.ts";

/** A request that waits for the test to answer it. */
export class HandRequest {
	readonly method: string;
	readonly url: URL;
	readonly headers: Headers;
	readonly body: string;
	readonly response: Promise<Response>;
	aborted = false;
	#resolve!: (response: Response) => void;
	#reject!: (error: unknown) => void;
	#stream: ReadableStreamDefaultController<Uint8Array> | undefined;

	constructor(input: RequestInfo | URL, init: RequestInit = {}) {
		this.method = init.method ?? "GET";
		this.url = new URL(String(input));
		this.headers = new Headers(init.headers);
		this.body = String(init.body ?? "");
		this.response = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		init.signal?.addEventListener("abort", () => {
			this.aborted = true;
			this.fail(new Error("AbortError"));
		});
	}

	/** The envelopes it carries. */
	get envelopes(): readonly unknown[] {
		const frame: unknown = JSON.parse(this.body);
		return Array.isArray(frame) ? frame : [frame];
	}

	/** Answers with JSON. */
	async answer(value: unknown, status = 200): Promise<void> {
		this.#resolve(new Response(JSON.stringify(value), { status }));
		await settle();
	}

	/** Answers with a problem document. */
	async refuse(status: number, code: string): Promise<void> {
		const headers = { "content-type": "application/problem+json" };
		this.#resolve(new Response(JSON.stringify({ code, detail: `It is ${code}.` }), { status, headers }));
		await settle();
	}

	/** Answers with any response. */
	async respond(response: Response): Promise<void> {
		this.#resolve(response);
		await settle();
	}

	/** Begins an answer that is written bit by bit. */
	async stream(): Promise<void> {
		const body = new ReadableStream<Uint8Array>({
			start: (controller) => {
				this.#stream = controller;
			},
		});
		await this.respond(new Response(body));
	}

	/** Writes to that answer. */
	async write(bytes: string | Uint8Array): Promise<void> {
		this.#stream?.enqueue(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
		await settle();
	}

	/** Ends that answer. */
	async end(): Promise<void> {
		this.#stream?.close();
		await settle();
	}

	/** The network fails it. */
	fail(error: unknown): void {
		this.#reject(error);
		try {
			this.#stream?.error(error);
		} catch {
			// It has ended.
		}
	}
}

/** A fetch that a test plays by hand. */
export class HandFetch {
	readonly requests: HandRequest[] = [];

	readonly fetch: typeof fetch = (input, init) => {
		const request = new HandRequest(input, init);
		this.requests.push(request);
		return request.response;
	};

	/** The latest request, once everything that waits for nothing has run. */
	async latest(): Promise<HandRequest> {
		await settle();
		const request = this.requests.at(-1);
		if (!request) throw new Error("nothing was requested");
		return request;
	}
}

/** What a transport told, in order: frames as they came, ends as `[code, reason]`. */
export function listen() {
	const told: (string | readonly [code: number, reason: string])[] = [];
	const events: TransportEvents = {
		received: (text) => void told.push(text),
		closed: (code, reason) => void told.push([code, reason]),
	};
	return { told, events };
}
