import { subprotocols } from "../../protocol/subprotocols.ts";
import { AerogramError } from "../errors.ts";
import { LateTransport } from "./late.ts";
import type { Transport, TransportEvents, TransportFactory } from "./port.ts";

/** The part of a WebSocket that the SDK uses: what browsers, Node, workerd and the package `ws` all have. */
export interface WebSocketLike {
	binaryType: string;
	send(data: string | ArrayBufferView<ArrayBuffer>): void;
	close(code?: number, reason?: string): void;
	addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
	addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
	addEventListener(type: "error", listener: () => void): void;
}

/** A class of WebSockets. */
export type WebSocketConstructor = new (url: string, protocols: string | string[]) => WebSocketLike;

/** How frames are written on a WebSocket, in place of JSON text. `aerogram/msgpack` has one. */
export interface FrameCodec {
	/** What is agreed on in the handshake (RFC 6455, section 1.9). */
	readonly subprotocol: string;
	/** Writes a frame, given as its JSON text. */
	encode(text: string): string | ArrayBufferView<ArrayBuffer>;
	/** Reads a binary frame as its JSON text, or as an empty one where it is none: the connection then gives up. */
	decode(bytes: Uint8Array): string;
}

/** The class that is given, else the platform's own, if it has one. */
export function findWebSocket(given: WebSocketConstructor | undefined): WebSocketConstructor | undefined {
	return given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
}

/**
 * Makes transports over WebSockets of the given class, or the platform's own. Throws `no_websocket` where there is neither.
 * A token goes as a subprotocol, because a browser's WebSocket takes no header.
 */
export function webSocketTransports(
	given: WebSocketConstructor | undefined,
	codec: FrameCodec | undefined,
	token: (() => Promise<string>) | undefined,
): TransportFactory {
	return (url) => {
		const WebSocket = findWebSocket(given);
		if (!WebSocket) {
			throw new AerogramError(
				"no_websocket",
				"This platform has no WebSocket (Node has one from 22 on). Pass one in, or leave out the transport.",
			);
		}
		const make = (protocols: string | string[]) => new WebSocketTransport(url, WebSocket, codec, protocols);
		const format = codec?.subprotocol ?? subprotocols.json;
		return token ? new LateTransport(async () => make([format, `bearer.${await token()}`])) : make(format);
	};
}

class WebSocketTransport implements Transport {
	readonly #url: string;
	readonly #WebSocket: WebSocketConstructor;
	readonly #codec: FrameCodec | undefined;
	readonly #protocols: string | string[];
	#socket: WebSocketLike | undefined;
	#over = false;

	constructor(
		url: string,
		WebSocket: WebSocketConstructor,
		codec: FrameCodec | undefined,
		protocols: string | string[],
	) {
		this.#url = url;
		this.#WebSocket = WebSocket;
		this.#codec = codec;
		this.#protocols = protocols;
	}

	open(events: TransportEvents): void {
		const socket = new this.#WebSocket(this.#url, this.#protocols);
		this.#socket = socket;
		// Browsers and workerd hand over a Blob by default, which cannot be read in order.
		socket.binaryType = "arraybuffer";
		socket.addEventListener("message", ({ data }) => {
			if (this.#over) return;
			if (typeof data === "string") events.received(data);
			else if (this.#codec) events.received(this.#codec.decode(new Uint8Array(data as ArrayBuffer)));
		});
		socket.addEventListener("close", ({ code, reason }) => {
			if (this.#over) return;
			this.#over = true;
			events.closed(code, reason);
		});
		// A close event follows every error and says more. The listener stays for good: `ws` throws errors nobody listens to.
		socket.addEventListener("error", () => {});
	}

	send(text: string): void {
		// The runtime answers a text "ping" without waking anything, whatever the frames are written in.
		this.#socket?.send(this.#codec && text !== "ping" ? this.#codec.encode(text) : text);
	}

	close(): void {
		this.#over = true;
		this.#socket?.close(1000);
	}
}
