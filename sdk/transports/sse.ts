import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import { itemsOf } from "../../protocol/codec/json.ts";
import type { Welcome } from "../connection.ts";
import { frameOf, takeSome } from "../frame-writer.ts";
import { EventStream } from "./event-stream.ts";
import { HttpLine, type HttpParts } from "./http-line.ts";
import type { Transport, TransportEvents } from "./port.ts";

/**
 * Frames down an event stream, frames up in requests of their own. The stream is a connection as a socket is: it has a
 * name, given by its `welcome`, which every request up says.
 */
export class SseTransport implements Transport {
	readonly #line: HttpLine;
	readonly #comment: number;
	readonly #events = new EventStream();
	/** The texts of envelopes that wait for the request before theirs. */
	readonly #waiting: string[] = [];
	#sending = false;
	#welcome: Welcome | undefined;

	constructor(url: string, parts: HttpParts) {
		this.#line = new HttpLine(url, parts);
		this.#comment = parts.durations.streamComment;
	}

	open(events: TransportEvents): void {
		const headers = { accept: "text/event-stream" };
		this.#line.open(events, () => this.#line.request("", { headers }, (response) => this.#read(response)));
	}

	send(text: string): void {
		if (text === "ping") {
			// A stream with nothing to say has a comment that often: what is silent for longer has to speak up.
			this.#line.ping(this.#comment);
			return;
		}
		this.#waiting.push(...(itemsOf(text) ?? []));
		if (!this.#sending) void this.#line.run(() => this.#sendWaiting());
	}

	close(): void {
		this.#line.close();
	}

	async #read(response: Response): Promise<void> {
		if (!response.ok) return this.#line.refused(response);
		const reader = response.body?.getReader?.();
		if (!reader) return this.#line.unfit("This fetch cannot read an answer that has not ended.");
		for (let read = await reader.read(); !read.done; read = await reader.read()) {
			this.#line.heard();
			for (const frame of this.#events.push(read.value)) this.#received(frame);
		}
		this.#line.lose("The stream ended.");
	}

	#received(frame: string): void {
		if (!this.#welcome) {
			const envelopes = decodeServerFrame(frame);
			this.#welcome = envelopes.ok ? envelopes.value.find((envelope) => envelope.type === "welcome") : undefined;
		}
		this.#line.received(frame);
	}

	/** One request at a time: the order of the frames is the order in which they were sent. */
	async #sendWaiting(): Promise<void> {
		this.#sending = true;
		while (this.#welcome && this.#waiting.length > 0 && !this.#line.over) {
			const body = frameOf(takeSome(this.#waiting, this.#welcome.limits));
			const query = `&connection=${encodeURIComponent(this.#welcome.connection)}`;
			const headers = { "content-type": "application/json" };
			await this.#line.request(query, { method: "POST", headers, body }, async (response) => {
				if (response.ok) await response.arrayBuffer();
				// It stood a moment ago: it broke, and the stream has not shown it yet.
				else if (response.status === 404) this.#line.lose("The server no longer has this connection.");
				else await this.#line.refused(response);
			});
		}
		this.#sending = false;
	}
}
