import { encodeServer } from "../../../../protocol/codec/envelope.ts";
import { type ErrorCode, errorRow } from "../../../../protocol/errors.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { Receiver } from "../../ports.ts";

/** Who is on a socket. */
export interface Identity {
	/** Whom the token speaks for; `anonymous` in dev mode. */
	readonly principal: string;
	/** The id the client made for itself. */
	readonly client: string;
	/** The id of this one socket. */
	readonly connection: string;
}

/** What a socket keeps while the object sleeps. The platform holds at most 16 KiB; a hundred numbers are far below. */
export interface Attachment extends Identity {
	/** The numbers of the channels it is subscribed to. */
	readonly channels: readonly number[];
}

/** The part of the platform's WebSocket that a session uses. */
export interface Socket {
	send(message: string): void;
	close(code?: number, reason?: string): void;
	serializeAttachment(attachment: unknown): void;
	deserializeAttachment(): unknown;
}

/** Whom a session tells of itself. */
export interface SessionHost {
	/** It has something to send in this turn. */
	wantsToSend(session: Session): void;
	/** It was closed from here. Its client may take long to answer, or never do; what it still sends is not heard. */
	closed(session: Session): void;
}

/** One socket and what is about to leave on it. What is written in one turn leaves as one frame. */
export class Session implements Receiver {
	readonly socket: Socket;
	readonly identity: Identity;
	readonly #host: SessionHost;
	#envelopes: string[] = [];
	#closed = false;

	constructor(socket: Socket, identity: Identity, host: SessionHost) {
		this.socket = socket;
		this.identity = identity;
		this.#host = host;
	}

	write(envelope: string): void {
		if (this.#closed) return;
		if (this.#envelopes.length === 0) this.#host.wantsToSend(this);
		this.#envelopes.push(envelope);
	}

	/** Sends what was written since the last time: one frame, or more where it would hold too many envelopes. */
	send(): void {
		const envelopes = this.#envelopes;
		this.#envelopes = [];
		for (let from = 0; from < envelopes.length; from += limits.frameEnvelopes) {
			const some = envelopes.slice(from, from + limits.frameEnvelopes);
			try {
				this.socket.send(some.length === 1 ? (some[0] ?? "") : `[${some.join(",")}]`);
			} catch {
				// It closed under our hands. Its close event takes it off; the others must still get theirs.
				return;
			}
		}
	}

	close(code: ErrorCode): void {
		if (this.#closed) return;
		const { close = 1011, title } = errorRow(code);
		this.write(encodeServer({ type: "bye", code, message: title }));
		this.send();
		this.#closed = true;
		this.#host.closed(this);
		try {
			// A wake may still find the socket closing; without an attachment it is nobody's.
			this.socket.serializeAttachment(null);
			this.socket.close(close, title);
		} catch {
			// Already closing.
		}
	}

	/** Notes for the next wake which channels this socket is subscribed to. */
	remember(channels: readonly number[]): void {
		this.socket.serializeAttachment({ ...this.identity, channels } satisfies Attachment);
	}
}
