/**
 * Splits a `text/event-stream` into the data of its events (WHATWG HTML, section 9.2.6), however its bytes are cut. Comments
 * and fields other than `data` are passed over: on this stream every event is one frame, whatever it is called.
 */
export class EventStream {
	readonly #decoder = new TextDecoder();
	/** The beginning of a line whose end has not come yet. */
	#line = "";
	/** The last character was a carriage return: a line feed right after it ends no second line. */
	#returned = false;
	#data: string[] = [];

	/** Takes the next bytes. Returns the data of the events that they complete. */
	push(bytes: Uint8Array): readonly string[] {
		const events: string[] = [];
		const text = this.#decoder.decode(bytes, { stream: true });
		const ends = /[\r\n]/g;
		let from = 0;
		for (let end = ends.exec(text); end; end = ends.exec(text)) {
			if (this.#returned && end[0] === "\n" && end.index === from) {
				this.#returned = false;
				from += 1;
				continue;
			}
			this.#take(this.#line + text.slice(from, end.index), events);
			this.#line = "";
			this.#returned = end[0] === "\r";
			from = end.index + 1;
		}
		if (from < text.length) {
			this.#line += text.slice(from);
			this.#returned = false;
		}
		return events;
	}

	#take(line: string, events: string[]): void {
		if (line === "") {
			if (this.#data.length > 0) events.push(this.#data.join("\n"));
			this.#data = [];
		} else if (line === "data" || line.startsWith("data:")) {
			const value = line.slice(5);
			this.#data.push(value.startsWith(" ") ? value.slice(1) : value);
		}
	}
}
