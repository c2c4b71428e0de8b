import { StreamSplitter } from "../../protocol/codec/stream.ts";
import { limits } from "../../protocol/limits.ts";
import { answer, type Question, readQuestion } from "./answer.ts";
import { lineBytes } from "./reply.ts";
import { type Authenticate, Speaker, type StoreExchanges } from "./speaker.ts";

/** What a read gave: bytes, or the end of what the client sends. */
interface Piece {
	readonly done: boolean;
	readonly value?: Uint8Array | undefined;
}

/** The two ways of a connection, as the reader and the writer of web streams are. Each rejects when it is gone. */
export interface TcpStreams {
	readonly reader: { read(): Promise<Piece>; cancel(): Promise<unknown> };
	/** `write` resolves when more may be written; `close` ends this way alone. */
	readonly writer: { write(bytes: Uint8Array): Promise<unknown>; close(): Promise<unknown> };
}

/** How connections are served. */
export interface TcpService {
	/** What greets: one line. */
	readonly greeting: string;
	/** `auto`: who stays silent for `wait` is greeted, who speaks first is not. */
	readonly greet: "auto" | "always" | "never";
	/** Milliseconds. */
	readonly wait: number;
	/** How long it reads on after a last word, in milliseconds. */
	readonly drain: number;
	readonly store: StoreExchanges;
	/** Where it has to be shown first who speaks: what takes that, and how long it is waited for, in milliseconds. */
	readonly door?: { readonly authenticate: Authenticate; readonly patience: number };
}

/**
 * Serves one raw TCP connection, and ends its own way of it. A client that stays silent is greeted with one line; one that
 * speaks first gets the answer to what it said and no greeting before it. Values are answered in order, each with one
 * write; a half-closed connection is answered in full. Never rejects.
 */
export async function serveConnection({ reader, writer }: TcpStreams, service: TcpService): Promise<void> {
	const speaker = new Speaker(service.store, service.door?.authenticate);
	const patience =
		service.door && setTimeout(() => speaker.known || reader.cancel().catch(() => {}), service.door.patience);
	try {
		await converse(reader, writer, service, speaker);
		await writer.close();
	} catch {
		// The connection is gone. What was stored stays stored; there is nobody left to tell.
	} finally {
		if (patience !== undefined) clearTimeout(patience);
	}
}

type Reader = TcpStreams["reader"];
type Writer = TcpStreams["writer"];

async function converse(reader: Reader, writer: Writer, service: TcpService, speaker: Speaker): Promise<void> {
	const splitter = new StreamSplitter();
	let faultsLeft: number = limits.tcpFaults;
	let read = await firstRead(reader, writer, service);
	for (;;) {
		const items = read.value ? splitter.push(read.value) : splitter.end();
		const questions = upToFaults(items.map(readQuestion), faultsLeft);
		await answerAll(questions, writer, speaker);
		if (read.done) return;
		faultsLeft -= questions.filter(({ exchanges }) => !exchanges.ok).length;
		if (speaker.over || faultsLeft <= 0 || questions.some(({ fatal }) => fatal))
			return drain(reader, writer, service.drain);
		read = await reader.read();
	}
}

/** The questions up to the one that is a fault too many: one chunk of junk may hold thousands. */
function upToFaults(questions: readonly Question[], most: number): readonly Question[] {
	let faults = 0;
	const last = questions.findIndex(({ exchanges }) => {
		if (!exchanges.ok) faults += 1;
		return faults === most;
	});
	return last === -1 ? questions : questions.slice(0, last + 1);
}

/** All requests leave before the first answer is awaited, so that a burst of values shares one flush. */
async function answerAll(questions: readonly Question[], writer: Writer, speaker: Speaker): Promise<void> {
	for (const reply of questions.map((question) => answer(question, speaker))) await writer.write(await reply);
}

/** Waits for the client's first bytes; greets meanwhile, or at once. */
async function firstRead(reader: Reader, writer: Writer, { greeting, greet, wait }: TcpService): Promise<Piece> {
	const first = reader.read();
	if (greet === "auto" && (await within(first, wait))) return first;
	if (greet !== "never") await writer.write(lineBytes(greeting));
	return first;
}

/**
 * After a last word: ends our side and reads on for a moment. Closing with bytes unread would reset the connection, and
 * the client would lose the very line that says what was wrong.
 */
async function drain(reader: Reader, writer: Writer, most: number): Promise<void> {
	await writer.close();
	const rest = (async () => {
		while (!(await reader.read()).done);
	})();
	await within(rest, most);
	await reader.cancel();
}

/** Whether a promise settles within `most` milliseconds. */
async function within(promise: Promise<unknown>, most: number): Promise<boolean> {
	let timer: ReturnType<typeof setTimeout> | null = null;
	const timeout = new Promise<boolean>((resolve) => {
		timer = setTimeout(() => resolve(false), most);
	});
	const settled = promise.then(
		() => true,
		() => true,
	);
	return Promise.race([settled, timeout]).finally(() => timer !== null && clearTimeout(timer));
}
