import { AerogramError } from "../errors.ts";
import type { Transport, TransportEvents, TransportFactory } from "./port.ts";

/** The part of a WebSocket that the SDK uses: what browsers, Node, workerd and the package `ws` all have. */
export interface WebSocketLike {
	binaryType: string;
	send(data: string): void;
	close(code?: number, reason?: string): void;
	addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
	addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
	addEventListener(type: "error", listener: () => void): void;
}

/** A class of WebSockets. */
export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

/** RFC 6455 section 1.9: the version of the protocol, agreed on in the handshake. */
const subprotocol = "aerogram.v1";

/**
 * Makes transports over WebSockets of the given class, or the platform's own. The transport throws `no_websocket` when it
 * is opened and there is neither.
 */
export function webSocketTransports(given: WebSocketConstructor | undefined): TransportFactory {
	return (url) => {
		const WebSocket = given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
		if (WebSocket) return new WebSocketTransport(url, WebSocket);
		throw new AerogramError(
			"no_websocket",
			"This platform has no WebSocket (Node has one from 22 on). Pass one in: new Aerogram(url, { WebSocket }).",
		);
	};
}

class WebSocketTransport implements Transport {
	readonly #url: string;
	readonly #WebSocket: WebSocketConstructor;
	#socket: WebSocketLike | undefined;
	#over = false;

	constructor(url: string, WebSocket: WebSocketConstructor) {
		this.#url = url;
		this.#WebSocket = WebSocket;
	}

	open(events: TransportEvents): void {
		const socket = new this.#WebSocket(this.#url, subprotocol);
		this.#socket = socket;
		// Browsers and workerd hand over a Blob by default, which cannot be read in order.
		socket.binaryType = "arraybuffer";
		socket.addEventListener("message", ({ data }) => {
			if (!this.#over && typeof data === "string") events.received(data);
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
		this.#socket?.send(text);
	}

	close(): void {
		this.#over = true;
		this.#socket?.close(1000);
	}
}
