import type { Transport, TransportEvents } from "./port.ts";

/** A transport that something must be had for first: its code, or a token. What cannot be had is a lost connection. */
export class LateTransport implements Transport {
	readonly #make: () => Promise<Transport>;
	#transport: Transport | undefined;
	#over = false;

	constructor(make: () => Promise<Transport>) {
		this.#make = make;
	}

	open(events: TransportEvents): void {
		this.#make()
			.then((transport) => {
				if (this.#over) return;
				this.#transport = transport;
				transport.open(events);
			})
			.catch((thrown) => {
				if (!this.#over) events.closed(1006, `It could not be opened: ${thrown}`);
			});
	}

	send(text: string): void {
		this.#transport?.send(text);
	}

	close(): void {
		this.#over = true;
		this.#transport?.close();
	}
}
