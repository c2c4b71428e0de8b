/** Finds the end of a JSON object or array among bytes, by counting brackets outside strings. */
export class JsonBoundary {
	#depth = 0;
	#inString = false;
	#escaped = false;

	/** Takes the next byte; true when it ends the value. The first byte is its opening bracket. */
	push(byte: number): boolean {
		if (this.#inString) {
			if (this.#escaped) this.#escaped = false;
			else if (byte === 0x5c) this.#escaped = true;
			else if (byte === 0x22) this.#inString = false;
			return false;
		}
		if (byte === 0x22) this.#inString = true;
		// Which bracket closes which is the parser's business: a wrong pair still ends the value, and is told at once.
		else if (byte === 0x7b || byte === 0x5b) this.#depth += 1;
		else if (byte === 0x7d || byte === 0x5d) this.#depth -= 1;
		return this.#depth === 0 && !this.#inString;
	}
}
