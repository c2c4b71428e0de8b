/**
 * Checks that bytes are UTF-8 one at a time, so that a wrong one is known when it arrives, even inside an unfinished
 * value. The rules are those of the UTF-8 decoder of the Encoding Standard: no overlong form, no surrogate, nothing
 * above U+10FFFF.
 */
export class Utf8Checker {
	#needed = 0;
	#lower = 0x80;
	#upper = 0xbf;

	/** Whether the bytes so far end with a whole character. */
	get whole(): boolean {
		return this.#needed === 0;
	}

	/** Takes the next byte; false when it cannot stand there. */
	push(byte: number): boolean {
		if (this.#needed > 0) {
			if (byte < this.#lower || byte > this.#upper) return false;
			this.#lower = 0x80;
			this.#upper = 0xbf;
			this.#needed -= 1;
			return true;
		}
		if (byte < 0x80) return true;
		if (byte < 0xc2 || byte > 0xf4) return false;
		this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		if (byte === 0xe0) this.#lower = 0xa0;
		if (byte === 0xed) this.#upper = 0x9f;
		if (byte === 0xf0) this.#lower = 0x90;
		if (byte === 0xf4) this.#upper = 0x8f;
		return true;
	}
}
