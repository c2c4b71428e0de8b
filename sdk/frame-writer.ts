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
		let frame: string[] = [];
		let bytes = 2;
		for (const text of texts) {
			const more = text.length * bytesPerUnit + 1;
			if (frame.length > 0 && (frame.length === limits.frameEnvelopes || bytes + more > limits.frameBytes)) {
				this.#sendFrame(frame);
				frame = [];
				bytes = 2;
			}
			frame.push(text);
			bytes += more;
		}
		if (frame.length > 0) this.#sendFrame(frame);
	}

	#sendFrame(texts: readonly string[]): void {
		this.#send(texts.length === 1 ? `${texts[0]}` : `[${texts.join(",")}]`);
	}
}
