import type { Json } from "../envelopes.ts";
import type { ErrorCode } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Fault, fail } from "../result.ts";
import { parseJson } from "./json.ts";
import { decodePacketHeader, type PacketBody, type PacketHeader, packetHeaderBytes, packetMagic } from "./packet.ts";
import { StreamBuffer } from "./stream-buffer.ts";
import { JsonBoundary } from "./stream-json.ts";
import { mayOpen, wrongPort } from "./stream-opening.ts";
import { XmlBoundary } from "./stream-xml.ts";
import { Utf8Checker } from "./utf8.ts";
import { parseXml } from "./xml.ts";

/** How a value came. It is answered in the same form; what has none, such as junk, counts as JSON. */
export interface StreamForm {
	readonly format: "json" | "xml" | "packet";
	/** What the value itself is written in: that of a packet's body, else as `format`. */
	readonly body: PacketBody;
}

/** One value of a raw TCP stream, or what was wrong in its place. */
export type StreamItem = StreamForm &
	(
		| { readonly ok: true; readonly value: Json /** Of a packet only. */; readonly type?: PacketHeader["type"] }
		| { readonly ok: false; readonly fault: Fault /** The connection cannot go on. */; readonly fatal: boolean }
	);

type State = "between" | "opening" | "bom" | "junk" | "json" | "xml" | "packet";

const jsonForm: StreamForm = { format: "json", body: "json" };
const xmlForm: StreamForm = { format: "xml", body: "xml" };

/**
 * Splits the bytes of one raw TCP connection into values, however they are cut: the items are the same for every split.
 *
 * White space and byte order marks between values are skipped. The first byte of a value picks its format: `{` or `[`
 * JSON, `<` XML, AE a packet. A run of anything else is one fault, told at its first character; it ends at a newline or at
 * the next of those bytes. Fatal faults, after which every byte is ignored: `bad_encoding` at the first byte that is not
 * UTF-8, `unsupported` for HTTP or TLS at the very start and for a packet header of another version, `too_big` above
 * `most` bytes, `malformed` for a DTD. Every byte is looked at once, and at most one value is held.
 */
export class StreamSplitter {
	readonly #decoder = new TextDecoder("utf-8", { fatal: true });
	readonly #value = new StreamBuffer();
	readonly #utf8 = new Utf8Checker();
	#json = new JsonBoundary();
	#xml = new XmlBoundary();
	#header: PacketHeader | undefined;
	#state: State = "between";
	/** The first bytes of the connection, while they may be those of another protocol. */
	#opening = "";
	/** A value or junk has begun: from here on the bytes of HTTP and TLS are junk like any other. */
	#spoken = false;
	/** The run of junk has been answered. */
	#told = false;
	#received = false;
	#ended = false;
	#items: StreamItem[] = [];
	readonly #most: number;

	/** `most` is that of the bytes of a JSON or XML value: a client that reads answers may take larger ones than a server. */
	constructor(most: number = limits.tcpValueBytes) {
		this.#most = most;
	}

	/** Whether any byte at all has arrived: a client that stays silent is greeted. */
	get received(): boolean {
		return this.#received;
	}

