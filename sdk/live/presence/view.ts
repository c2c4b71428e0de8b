import { AerogramError } from "../../errors.ts";

/** What a view is of. */
export interface ViewSource {
	/** What is new since it was last taken; undefined where nothing is. */
	take(): unknown;
	/** The view ends. */
	left(): void;
	/** A failure that no promise carries. */
	report(error: AerogramError): void;
}

interface Reader {
	readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
	readonly reject: (reason: unknown) => void;
}

/**
 * The application's side of something that changes: a callback or an iteration. It is given what is newest when it is ready
 * for it, so that nothing waits in line for who is slow.
 */
export class View implements AsyncIterableIterator<unknown, undefined> {
	readonly #callback: ((item: unknown) => unknown) | undefined;
	readonly #signal: AbortSignal | undefined;
	readonly #source: ViewSource;
	readonly #readers: Reader[] = [];
	#busy = false;
	#ended = false;
	/** Why it ended, in a box because anything can be a reason; taken out by who is told of it. */
	#failure: { readonly reason: unknown } | undefined;

	/** Without a callback it is to be iterated. */
	constructor(callback: ((item: unknown) => unknown) | undefined, signal: AbortSignal | undefined, source: ViewSource) {
		this.#callback = callback;
		this.#signal = signal;
		this.#source = source;
		signal?.addEventListener("abort", this.abort);
	}

	/** There may be something new. */
	wake(): void {
		if (this.#callback) {
			if (!this.#busy && !this.#ended) void this.#call(this.#callback);
			return;
		}
		for (let reader = this.#readers[0]; reader; reader = this.#readers[0]) {
			if (this.#ended) {
				const failure = this.#failure;
				this.#failure = undefined;
				if (failure) reader.reject(failure.reason);
				else reader.resolve({ done: true, value: undefined });
			} else {
				const value = this.#source.take();
				if (value === undefined) return;
				reader.resolve({ done: false, value });
			}
			this.#readers.shift();
		}
	}

	/** Ends it with an error: the iteration throws it, or the error event tells it. */
	fail(error: AerogramError): void {
		if (this.#ended) return;
		if (error.code === "closed") return this.end();
		if (this.#callback) this.#source.report(error);
		this.#end({ reason: error });
	}

	/** Ends it: no callback is called any more, and an iteration ends. */
	end(): void {
		this.#end(undefined);
	}

	next(): Promise<IteratorResult<unknown, undefined>> {
		return new Promise((resolve, reject) => {
			this.#readers.push({ resolve, reject });
			this.wake();
		});
	}

	return(): Promise<IteratorResult<unknown, undefined>> {
		this.end();
		return Promise.resolve({ done: true, value: undefined });
	}

	[Symbol.asyncIterator](): this {
		return this;
	}

	/** Ends it with the reason of its signal. A field, because it is a listener that is taken away again. */
	readonly abort = (): void => this.#end({ reason: this.#signal?.reason });

	#end(failure: { readonly reason: unknown } | undefined): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#failure = failure;
		this.#signal?.removeEventListener("abort", this.abort);
		this.#source.left();
		this.wake();
	}

	async #call(callback: (item: unknown) => unknown): Promise<void> {
		this.#busy = true;
		for (let item = this.#source.take(); item !== undefined && !this.#ended; item = this.#source.take()) {
			try {
				await callback(item);
			} catch (cause) {
				this.#source.report(new AerogramError("callback_failed", "A callback of presence threw.", { cause }));
			}
		}
		this.#busy = false;
	}
}
