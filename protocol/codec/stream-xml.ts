import { limits } from "../limits.ts";

/** What a byte did to an XML document: it goes on, ends, has a DTD, or turns out to be no document at all. */
export type XmlStep = "more" | "done" | "dtd" | "junk";

type State =
	| "content"
	| "tag"
	| "bang"
	| "comment"
	| "cdata"
	| "instruction"
	| "open"
	| "attributes"
	| "quoted"
	| "close";

const bangStarts = ["--", "[CDATA["] as const;

/**
 * Finds the end of an XML document among bytes: the end of its root element. Tags are counted and their names compared, so
 * that a document with an element left open ends where its root is closed and not never. Whether the document is well
 * formed is the parser's business.
 */
export class XmlBoundary {
	#state: State = "content";
	/** A hash of each open element's name. A collision could only move the end of a document that is not well formed. */
	readonly #open: number[] = [];
	#name = 0;
	#nameEnded = false;
	#quote = 0;
	#bang = "";
	/** How many bytes of a terminator such as `-->` have just passed, its last byte not counted. */
	#run = 0;

	/** Takes the next byte. The first byte is `<`. */
	push(byte: number): XmlStep {
		switch (this.#state) {
			case "content":
				if (byte === 0x3c) this.#state = "tag";
				else if (this.#open.length === 0 && !isSpace(byte)) return "junk";
				return "more";
			case "tag":
				return this.#startTag(byte);
			case "bang":
				return this.#startBang(byte);
			case "comment":
				return this.#skipTo(byte, 0x2d, 2);
			case "cdata":
				return this.#skipTo(byte, 0x5d, 2);
			case "instruction":
				return this.#skipTo(byte, 0x3f, 1);
			case "open":
				if (!isNameEnd(byte)) {
					this.#name = hash(this.#name, byte);
					return "more";
				}
				this.#state = "attributes";
				this.#run = 0;
				return this.#attribute(byte);
			case "attributes":
				return this.#attribute(byte);
			case "quoted":
				if (byte === this.#quote) this.#state = "attributes";
				return "more";
			case "close":
				if (byte === 0x3e) return this.#closed();
				this.#nameEnded ||= isSpace(byte);
				if (!this.#nameEnded) this.#name = hash(this.#name, byte);
				return "more";
		}
	}

	#startTag(byte: number): XmlStep {
		if (byte === 0x21) {
			this.#state = "bang";
			this.#bang = "";
		} else if (byte === 0x3f) {
			this.#state = "instruction";
			this.#run = 0;
		} else if (byte === 0x2f && this.#open.length > 0) {
			this.#state = "close";
			this.#name = 0;
			this.#nameEnded = false;
		} else if (isNameStart(byte)) {
			this.#state = "open";
			this.#name = hash(0, byte);
		} else {
			return this.#notMarkup(byte);
		}
		return "more";
	}

	#startBang(byte: number): XmlStep {
		// <!DOCTYPE, and what only a DTD holds, such as <!ENTITY.
		if (this.#bang === "" && byte >= 0x41 && byte <= 0x5a) return "dtd";
		this.#bang += String.fromCharCode(byte);
		if (!bangStarts.some((start) => start.startsWith(this.#bang))) return this.#notMarkup(byte);
		if (this.#bang === bangStarts[0]) this.#state = "comment";
		if (this.#bang === bangStarts[1]) this.#state = "cdata";
		this.#run = 0;
		return "more";
	}

	/** A `<` inside the root that starts nothing is left to the parser to refuse; outside, this is no document. */
	#notMarkup(byte: number): XmlStep {
		if (this.#open.length === 0) return "junk";
		this.#state = byte === 0x3c ? "tag" : "content";
		return "more";
	}

	#skipTo(byte: number, repeated: number, times: number): XmlStep {
		if (byte === 0x3e && this.#run >= times) this.#state = "content";
		this.#run = byte === repeated ? this.#run + 1 : 0;
		return "more";
	}

	#attribute(byte: number): XmlStep {
		if (byte === 0x3e) {
			this.#state = "content";
			if (this.#run === 0) this.#open.push(this.#name);
			return this.#open.length === 0 ? "done" : "more";
		}
		if (byte === 0x22 || byte === 0x27) {
			this.#state = "quoted";
			this.#quote = byte;
		}
		// A slash right before the > closes the element.
		this.#run = byte === 0x2f ? 1 : 0;
		return "more";
	}

	#closed(): XmlStep {
		this.#state = "content";
		// Deeper than the limit the document is refused anyway; a longer search would cost more than linear time.
		const lowest = Math.max(0, this.#open.length - limits.depth - 1);
		let index = this.#open.length - 1;
		while (index > lowest && this.#open[index] !== this.#name) index -= 1;
		// A name that no open element has is a slip of the pen: it closes the innermost.
		this.#open.length = this.#open[index] === this.#name ? index : this.#open.length - 1;
		return this.#open.length === 0 ? "done" : "more";
	}
}

// FNV-1a, 32 bits.
function hash(before: number, byte: number): number {
	return Math.imul((before || 0x811c9dc5) ^ byte, 0x01000193);
}

function isSpace(byte: number): boolean {
	return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function isNameStart(byte: number): boolean {
	return (
		(byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte === 0x3a || byte >= 0x80
	);
}

function isNameEnd(byte: number): boolean {
	return byte === 0x3e || byte === 0x2f || isSpace(byte);
}
