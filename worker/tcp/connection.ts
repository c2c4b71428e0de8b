import config from "../../aerogram.config.ts";
import { StreamSplitter } from "../../protocol/codec/stream.ts";
import { limits } from "../../protocol/limits.ts";
import { durationsOf, type Env, isDevMode } from "../env.ts";
import { answer, type Question, readQuestion } from "./answer.ts";
import { lineBytes } from "./reply.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Writer = WritableStreamDefaultWriter<Uint8Array>;

/**
 * Serves one raw TCP connection. A client that stays silent is greeted with one line; one that speaks first gets the
 * answer to what it said and no greeting before it. Values are answered in order, each with one write; a half-closed
 * connection is answered in full.
 */
export async function serveTcp(socket: Socket, env: Env): Promise<void> {
	const reader: Reader = socket.readable.getReader();
	const writer: Writer = socket.writable.getWriter();
	// A client may vanish at any moment; whoever awaits a read or a write learns of it there.
	socket.closed.catch(() => {});
	writer.closed.catch(() => {});
	try {
		// Raw TCP has no Host and no Origin to check, so it is served only while dev mode stands.
		if (isDevMode(env)) await converse(reader, writer, env);
		else await writer.write(lineBytes("Raw TCP is closed on this server."));
		await writer.close();
	} catch {
		// The connection is gone. What was stored stays stored; there is nobody left to tell.
	} finally {
		await socket.close().catch(() => {});
	}
}

async function converse(reader: Reader, writer: Writer, env: Env): Promise<void> {
	const splitter = new StreamSplitter();
	let faultsLeft: number = limits.tcpFaults;
	let read = await firstRead(reader, writer, env);
	for (;;) {
		const items = read.value ? splitter.push(read.value) : splitter.end();
		const questions = upToFaults(items.map(readQuestion), faultsLeft);
		await answerAll(questions, writer, env);
		if (read.done) return;
		faultsLeft -= questions.filter(({ exchanges }) => !exchanges.ok).length;
		if (faultsLeft <= 0 || questions.some(({ fatal }) => fatal)) {
			return drain(reader, writer, durationsOf(env).tcpDrain);
		}
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
async function answerAll(questions: readonly Question[], writer: Writer, env: Env): Promise<void> {
	for (const reply of questions.map((question) => answer(question, env))) await writer.write(await reply);
}

/** Waits for the client's first bytes; greets meanwhile, or at once, as the config says. */
async function firstRead(reader: Reader, writer: Writer, env: Env): Promise<ReadableStreamReadResult<Uint8Array>> {
	const { greeting: when = "auto", wait = durationsOf(env).tcpGreeting } = config.tcp ?? {};
	const first = reader.read();
	if (when === "auto" && (await within(first, wait))) return first;
	if (when !== "never") await writer.write(lineBytes(config.greeting ?? "Welcome to Aerogram"));
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
	return Promise.race([settled, timeout]).finally(() => clearTimeout(timer));
}
