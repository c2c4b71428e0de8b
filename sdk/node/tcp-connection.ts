import type { Json } from "../../protocol/envelopes.ts";
import { isErrorCode } from "../../protocol/errors.ts";
import type { Durations } from "../../protocol/limits.ts";
import * as sdkNumbers from "../../protocol/sdk-numbers.ts";
import { type Clock, Timer } from "../clock.ts";
import { AerogramError } from "../errors.ts";
import { withSignals } from "../signals.ts";
import { type Arrival, TcpReader } from "./tcp-reader.ts";
import { type TcpFormat, writeValue } from "./tcp-writer.ts";

/** How long to wait for what a server sends. */
export interface TcpWait {
	/**
	 * Milliseconds; then it rejects with `timeout`.
	 * @default that of the connection
	 */
	readonly timeout?: number | undefined;
	/** Gives up the wait; the promise then rejects with the signal's reason. */
	readonly signal?: AbortSignal | undefined;
}

/** The part of Node's socket that a connection uses. */
export interface TcpSocket {
	on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
	on(event: "error", listener: (cause: Error) => void): unknown;
	on(event: "end" | "close", listener: () => void): unknown;
	write(data: Uint8Array | string, sent: (cause?: Error | null) => void): unknown;
	pause(): unknown;
	resume(): unknown;
	end(): unknown;
	destroySoon(): void;
	destroy(): unknown;
}

/** What a connection needs. */
export interface TcpParts {
	readonly format: TcpFormat;
	readonly encoding: string;
	readonly timeout: number;
	readonly clock: Clock;
	readonly durations: Durations;
	/** Ends the connection. */
	readonly signal: AbortSignal | undefined;
}

/**
 * One raw TCP connection. Iterate it, or call `greeting`, `receive` and `exchange`: each thing that arrives is given once,
 * in order. Without one of these, what arrives waits, and after a thousand of them the server does.
 */
export class TcpConnection implements AsyncIterable<Json> {
	readonly #socket: TcpSocket;
	readonly #parts: TcpParts;
	readonly #reader: TcpReader;
	/** Runs while a line has begun: many a beginner's greeting has no line end. */
	readonly #quiet: Timer;
	readonly #waiting: Arrival[] = [];
	/** Whoever reads waits for those before: answers belong to questions by their order alone. */
	#turn: Promise<void> = Promise.resolve();
	#wake = () => {};
	/** The server ended, or something went wrong, in a box because anything can be a reason. */
	#over: { readonly reason?: unknown } | undefined;

