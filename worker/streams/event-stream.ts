import { type Durations, streams } from "../../protocol/limits.ts";

/** One event of an event stream. */
export interface StreamEvent {
	/** What its reader says in `Last-Event-ID` when it comes back. Without it, that stays what it was. */
	readonly id?: string;
	/** Its type. Default: `message`. */
	readonly event?: string;
	/** May hold newlines: a reader joins the lines again. Without it, the event only moves the id. */
	readonly data?: string;
}

/** Writes an event as the HTML standard (section 9.2, server-sent events) has it. */
export function writeEvent({ id, event, data }: StreamEvent): string {
	let text = "";
	if (id !== undefined) text += `id: ${id}\n`;
	if (event !== undefined) text += `event: ${event}\n`;
	if (data !== undefined) text += `data: ${data.replaceAll("\n", "\ndata: ")}\n`;
	return `${text}\n`;
}

interface Waiting {
	readonly text: string;
	readonly taken: (() => void) | undefined;
}

/**
 * The HTTP end of an event stream. What is written waits here until the connection has taken what came before, and its
 * writer is told when it has: who reads slowly is sent slowly, and costs no more memory than its writer lets wait.
 */
export class EventStream {
	/** The body of the response. */
	readonly body: ReadableStream<Uint8Array>;
	/** Called once, when the stream is over: its reader went away, it was ended, or it was as long as one may be. */
	readonly #onOver: () => void;
	readonly #timers: readonly ReturnType<typeof setTimeout>[];
	readonly #encoder = new TextEncoder();
	#waiting: Waiting[] = [];
	#handed: readonly Waiting[] = [];
	#size = 0;
	#work = 0;
	#wake: () => void = () => {};
	#over = false;

	/** `signal` is that of the request: it tells that the reader is gone. */
	constructor(durations: Durations, random: () => number, signal: AbortSignal, onOver: () => void) {
		this.#onOver = onOver;
		// With no room of its own, the stream is asked for more only when the connection has taken what it had.
		this.body = new ReadableStream(
			{ pull: (controller) => this.#pull(controller), cancel: () => this.end() },
			{ highWaterMark: 0 },
		);
		this.#timers = [
			setInterval(() => this.#comment(), durations.streamComment),
			setTimeout(() => this.end(), durations.streamMost),
		];
		signal.addEventListener("abort", () => this.end());
		// Readers whose streams end together, as at a deploy, must not come back together.
		this.write(`retry: ${Math.ceil(durations.streamRetry * (0.5 + random()))}\n\n`);
	}

	/** Whether it is over. */
	get over(): boolean {
		return this.#over;
	}

	/** Characters written that the connection has not asked for yet. */
	get waiting(): number {
		return this.#size;
	}

	/**
	 * Writes events, or a comment; `taken` is called when the connection has taken them. Ends the stream where that was as
	 * much work as one request may be.
	 */
	write(text: string, taken?: () => void): void {
		if (this.#over) return;
		this.#waiting.push({ text, taken });
		this.#size += text.length;
		this.#work += text.length + streams.workOfWrite;
		this.#wake();
		if (this.#work > streams.workMost) this.end();
	}

	/** Ends the response after what was written. */
	end(): void {
		if (this.#over) return;
		this.#over = true;
		for (const timer of this.#timers) clearTimeout(timer);
		this.#wake();
		this.#onOver();
	}

	#comment(): void {
		// Who has yet to take what was written needs no sign of life.
		if (this.#size === 0) this.write(":\n\n");
	}

	async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
		for (const { taken } of this.#handed) taken?.();
		this.#handed = [];
		if (this.#waiting.length === 0 && !this.#over) {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
		this.#handed = this.#waiting;
		this.#waiting = [];
		this.#size = 0;
		const text = this.#handed.map((waiting) => waiting.text).join("");
		if (text !== "") controller.enqueue(this.#encoder.encode(text));
		if (this.#over) controller.close();
	}
}
