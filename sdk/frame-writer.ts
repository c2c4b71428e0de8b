import type { Limits } from "../protocol/limits.ts";

/** The most bytes a UTF-16 unit takes in UTF-8. Counting so is never too low, and needs no pass over the text. */
const bytesPerUnit = 3;

/** Gathers what is sent in one turn of the event loop, so that it leaves as one frame, or as few as the limits allow. */
export class FrameWriter {
	readonly #send: (frame: string) => void;
	#texts: string[] = [];
	#scheduled = false;

	constructor(send: (frame: string) => void) {
		this.#send = send;
	}

	/** Adds the text of one envelope. It leaves when the code that runs now has run. */
	write(text: string, limits: Limits): void {
		this.#texts.push(text);
		if (this.#scheduled) return;
		this.#scheduled = true;
		queueMicrotask(() => this.#flush(limits));
	}

	#flush(limits: Limits): void {
		this.#scheduled = false;
		const texts = this.#texts;
		this.#texts = [];
		while (texts.length > 0) this.#send(frameOf(takeSome(texts, limits)));
	}
}

/** Takes from the front of `texts`, each an envelope, as many as one frame may hold, and one at least. */
export function takeSome(texts: string[], limits: Limits): readonly string[] {
	let bytes = 2;
	let count = 0;
	for (const text of texts) {
		bytes += text.length * bytesPerUnit + 1;
		if (count > 0 && (count === limits.frameEnvelopes || bytes > limits.frameBytes)) break;
		count += 1;
	}
	return texts.splice(0, count);
}

/** Writes envelopes as one frame. */
export function frameOf(texts: readonly string[]): string {
	return texts.length === 1 ? `${texts[0]}` : `[${texts.join(",")}]`;
}
