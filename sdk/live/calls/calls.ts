import type { LiveNews } from "../../../protocol/envelopes.ts";
import type { CallHandler, CallOptions, ServeOptions } from "../../call-options.ts";
import type { AerogramError } from "../../errors.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { LiveLink } from "../live-link.ts";
import type { LivePart } from "../part.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";

/** The calls of a space: those that this client makes, and those that it serves. */
export class Calls implements LivePart {
	readonly #outgoing: Outgoing;
	readonly #incoming: Incoming;

	constructor(link: LiveLink) {
		this.#outgoing = new Outgoing(link);
		this.#incoming = new Incoming(link);
	}

	/** Calls a service; resolves to the reply. */
	call(service: string, input: Snapshot, options: CallOptions): Promise<unknown> {
		return this.#outgoing.call(service, input, options);
	}

	/** Serves a service until `closing` is aborted; resolves when calls can come. */
	serve(service: string, handler: CallHandler, options: ServeOptions, closing: AbortSignal): Promise<void> {
		return this.#incoming.serve(service, handler, options, closing);
	}

	up(): void {
		this.#outgoing.up();
		this.#incoming.up();
	}

	down(): void {
		this.#incoming.down();
	}

	end(error: AerogramError): void {
		this.#outgoing.end(error);
		this.#incoming.end(error);
	}

	news(news: LiveNews): void {
		switch (news.type) {
			case "call":
				return this.#incoming.handed(news);
			case "call-cancelled":
				return this.#incoming.cancelled(news.id);
			case "progress-told":
				return this.#outgoing.progress(news.id, news.progress);
			case "result":
				return this.#outgoing.result(news);
		}
	}
}
