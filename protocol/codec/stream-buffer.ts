/** The bytes of the value that is arriving. Grows by doubling, so that one byte at a time costs linear time in all. */
export class StreamBuffer {
	#bytes = new Uint8Array(0);
	#length = 0;

	/** Bytes held. */
	get length(): number {
		return this.#length;
	}

	/** Appends one byte. */
	push(byte: number): void {
		if (this.#length === this.#bytes.length) {
			const grown = new Uint8Array(Math.max(256, this.#length * 2));
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes[this.#length] = byte;
		this.#length += 1;
	}

	/** What is held from `start` on, as a view: it is valid until the next push. */
	bytes(start = 0): Uint8Array {
		return this.#bytes.subarray(start, this.#length);
	}

	/** Empties it. A large buffer is let go: thousands of connections may be idle after one large value each. */
	clear(): void {
		this.#length = 0;
		if (this.#bytes.length > 4_096) this.#bytes = new Uint8Array(0);
	}
}
