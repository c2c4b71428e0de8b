/** What a transport tells its connection. */
export interface TransportEvents {
	/** A text frame came. */
	received(text: string): void;
	/** It is over, or never began. Called once, and nothing after it. `code` is a WebSocket close code. */
	closed(code: number, reason: string): void;
}

/** One way to one space, used once. Another kind of transport is these three methods and nothing more. */
export interface Transport {
	/** Begins to connect. Throws only what no second attempt can mend. Calls no event before it has returned. */
	open(events: TransportEvents): void;
	/** Sends one text frame. Called only after something was received. */
	send(text: string): void;
	/** Ends it at once, without waiting for the other side. No event follows. */
	close(): void;
}

/** Makes a transport to a socket URL (`ws:` or `wss:`). */
export type TransportFactory = (url: string) => Transport;
