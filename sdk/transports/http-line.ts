import { encodeServer } from "../../protocol/codec/serving.ts";
import { type ErrorCode, isErrorCode } from "../../protocol/errors.ts";
import type { Durations } from "../../protocol/limits.ts";
import type { Clock } from "../clock.ts";
import { closeCodeOf } from "../close-codes.ts";
import { toAerogramError } from "../errors.ts";
import { readResponse } from "../http/read-response.ts";
import type { TransportEvents } from "./port.ts";

/** What transports over HTTP are made from. */
export interface HttpParts {
	readonly fetch: typeof fetch;
	readonly clock: Clock;
	readonly durations: Durations;
	/** Told, once a transport has shown it, whether its kind works here. Of a server that is away, that says nothing. */
	readonly works?: (works: boolean) => void;
}

/** The close code of a connection that ended without a word (RFC 6455, section 7.4.1). */
const abnormal = 1006;

/** What the transports over HTTP share: requests that end with the transport, its signs of life, and its one end. */
export class HttpLine {
	readonly #url: string;
	readonly #parts: HttpParts;
	readonly #requests = new Set<AbortController>();
	#events: TransportEvents | undefined;
	#heardAt = 0;
	#pinged = false;
	/** Nothing has come, no refusal and no error either. */
	#silent = true;

	/** `url` is that of the space's socket. */
	constructor(url: string, parts: HttpParts) {
		this.#url = url.replace(/^ws/, "http");
		this.#parts = parts;
	}

	/** Whether it has ended. */
	get over(): boolean {
		return this.#events === undefined;
	}

	/** Begins, with `work`. */
	open(events: TransportEvents, work: () => Promise<void>): void {
		this.#events = events;
		void this.run(work);
	}

	/** Does a part of the transport's work. What that throws ends the transport. Never rejects. */
	async run(work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (thrown) {
			this.lose(toAerogramError(thrown, "network").message);
		}
	}

	/**
	 * One request, from its start until `read` has read the answer. `query` is added to that of the URL. Throws what fetch
	 * throws, also when it is given up: by `abort`, or by the end of the transport.
	 */
	async request<Value>(
		query: string,
		init: RequestInit,
		read: (response: Response) => Promise<Value>,
		abort = new AbortController(),
	): Promise<Value> {
		if (this.over) throw new Error("The transport has ended.");
		this.#requests.add(abort);
		try {
			return await read(await this.#parts.fetch(`${this.#url}${query}`, { ...init, signal: abort.signal }));
		} finally {
			this.#requests.delete(abort);
		}
	}

	/** Hands on what came. */
	received(text: string): void {
		this.#events?.received(text);
	}

	/** Something came, if only a comment: the other side lives. */
	heard(): void {
		this.#heardAt = this.#parts.clock.now();
		if (this.#silent) this.#parts.works?.(true);
		this.#silent = false;
		if (this.#pinged) this.#pong();
	}

	/** Answers a ping: at once where something came in the last `recent` milliseconds, else with the next that comes. */
	ping(recent: number): void {
		this.#pinged = true;
		if (this.#parts.clock.now() - this.#heardAt <= recent) this.#pong();
	}

	/** The server refused: a last word as a socket has it, then the end. An answer of no Aerogram server is a lost network. */
	async refused(response: Response): Promise<void> {
		this.#silent = false;
		const body = await response.arrayBuffer();
		try {
			readResponse(response, body, this.#parts.clock.now());
			this.lose(`The answer (HTTP ${response.status}) is none to a frame.`);
		} catch (thrown) {
			const { code, message } = toAerogramError(thrown, "network");
			if (isErrorCode(code)) this.bye(code, message);
			else this.lose(message);
		}
	}

	/** The server's last word, then the end. */
	bye(code: ErrorCode, message: string): void {
		this.received(encodeServer({ type: "bye", code, message }));
		this.#end(closeCodeOf(code), message);
	}

	/** Ends without a last word. */
	lose(reason: string): void {
		this.#end(abnormal, reason);
	}

	/** What was answered cannot be read in this way here. */
	unfit(reason: string): void {
		this.#parts.works?.(false);
		this.lose(reason);
	}

	/** Ends from this side: gives up every request, and tells nobody. */
	close(): void {
		// Given up while nothing came: something on the way may hold answers back until they end.
		if (!this.over && this.#silent) this.#parts.works?.(false);
		this.#stop();
	}

	#end(code: number, reason: string): void {
		const events = this.#events;
		this.#stop();
		events?.closed(code, reason);
	}

	#stop(): void {
		this.#events = undefined;
		for (const request of this.#requests) request.abort();
	}

	#pong(): void {
		this.#pinged = false;
		this.received("pong");
	}
}
