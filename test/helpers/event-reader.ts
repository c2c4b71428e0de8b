/** An event as an EventSource would dispatch it. */
export interface StreamedEvent {
	readonly type: string;
	readonly data: string;
	/** `lastEventId`: of this event, or of the last one before it that had an id. */
	readonly id: string;
}

/**
 * Reads an event stream by the HTML standard (section 9.2.6), in Node and in workerd: what comes is kept until it is asked
 * for, so that a stream is read as fast as it comes.
 */
export class EventReader {
	/** The last event id, which blocks without data set too. */
	lastId = "";
	/** What the last `retry:` said, in milliseconds. */
	retry: number | undefined;
	/** Comments so far. */
	comments = 0;
	/** Set once the stream has ended: how. */
	ended: "closed" | "broken" | undefined;
	/** Events that nobody took yet. */
	readonly events: StreamedEvent[] = [];
	readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
	#wake: () => void = () => {};
	#lines: string[] = [];

	constructor(body: ReadableStream<Uint8Array> | null) {
		if (!body) throw new Error("the response has no body");
		this.#reader = body.getReader();
		void this.#read();
	}

	/** Takes the next event. Rejects after 10 s, or when the stream has ended. */
	async next(): Promise<StreamedEvent> {
		await this.until(() => this.events.length > 0 || this.ended !== undefined, "an event");
		const event = this.events.shift();
		if (!event) throw new Error(`the stream has ended (${this.ended})`);
		return event;
	}

	/** Takes events until there are so many. */
	async take(count: number): Promise<StreamedEvent[]> {
		const taken: StreamedEvent[] = [];
		while (taken.length < count) taken.push(await this.next());
		return taken;
	}

	/** Waits until something holds, looking whenever anything comes; at most 10 s. */
	async until(holds: () => boolean, what: string): Promise<void> {
		const deadline = Date.now() + 10_000;
		while (!holds()) {
			if (Date.now() > deadline) throw new Error(`waited in vain for ${what}; the last id is ${this.lastId}`);
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
				setTimeout(resolve, 20);
			});
		}
	}

	/** Leaves. */
	async cancel(): Promise<void> {
		await this.#reader.cancel();
	}

	async #read(): Promise<void> {
		const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
		let text = "";
		try {
			for (;;) {
				const { done, value } = await this.#reader.read();
				if (done) break;
				text += decoder.decode(value, { stream: true });
				const lines = text.split("\n");
				text = lines.pop() ?? "";
				for (const line of lines) this.#line(line);
				this.#wake();
			}
			this.ended = "closed";
		} catch {
			this.ended = "broken";
		}
		this.#wake();
	}

	#line(line: string): void {
		if (line !== "") {
			if (line.startsWith(":")) this.comments += 1;
			else this.#lines.push(line);
			return;
		}
		const fields = this.#lines.map((each) => {
			const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(each) ?? [];
			return { name, value };
		});
		this.#lines = [];
		const last = (name: string) => fields.findLast((field) => field.name === name)?.value;
		this.lastId = last("id") ?? this.lastId;
		const retry = last("retry");
		if (retry !== undefined) this.retry = Number(retry);
		const data = fields.filter(({ name }) => name === "data").map(({ value }) => value);
		if (data.length > 0) this.events.push({ type: last("event") ?? "message", data: data.join("\n"), id: this.lastId });
	}
}
