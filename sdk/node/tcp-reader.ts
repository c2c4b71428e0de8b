import { parseJson } from "../../protocol/codec/json.ts";
import { packetMagic } from "../../protocol/codec/packet.ts";
import { type StreamItem, StreamSplitter } from "../../protocol/codec/stream.ts";
import { StreamBuffer } from "../../protocol/codec/stream-buffer.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { type Fault, fail } from "../../protocol/result.ts";

/** What a raw TCP server sends: a line of text, such as a greeting, or a value; or what was wrong in its place. */
export type Arrival =
	| { readonly kind: "line"; readonly text: string }
	| { readonly kind: "value"; readonly value: Json }
	| { readonly kind: "fault"; readonly fault: Fault };

type State = "between" | "line" | "value" | "ended";

/** The most bytes of one line or one JSON or XML value: as many as an HTTP body may have. */
const mostBytes = limits.bodyBytes;

/** The UTF-8 bytes of a byte order mark, which some systems write before everything. */
const mark = [0xef, 0xbb, 0xbf];

/**
 * Splits what a raw TCP server sends into lines of text and values, however it is cut. The first byte that is not white
 * space decides: `{`, `[`, `<` and AE begin a value, anything else a line, which ends at its line end. Where a greeting
 * without one was run into by an answer, the line ends before the JSON object that ends it.
 */
export class TcpReader {
	readonly #transcode: (chunk: Uint8Array, last: boolean) => Uint8Array;
	readonly #splitter = new StreamSplitter(mostBytes);
	readonly #line = new StreamBuffer();
	#state: State = "between";

	/** `encoding` is that of the text. Throws a RangeError for one that the platform does not know. */
	constructor(encoding: string) {
		const decoder = new TextDecoder(encoding, { fatal: true });
		const encoder = new TextEncoder();
		this.#transcode =
			decoder.encoding === "utf-8"
				? (chunk) => chunk
				: (chunk, last) => encoder.encode(decoder.decode(chunk, { stream: !last }));
	}

	/** Whether a line has begun whose end has not come. */
	get inLine(): boolean {
		return this.#state === "line";
	}

	/** Takes the bytes that arrived, and gives what they complete. */
	push(chunk: Uint8Array): readonly Arrival[] {
		return this.#take(chunk, false);
	}

	/** The server sends no more: a line needs no end then, and a value that has none is a fault. */
	end(): readonly Arrival[] {
		const arrivals = [...this.#take(new Uint8Array(), true)];
		if (this.#state === "line") arrivals.push(...(this.#readLine() ?? [this.#badEncoding()]));
		if (this.#state === "value") for (const item of this.#splitter.end()) arrivals.push(arrivalOf(item));
		this.#state = "ended";
		return arrivals;
	}

	/** What has come of a line counts as the whole of it; nothing does in the middle of a character. */
	flush(): readonly Arrival[] {
		const line = this.#state === "line" ? this.#readLine() : undefined;
		if (!line) return [];
		this.#state = "between";
		return line;
	}

	#take(chunk: Uint8Array, last: boolean): readonly Arrival[] {
		const arrivals: Arrival[] = [];
		let bytes: Uint8Array;
		try {
			bytes = this.#transcode(chunk, last);
		} catch {
			return this.#state === "ended" ? [] : [this.#badEncoding()];
		}
		for (let index = 0; index < bytes.length && this.#state !== "ended"; index++) {
			arrivals.push(...this.#takeByte(bytes.subarray(index, index + 1)));
		}
		return arrivals;
	}

	#takeByte(one: Uint8Array): readonly Arrival[] {
		const [byte = 0] = one;
		if (this.#state === "between") {
			if (isSpace(byte)) return [];
			this.#state = isOpening(byte) ? "value" : "line";
		} else if (this.#state === "line" && isOpening(byte) && this.#holdsMark()) {
			this.#line.clear();
			this.#state = "value";
		}
		return this.#state === "value" ? this.#takeOfValue(one) : this.#takeOfLine(byte);
	}

	#takeOfValue(one: Uint8Array): readonly Arrival[] {
		const [item] = this.#splitter.push(one);
		if (!item) return [];
		this.#state = !item.ok && item.fatal ? "ended" : "between";
		return [arrivalOf(item)];
	}

	#takeOfLine(byte: number): readonly Arrival[] {
		if (byte === 0x0a) {
			this.#state = "between";
			return this.#readLine() ?? [this.#badEncoding()];
		}
		if (this.#line.length < mostBytes) {
			this.#line.push(byte);
			return [];
		}
		this.#state = "ended";
		return [{ kind: "fault", ...fail("too_big", `A line of text is at most ${mostBytes} bytes.`) }];
	}

	/** Undefined for what is not UTF-8. */
	#readLine(): readonly Arrival[] | undefined {
		try {
			const text = new TextDecoder("utf-8", { fatal: true }).decode(this.#line.bytes());
			this.#line.clear();
			return readTail(text.replace(/\r$/, ""));
		} catch {
			return undefined;
		}
	}

	#badEncoding(): Arrival {
		this.#state = "ended";
		const hint = 'The server does not send this encoding: say which, such as { encoding: "gbk" }.';
		return { kind: "fault", ...fail("bad_encoding", hint) };
	}

	#holdsMark(): boolean {
		const bytes = this.#line.bytes();
		return bytes.length === mark.length && mark.every((byte, index) => bytes[index] === byte);
	}
}

/** A line of text, without the JSON object that it ends with, and that object. */
function readTail(text: string): readonly Arrival[] {
	const brace = text.indexOf("{");
	const tail = brace === -1 ? undefined : parseJson(text.slice(brace));
	if (!tail?.ok) return [{ kind: "line", text }];
	return [
		{ kind: "line", text: text.slice(0, brace).trimEnd() },
		{ kind: "value", value: tail.value },
	];
}

function arrivalOf(item: StreamItem): Arrival {
	return item.ok ? { kind: "value", value: item.value } : { kind: "fault", fault: item.fault };
}

function isSpace(byte: number): boolean {
	return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Whether a value begins with this byte: `{`, `[`, `<` or the first of a packet. */
function isOpening(byte: number): boolean {
	return byte === 0x7b || byte === 0x5b || byte === 0x3c || byte === packetMagic[0];
}
