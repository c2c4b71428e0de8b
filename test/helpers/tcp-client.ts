import { once } from "node:events";
import { connect, type Socket } from "node:net";
import config from "../../aerogram.config.ts";
import { checkConversation } from "./openapi/raw-answer.ts";
import { sawCodes } from "./seen-codes.ts";

/** What a connection is told that says nothing at first. */
export const greetingLine = `${config.greeting}\r\n`;

/** A raw TCP connection that a test reads piece by piece. */
export interface TcpClient {
	readonly socket: Socket;
	/** Resolves when all of it was handed to the system. */
	send(data: string | Uint8Array): Promise<void>;
	/** What the next read of the socket gives, in one piece; empty when the server has ended. Rejects after 10 s. */
	read(): Promise<Buffer>;
	/** The same, but for the greeting: who is silent for a moment is greeted, and on a busy machine a test may be. */
	readAnswer(): Promise<Buffer>;
	/** Everything until the server ends. */
	rest(): Promise<string>;
	/** Says that nothing more will be sent, and goes on reading. */
	end(): void;
	[Symbol.dispose](): void;
}

/** Connects. A port is that of raw TCP or of HTTP: nothing is sent but what the test sends. */
export async function connectTcp(address: { readonly host: string; readonly port: number }): Promise<TcpClient> {
	const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
	await once(socket, "connect");
	const pieces: Buffer[] = [];
	let sent = "";
	let ended = false;
	let wake = () => {};
	socket.on("data", (piece: Buffer) => {
		sawCodes(piece.toString());
		pieces.push(piece);
		wake();
	});
	const end = () => {
		ended = true;
		wake();
	};
	socket.on("end", end).on("close", end);
	// A server may close while we still write; what it said before is what a test looks at.
	socket.on("error", end);

	async function read(): Promise<Buffer> {
		if (pieces.length === 0 && !ended) {
			let timer: NodeJS.Timeout | undefined;
			await new Promise<void>((resolve, reject) => {
				wake = resolve;
				timer = setTimeout(() => reject(new Error("the server sent nothing for 10 s")), 10_000);
			}).finally(() => clearTimeout(timer));
		}
		return pieces.shift() ?? Buffer.alloc(0);
	}

	return {
		socket,
		send: (data) => {
			// What HTTP there is, stands at the beginning.
			if (typeof data === "string" && sent.length < 4_096) sent += data;
			return new Promise((resolve) => socket.write(data, () => resolve()));
		},
		read,
		async readAnswer() {
			const piece = await read();
			return piece.toString() === greetingLine ? read() : piece;
		},
		async rest() {
			const all: Buffer[] = [];
			for (let piece = await read(); piece.length > 0; piece = await read()) all.push(piece);
			const text = Buffer.concat(all).toString();
			checkConversation(address.port, sent, text);
			return text;
		},
		end: () => void socket.end(),
		[Symbol.dispose]: () => void socket.destroy(),
	};
}

/** One exchange in JSON, as raw TCP takes it. */
export function exchangeText(name: string, message = "hi"): string {
	return JSON.stringify({ name, message });
}

/** The answer in a line of JSON; fails unless the bytes are exactly one line. */
export function readLine(bytes: Buffer | string): { status: string; code?: string; message: string } {
	const line = bytes.toString();
	if (!/^[^\r\n]+\r\n$/.test(line)) throw new Error(`not one line: ${JSON.stringify(line)}`);
	return JSON.parse(line) as { status: string; code?: string; message: string };
}