	/** Takes the bytes that arrived, and gives the values and faults that they complete. */
	push(chunk: Uint8Array): readonly StreamItem[] {
		this.#items = [];
		this.#received ||= chunk.length > 0;
		for (let index = 0; index < chunk.length && !this.#ended; index++) this.#take(chunk[index] ?? 0);
		return this.#items;
	}

	/** The client sends no more: what it left unfinished is a fault. */
	end(): readonly StreamItem[] {
		this.#items = [];
		const unfinished = this.#state === "junk" ? !this.#told : this.#state !== "between";
		if (unfinished && !this.#ended) this.#fault("malformed", "The connection ended in the middle of a value.", false);
		this.#ended = true;
		return this.#items;
	}

	#take(byte: number): void {
		const inValue = this.#state === "json" || this.#state === "xml" || this.#state === "packet";
		if (this.#state === "packet" && !this.#header) {
			this.#takeHeader(byte);
		} else if (byte === packetMagic[0] && !inValue && this.#utf8.whole) {
			// No UTF-8 character starts with this byte, but many hold it: 宮 is E5 AE AE.
			if (this.#state === "opening") this.#tellJunk();
			this.#start("packet", byte);
		} else if (!this.#utf8.push(byte)) {
			this.#fault("bad_encoding", "These bytes are not UTF-8: send UTF-8.", true);
		} else {
			this.#takeText(byte);
		}
	}

	#takeText(byte: number): void {
		switch (this.#state) {
			case "between":
				this.#takeFirst(byte);
				break;
			case "opening":
				this.#takeOpening(byte);
				break;
			case "bom":
				if (byte === 0xbf && this.#utf8.whole) this.#state = "between";
				else if (byte !== 0xbb) this.#takeJunk(byte);
				break;
			case "junk":
				this.#takeJunk(byte);
				break;
			case "json":
				if (this.#hold(byte) && this.#json.push(byte)) this.#finish();
				break;
			case "xml":
				if (this.#hold(byte)) this.#takeXml(byte);
				break;
			case "packet":
				this.#value.push(byte);
				this.#finishPacket();
				break;
		}
	}

	#takeFirst(byte: number): void {
		if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
		if (byte === 0xef) this.#state = "bom";
		else if (this.#spoken || isStart(byte)) this.#takeJunk(byte);
		else this.#takeOpening(byte);
	}

	#takeOpening(byte: number): void {
		this.#opening += String.fromCharCode(byte);
		const told = wrongPort(this.#opening);
		if (told !== undefined) {
			this.#fault("unsupported", told, true);
		} else if (mayOpen(this.#opening)) {
			this.#state = "opening";
		} else {
			if (this.#state === "opening") this.#tellJunk();
			this.#takeJunk(byte);
		}
	}

	/** Takes a byte between values that is not white space: what starts a value ends a run of junk. */
	#takeJunk(byte: number): void {
		this.#spoken = true;
		if (isStart(byte)) {
			this.#start(byte === 0x3c ? "xml" : "json", byte);
		} else if (byte === 0x0a) {
			this.#state = "between";
			this.#told = false;
		} else {
			this.#state = "junk";
			if (!this.#told && this.#utf8.whole) this.#tellJunk();
		}
	}

	#takeXml(byte: number): void {
		const step = this.#xml.push(byte);
		if (step === "done") {
			this.#finish();
		} else if (step === "dtd") {
			this.#fault("malformed", "A DOCTYPE is not read here: send the XML document without it.", true);
		} else if (step === "junk") {
			this.#value.clear();
			this.#tellJunk();
			this.#takeJunk(byte);
		}
	}

	#takeHeader(byte: number): void {
		this.#value.push(byte);
		if (this.#value.length === 2 && byte !== packetMagic[1]) {
			this.#fault("bad_encoding", "These bytes are neither a packet (AE 47 …) nor UTF-8: send UTF-8.", true);
		} else if (this.#value.length === packetHeaderBytes) {
			const header = decodePacketHeader(this.#value.bytes());
			this.#value.clear();
			if (header.ok) {
				this.#header = header.value;
				this.#finishPacket();
			} else {
				// Out of step with a binary stream, nothing that follows can be trusted.
				this.#fault(header.fault.code, header.fault.message, true);
			}
		}
	}

	#finishPacket(): void {
		if (this.#value.length !== this.#header?.length) return;
		if (this.#utf8.whole) this.#finish();
		else this.#fault("bad_encoding", "The body of a packet ends in the middle of a character: send UTF-8.", true);
	}

	#start(format: StreamForm["format"], byte: number): void {
		this.#spoken = true;
		this.#told = false;
		this.#state = format;
		this.#header = undefined;
		this.#value.push(byte);
		if (format === "json") {
			this.#json = new JsonBoundary();
			this.#json.push(byte);
		} else if (format === "xml") {
			this.#xml = new XmlBoundary();
			this.#xml.push(byte);
		}
	}

	/** Keeps a byte of a JSON or XML value, which has no length until it ends. */
	#hold(byte: number): boolean {
		if (this.#value.length < this.#most) {
			this.#value.push(byte);
			return true;
		}
		this.#fault("too_big", `A value is at most ${this.#most} bytes.`, true);
		return false;
	}

	#finish(): void {
		const form = this.#form();
		const text = this.#decoder.decode(this.#value.bytes());
		this.#value.clear();
		const read = form.body === "xml" ? parseXml(text) : parseJson(text);
		const type = this.#header && { type: this.#header.type };
		this.#items.push(read.ok ? { ...form, ...read, ...type } : { ...form, ...read, fatal: false });
		this.#state = "between";
	}

	#tellJunk(): void {
		this.#state = "junk";
		this.#told = true;
		this.#fault(
			"malformed",
			'Send a JSON object, such as {"name": "…", "message": "…"}, an XML document or a packet.',
			false,
		);
	}

	#fault(code: ErrorCode, message: string, fatal: boolean): void {
		this.#items.push({ ...this.#form(), ...fail(code, message), fatal });
		this.#ended ||= fatal;
		if (fatal) this.#value.clear();
	}

	#form(): StreamForm {
		if (this.#state === "xml") return xmlForm;
		if (this.#state === "packet") return { format: "packet", body: this.#header?.body ?? "json" };
		return jsonForm;
	}
}

function isStart(byte: number): boolean {
	// { [ <
	return byte === 0x7b || byte === 0x5b || byte === 0x3c;
}
