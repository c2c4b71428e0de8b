import { createConnection, type Socket } from "node:net";
import { durations } from "../../protocol/limits.ts";
import { type Clock, systemClock, Timer } from "../clock.ts";
import { AerogramError, toAerogramError } from "../errors.ts";
import { withSignals } from "../signals.ts";
import { TcpConnection } from "./tcp-connection.ts";
import type { TcpFormat } from "./tcp-writer.ts";

/** What can be said of a raw TCP connection. Every option has a default. */
export interface TcpOptions {
	/**
	 * How values are written: as a line of JSON, as a line of XML, or as a packet with a JSON body. What arrives is told
	 * apart by its first byte, whatever this says.
	 * @default "json"
	 */
	readonly format?: TcpFormat | undefined;
	/**
	 * The encoding of what the server sends, by its label in the Encoding Standard, such as `gbk`. JSON is then written in
	 * ASCII, which every encoding holds; the other formats are UTF-8 only.
	 * @default "utf-8"
	 */
	readonly encoding?: string | undefined;
	/**
	 * Milliseconds that connecting, a greeting or an answer may take.
	 * @default 10000
	 */
	readonly timeout?: number | undefined;
	/** Ends the connection, or the attempt; whoever waits then gets the signal's reason. */
	readonly signal?: AbortSignal | undefined;
	/**
	 * Where the time is read and timers are set.
	 * @default the machine's
	 */
	readonly clock?: Clock | undefined;
}

/**
 * Connects to a raw TCP server: Aerogram's own port, or any that speaks in lines, JSON, XML or packets. Rejects with an
 * `AerogramError`: `network` where nobody listens, `timeout`, `bad_request` for a port or an encoding that is none; with
 * the signal's reason when that is aborted.
 */
export async function connect(host: string, port: number, options: TcpOptions = {}): Promise<TcpConnection> {
	const { format = "json", timeout = durations.answer, clock = systemClock, signal } = options;
	const encoding = readEncoding(options.encoding ?? "utf-8", format);
	const late = new AbortController();
	const timer = new Timer(clock);
	timer.start(timeout, () => late.abort(new AerogramError("timeout", `${host}:${port} did not answer in time.`)));
	try {
		const socket = await withSignals([signal, late.signal], (either) => open(host, port, either));
		return new TcpConnection(socket, { format, encoding, timeout, clock, durations, signal });
	} finally {
		timer.stop();
	}
}

function readEncoding(label: string, format: TcpFormat): string {
	try {
		const { encoding } = new TextDecoder(label);
		if (encoding === "utf-8" || format === "json") return encoding;
	} catch (thrown) {
		throw toAerogramError(thrown, "bad_request");
	}
	throw new AerogramError("bad_request", `With the format ${format}, the encoding is UTF-8.`);
}

/** Resolves to a socket that is connected and paused: what arrives waits for its listeners. */
async function open(host: string, port: number, signal: AbortSignal): Promise<Socket> {
	signal.throwIfAborted();
	const socket = start(host, port);
	try {
		await new Promise<void>((resolve, reject) => {
			signal.addEventListener("abort", () => reject(signal.reason));
			socket.once("connect", resolve);
			socket.once("error", (cause) => {
				reject(new AerogramError("network", `Nobody can be reached at ${host}:${port}.`, { cause }));
			});
		});
		return socket;
	} catch (thrown) {
		socket.destroy();
		throw thrown;
	} finally {
		socket.removeAllListeners();
	}
}

function start(host: string, port: number): Socket {
	try {
		return createConnection({ host, port, noDelay: true });
	} catch (thrown) {
		throw toAerogramError(thrown, "bad_request");
	}
}
