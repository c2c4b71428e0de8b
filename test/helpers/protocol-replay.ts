import { createConnection, type Socket } from "node:net";
import { decodePacketHeader, packetHeaderBytes } from "../../protocol/codec/packet.ts";
import { parseXml } from "../../protocol/codec/xml.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { Comparison, type Fence, readSteps, type Step } from "./protocol-blocks.ts";
import type { LocalServer } from "./server.ts";

/** How long the next word of a server may take, in milliseconds. */
const patience = 10_000;
/** The space that the page's examples name, … */
export const pageSpace = "/v1/spaces/team-42";
/** … and the client. */
const pageClient = "k7Qm2x9Zb4";

/** What was said and is waited for, one after another. */
class Heard<Word> {
	readonly #words: Word[] = [];
	#wake: () => void = () => {};

	add(...words: readonly Word[]): void {
		this.#words.push(...words);
		this.#wake();
	}

	/** The next word. Rejects after `patience`. */
	async next(): Promise<Word> {
		if (this.#words.length === 0) {
			await new Promise<void>((resolve, reject) => {
				const timer = setTimeout(() => reject(new Error(`nothing came within ${patience} ms`)), patience);
				this.#wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
		return this.#words.shift() as Word;
	}
}

/** One socket of a conversation: envelopes one at a time, whichever frame they came in, and its close as `close 4203`. */
class Ear {
	readonly #socket: WebSocket;
	readonly #heard = new Heard<string>();

	constructor(url: string) {
		this.#socket = new WebSocket(url, "aerogram.v1");
		this.#socket.onmessage = ({ data }: MessageEvent<string>) => {
			if (data === "pong") this.#heard.add(data);
			else this.#heard.add(...[JSON.parse(data) as Json].flat().map((envelope) => JSON.stringify(envelope)));
		};
		this.#socket.onclose = ({ code }) => this.#heard.add(`close ${code}`);
	}

	async send(frame: string): Promise<void> {
		if (this.#socket.readyState === WebSocket.CONNECTING) {
			await new Promise((resolve) => this.#socket.addEventListener("open", resolve));
		}
		this.#socket.send(frame);
	}

	next(): Promise<string> {
		return this.#heard.next();
	}

	/** Closes it, and proves that the server had nothing more to say: what comes next answers a last question. */
	async finish(): Promise<void> {
		const ref = Number.MAX_SAFE_INTEGER;
		await this.send(`{"t":"unsub","ref":${ref},"ch":"the:end"}`);
		const last = await this.next();
		if (last !== `{"t":"ok","ref":${ref}}`) throw new Error(`the server said more than the page says: ${last}`);
		this.#socket.close();
		await this.next();
	}
}

/** Plays a conversation of the page with a server, in a space of its own. Rejects where the server says something else. */
export async function replay(fence: Fence, server: LocalServer, space: string): Promise<void> {
	const comparison = new Comparison();
	const ears = new Map<number, Ear>();
	const here = (path: string) => path.replace(pageSpace, `/v1/spaces/${space}`);
	const url = new URL(here(`${pageSpace}/socket?client=${pageClient}`), server.socketUrl);
	for (const step of readSteps(fence)) {
		await named(step, async () => {
			if (step.mark === "!") return request(server.url, here(comparison.fill(step.text)));
			const number = step.mark.length;
			const ear = ears.get(number) ?? new Ear(String(url));
			ears.set(number, ear);
			if (step.text.startsWith("close")) ears.delete(number);
			if (step.text === "close") return ear.finish();
			if (step.mark.startsWith(">")) return ear.send(comparison.fill(step.text));
			compare(comparison, step, await ear.next());
		});
	}
	for (const ear of ears.values()) await ear.finish();
}

/** Sends somebody's request: `METHOD path body -> status code`. Rejects where it is answered otherwise. */
export async function request(url: string, line: string): Promise<void> {
	const found = /^([A-Z]+) (\S+)(?: (.+))? -> (\d+)(?: (\w+))?$/.exec(line);
	if (!found) throw new Error("a request reads METHOD path body -> status code");
	const [, method = "", path, body, status, code] = found;
	const headers = { "content-type": "application/json" };
	const response = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
	const text = await response.text();
	if (response.status !== Number(status)) throw new Error(`the answer is ${response.status} ${text}`);
	if (code !== undefined && (JSON.parse(text) as { code?: string }).code !== code) throw new Error(`it is ${text}`);
}

/** Plays a conversation over one raw TCP connection: lines, or packets where they start with the ten bytes of a header. */
export async function replayTcp(fence: Fence, server: LocalServer): Promise<void> {
	const socket = createConnection(server.tcp);
	const heard = new Heard<Buffer | "close">();
	socket.on("data", (bytes: Buffer) => heard.add(bytes));
	socket.on("end", () => heard.add("close"));
	socket.on("error", () => heard.add("close"));
	const comparison = new Comparison();
	let closed = false;
	let rest = Buffer.alloc(0);
	const take = async (end: () => number): Promise<Buffer | "close"> => {
		while (end() <= 0) {
			const bytes = await heard.next();
			if (bytes === "close") return rest.length === 0 ? bytes : Promise.reject(new Error(`cut after ${rest}`));
			rest = Buffer.concat([rest, bytes]);
		}
		const taken = rest.subarray(0, end());
		rest = rest.subarray(end());
		return taken;
	};
	const lineEnd = () => (rest.includes("\r\n") ? rest.indexOf("\r\n") + 2 : 0);
	const packetEnd = () => {
		const header = decodePacketHeader(rest);
		return header.ok && rest.length >= packetHeaderBytes + header.value.length
			? packetHeaderBytes + header.value.length
			: 0;
	};
	for (const step of readSteps(fence)) {
		await named(step, async () => {
			const packet = readPacket(step.text);
			if (step.mark === ">") return write(socket, packet ? packet.bytes : unescapeBytes(step.text));
			const word = await take(packet ? packetEnd : lineEnd);
			closed = word === "close";
			if (word === "close" || !packet) return compare(comparison, step, String(word).trimEnd());
			// What the header says beside the length, which is that of an answer whose words may change.
			if (!word.subarray(0, 6).equals(packet.bytes.subarray(0, 6)))
				throw new Error(`its header is ${word.toString("hex")}`);
			compare(comparison, { ...step, text: packet.body }, word.toString("utf8", packetHeaderBytes));
		});
	}
	if (!closed) {
		// The connection is still open, and the server had nothing more to say: what comes next answers a last question.
		await write(socket, Buffer.from("{}"));
		const last = String(await take(lineEnd));
		if (!last.includes('"bad_request"')) throw new Error(`the server said more than the page says: ${last}`);
	}
	socket.destroy();
}

/** A packet as the page writes it: its header byte by byte, then its body. */
export function readPacket(text: string): { readonly bytes: Buffer; readonly body: string } | undefined {
	const found = /^((?:[0-9a-f]{2} ){10})(.*)$/.exec(text);
	if (!found) return undefined;
	const [, header = "", body = ""] = found;
	return { bytes: Buffer.concat([Buffer.from(header.replaceAll(" ", ""), "hex"), Buffer.from(body)]), body };
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
	await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
}

/** Text as UTF-8; `\xNN` is one byte, as JSON and XML never write it. */
function unescapeBytes(text: string): Buffer {
	const parts = text.split(/(\\x[0-9a-f]{2})/);
	return Buffer.concat(parts.map((part, index) => (index % 2 ? Buffer.from(part.slice(2), "hex") : Buffer.from(part))));
}

/** JSON and XML are compared as values. Other lines are exact, but for a greeting: its words are for people. */
function compare(comparison: Comparison, step: Step | { readonly text: string }, actual: string): void {
	const expected = readValue(step.text);
	const value = readValue(actual);
	if (expected !== undefined && value !== undefined) {
		const different = comparison.difference(expected, value);
		if (different !== undefined) throw new Error(different);
		return;
	}
	const greeting = expected === undefined && value === undefined && !/^(?:pong|close\b)/.test(step.text + actual);
	if (step.text !== actual && !greeting) throw new Error(`the server says ${actual}, the page says ${step.text}`);
}

function readValue(text: string): Json | undefined {
	if (text.startsWith("<")) {
		const read = parseXml(text);
		return read.ok ? read.value : undefined;
	}
	return /^[{[]/.test(text) ? (JSON.parse(text) as Json) : undefined;
}

/** Does the work of a step; says in an error which line of the page that is. */
export async function named(step: Step, work: () => Promise<void> | void): Promise<void> {
	try {
		await work();
	} catch (error) {
		throw new Error(`line ${step.number} of the page: ${error instanceof Error ? error.message : error}`, {
			cause: error,
		});
	}
}
