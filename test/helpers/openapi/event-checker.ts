/** Reads server-sent events out of the bytes of a stream, as a browser does, and tells each to a function. */
export class EventChecker {
	readonly #tell: (event: string, data: string) => void;
	readonly #decoder = new TextDecoder();
	#text = "";

	constructor(tell: (event: string, data: string) => void) {
		this.#tell = tell;
	}

	/** The next bytes. */
	add(chunk: Uint8Array): void {
		this.#text += this.#decoder.decode(chunk, { stream: true });
		const blocks = this.#text.split("\n\n");
		this.#text = blocks.pop() ?? "";
		for (const block of blocks) this.#read(block);
	}

	#read(block: string): void {
		const fields = block.split("\n").map((line) => /^([a-z]+): ?(.*)$/s.exec(line));
		const of = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ""] : []));
		const data = of("data");
		if (data.length > 0) this.#tell(of("event").at(-1) ?? "message", data.join("\n"));
	}
}