	/** Takes a socket that is connected. */
	constructor(socket: TcpSocket, parts: TcpParts) {
		this.#socket = socket;
		this.#parts = parts;
		this.#reader = new TcpReader(parts.encoding);
		this.#quiet = new Timer(parts.clock);
		socket.on("data", (chunk: Uint8Array) => this.#arrived(this.#reader.push(chunk)));
		socket.on("end", () => this.#ended({}));
		socket.on("error", (cause: Error) => this.#ended({ reason: lost(cause) }));
		const abort = () => {
			this.#abandon({ reason: parts.signal?.reason });
			socket.destroy();
		};
		parts.signal?.addEventListener("abort", abort);
		socket.on("close", () => {
			parts.signal?.removeEventListener("abort", abort);
			this.#ended({});
		});
	}

	/**
	 * The line of text by which the server greets, without its line end. Undefined when it begins with a value instead,
	 * which is then still to be received, or ends without a word. A server may wait for its client to speak first: then this
	 * rejects with `timeout`.
	 */
	greeting(wait: TcpWait = {}): Promise<string | undefined> {
		return this.#inTurn(wait, async (signal) => {
			const first = await this.#next(signal);
			if (first?.kind !== "value") return first && String(readArrival(first));
			this.#waiting.unshift(first);
			return undefined;
		});
	}

	/**
	 * What arrives next: a value, or a line of text as a string. Undefined once the server has ended the connection. Rejects
	 * with `malformed`, `bad_encoding`, `not_json`, `too_deep` or `too_big` for what cannot be read, `timeout`, `network`,
	 * and `closed` after `close()`.
	 */
	receive(wait: TcpWait = {}): Promise<Json | undefined> {
		return this.#inTurn(wait, async (signal) => {
			const next = await this.#next(signal);
			return next && readArrival(next);
		});
	}

	/** Sends a value. Resolves when the system has taken it. Rejects with `not_json`, `network`, `closed`. */
	async send(value: unknown): Promise<void> {
		await this.write(this.#bytesOf(value));
	}

	/** Sends bytes, or text as UTF-8, as they are: to a server that reads neither JSON nor XML nor packets. */
	write(data: Uint8Array | string): Promise<void> {
		return new Promise((resolve, reject) => {
			if (this.#over && "reason" in this.#over) return reject(this.#over.reason);
			this.#socket.write(data, (cause) => {
				if (cause) reject(lost(cause));
				else resolve();
			});
		});
	}

	/**
	 * Sends a value and resolves to the next value that arrives; lines of text before it, such as a greeting that nobody
	 * asked for, are passed over. Several may be called at once: they are answered in order. An answer with
	 * `"status": "error"` and a code of Aerogram's table rejects with that code.
	 *
	 * When its time is over, or its signal is aborted, the connection is closed: a late answer would be taken for that of
	 * another question.
	 */
	async exchange(value: unknown, wait: TcpWait = {}): Promise<Json> {
		const sent = this.write(this.#bytesOf(value));
		try {
			const [reply] = await Promise.all([this.#inTurn(wait, (signal) => this.#nextValue(signal)), sent]);
			return checkReply(reply);
		} catch (thrown) {
			if (wait.signal?.aborted || hasCode(thrown, "timeout")) this.close();
			throw thrown;
		}
	}

	/** Says that nothing more will be sent; what the server still sends is received. */
	end(): void {
		this.#socket.end();
	}

	/** Ends the connection once what was sent has left. Whoever still waits gets `closed`; an iteration ends. */
	close(): void {
		this.#abandon({ reason: new AerogramError("closed", "This connection was closed.") });
		this.#socket.destroySoon();
	}

	/** Each thing that arrives, as `receive` gives it, for as long as that takes. Ends when the connection does. */
	async *[Symbol.asyncIterator](): AsyncGenerator<Json, void, undefined> {
		for (;;) {
			const next = await this.receive({ timeout: Number.POSITIVE_INFINITY }).catch((thrown: unknown) => {
				if (hasCode(thrown, "closed")) return undefined;
				throw thrown;
			});
			if (next === undefined) return;
			yield next;
		}
	}

	/** Runs `work` after all that reads before it, within the time that it may take, which includes that wait. */
	async #inTurn<Value>(wait: TcpWait, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
		const { timeout = this.#parts.timeout, signal } = wait;
		const late = new AbortController();
		const timer = new Timer(this.#parts.clock);
		if (Number.isFinite(timeout)) {
			timer.start(timeout, () =>
				late.abort(new AerogramError("timeout", `The server sent nothing to that within ${timeout} ms.`)),
			);
		}
		const before = this.#turn;
		let leave = () => {};
		this.#turn = new Promise((resolve) => {
			leave = resolve;
		});
		try {
			return await withSignals([signal, late.signal], async (either) => {
				await unlessAborted(before, either);
				return work(either);
			});
		} finally {
			timer.stop();
			void before.then(leave);
		}
	}

	async #nextValue(signal: AbortSignal): Promise<Json> {
		for (;;) {
			const next = await this.#next(signal);
			if (!next) throw new AerogramError("network", "The server ended the connection before it answered.");
			if (next.kind !== "line") return readArrival(next);
		}
	}

	async #next(signal: AbortSignal): Promise<Arrival | undefined> {
		for (;;) {
			const first = this.#waiting.shift();
			if (first && this.#waiting.length < sdkNumbers.tcpArrivals) this.#socket.resume();
			if (first) return first;
			if (this.#over) {
				if ("reason" in this.#over) throw this.#over.reason;
				return undefined;
			}
			const arrival = new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
			await unlessAborted(arrival, signal);
		}
	}

	#bytesOf(value: unknown): Uint8Array {
		return writeValue(value, this.#parts.format, this.#parts.encoding !== "utf-8");
	}

	#arrived(arrivals: readonly Arrival[]): void {
		if (this.#over) return;
		this.#waiting.push(...arrivals);
		if (this.#waiting.length >= sdkNumbers.tcpArrivals) this.#socket.pause();
		this.#quiet.stop();
		if (this.#reader.inLine) {
			this.#quiet.start(this.#parts.durations.tcpLine, () => this.#arrived(this.#reader.flush()));
		}
		this.#wake();
	}

	/** The server sends no more; what has come is still received. */
	#ended(over: { readonly reason?: unknown }): void {
		this.#arrived(this.#reader.end());
		this.#end(over);
	}

	/** This side ends it: what has come and nobody received is dropped. */
	#abandon(over: { readonly reason?: unknown }): void {
		this.#waiting.length = 0;
		this.#end(over);
	}

	#end(over: { readonly reason?: unknown }): void {
		this.#quiet.stop();
		this.#over ??= over;
		this.#wake();
	}
}

function lost(cause: Error): AerogramError {
	return new AerogramError("network", "The connection was lost.", { cause });
}

function readArrival(arrival: Arrival): Json {
	if (arrival.kind === "line") return arrival.text;
	if (arrival.kind === "value") return arrival.value;
	const { code, message } = arrival.fault;
	throw new AerogramError(code, `The server sent what cannot be read. ${message}`);
}

/** An answer, unless it refuses in the way that an Aerogram server does. */
function checkReply(reply: Json): Json {
	const { status, code, message } = { ...(reply as { readonly [key: string]: Json }) };
	if (status === "error" && isErrorCode(code)) throw new AerogramError(code, String(message));
	return reply;
}

function hasCode(thrown: unknown, code: string): boolean {
	return thrown instanceof AerogramError && thrown.code === code;
}

/** Waits for a promise, or until the signal is aborted, whose reason it then rejects with. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
	return new Promise((resolve, reject) => {
		if (signal.aborted) reject(signal.reason);
		signal.addEventListener("abort", () => reject(signal.reason));
		promise.then(resolve, reject);
	});
}
