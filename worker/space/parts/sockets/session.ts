import { writeBinaryFrame } from "../../../../protocol/codec/binary-frame.ts";
import { encodeServer } from "../../../../protocol/codec/serving.ts";
import { type ErrorCode, errorRow } from "../../../../protocol/errors.ts";
import { limits } from "../../../../protocol/limits.ts";
import { failureLine } from "../../../../protocol/log.ts";
import type { Fault } from "../../../../protocol/result.ts";
import type { FrameFormat } from "../../../../protocol/subprotocols.ts";
import type { KeptAuthority, KeptCalls, KeptWatch, Receiver } from "../../ports.ts";

/** What a socket is, whoever is on it. */
export interface Connection {
	/** The id the client made for itself. */
	readonly client: string;
	/** The id of this one socket. */
	readonly connection: string;
	/** How its frames are written. Default: JSON. */
	readonly format?: FrameFormat;
	/** It stands for one HTTP request: beside the client's other sockets, not in place of them. */
	readonly held?: true;
	/** With `held`: the poller whose request it is, named by its first connection. Each takes over from the one before. */
	readonly poll?: string;
}

/** Who is on a socket. */
export interface Identity extends Connection {
	/** Whom the token speaks for; `anonymous` in dev mode. Empty while that is not known. */
	readonly principal: string;
}

/** What a socket still knows after the object slept: small, because the platform holds at most 16 KiB of it. */
export interface Kept extends KeptCalls {
	/** The numbers of the channels it is subscribed to. */
	readonly channels: readonly number[];
	/** … of those whose members it watches, … */
	readonly members: readonly number[];
	/** … and of those whose occupancy it watches. */
	readonly occupancy: readonly number[];
	/** The records it watches. */
	readonly watches: readonly KeptWatch[];
	/** When it last gave a sign of life that the platform does not note, milliseconds since 1970: up to `heardEvery` before. */
	readonly heard: number;
	/** Whether it ever sent a frame. */
	readonly spoke: boolean;
	/** What it may do. Absent while it is not known who is on it. */
	readonly authority?: KeptAuthority;
	/** Until when it may say who that is, in milliseconds since 1970. */
	readonly waits?: number;
}

/** What of `Kept` an attachment of an earlier version lacks. */
type Later = Exclude<keyof Kept, "channels">;

/** What a socket keeps while the object sleeps. An earlier version wrote each watch as what it is. */
export type Attachment = Identity &
	Omit<Kept, Later> &
	Partial<Pick<Kept, Exclude<Later, "watches">>> & { readonly watches?: readonly (PackedWatch | KeptWatch)[] };

/** A watch without the names of its fields, which would be written with each: the attachment must hold as many as there may be. */
type PackedWatch = readonly [collection: number, prefix: string | null, id: string | null];

/** A watch as an attachment has it. */
export function unpackWatch(watch: PackedWatch | KeptWatch): KeptWatch {
	if (!isPacked(watch)) return watch;
	const [collection, prefix, id] = watch;
	return { collection, ...(prefix !== null && { prefix }), ...(id !== null && { id }) };
}

function isPacked(watch: PackedWatch | KeptWatch): watch is PackedWatch {
	return Array.isArray(watch);
}

/** The part of the platform's WebSocket that a session uses. */
export interface Socket {
	/** Bytes that were sent and that the network has not taken yet, where the platform tells. */
	readonly bufferedAmount?: number;
	send(message: string | ArrayBufferView): void;
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

/** Frames by their JSON text, as they were sent as MessagePack: a fan-out makes each of them once. */
export type PackedFrames = Map<string, ArrayBufferView | string>;

/** One socket and what is about to leave on it. What is written in one turn leaves as one frame. */
export class Session implements Receiver {
	readonly socket: Socket;
	readonly identity: Identity;
	/** Whose it is, as a receiver says it. */
	readonly client: string;
	/** Its publishes that are not answered yet, and those that were refused for its rate since the last that was not. */
	readonly publishes = { unanswered: 0, refused: 0 };
	readonly #host: SessionHost;
	#kept: Kept;
	#heard: number;
	#envelopes: string[] = [];
	#closed = false;

	/** `kept` is what it knew before the object slept. */
	constructor(socket: Socket, identity: Identity, host: SessionHost, kept: Kept) {
		this.socket = socket;
		this.identity = identity;
		this.client = `${identity.principal}\n${identity.client}`;
		this.#host = host;
		this.#kept = kept;
		this.#heard = kept.heard;
	}

	/** When it last gave a sign of life that the platform does not note: it connected, or sent a frame. */
	get heard(): number {
		return this.#heard;
	}

	/** Notes that it sent a frame; for after the object's sleep only where it is the first, or the last note is older than `every`. */
	hear(now: number, every: number): void {
		this.#heard = now;
		if (!this.#kept.spoke || now - this.#kept.heard > every) this.remember({ heard: now, spoke: true });
	}

	/** Whether it was closed from here: nothing that it said is to be done any more, for nobody would take it off again. */
	get over(): boolean {
		return this.#closed;
	}

	get unsent(): number {
		return this.socket.bufferedAmount ?? 0;
	}

	/** What it will still know after the object slept. */
	get kept(): Kept {
		return this.#kept;
	}

	write(envelope: string): void {
		if (this.#closed) return;
		if (this.#envelopes.length === 0) this.#host.wantsToSend(this);
		this.#envelopes.push(envelope);
	}

	/**
	 * Sends what was written since the last time: one frame, or more where it would hold more than `most` envelopes. `packed`
	 * holds the MessagePack of frames that others were sent in the same turn.
	 */
	send(packed: PackedFrames = new Map(), most: number = limits.frameEnvelopes): void {
		const envelopes = this.#envelopes;
		this.#envelopes = [];
		for (let from = 0; from < envelopes.length; from += most) {
			const some = envelopes.slice(from, from + most);
			const frame = some.length === 1 ? (some[0] ?? "") : `[${some.join(",")}]`;
			try {
				this.socket.send(this.identity.format === "msgpack" ? pack(frame, packed) : frame);
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

	/** Answers what cannot be done. */
	refuse(ref: number | undefined, fault: Fault): void {
		this.write(encodeServer({ type: "error", ...(ref !== undefined && { ref }), ...fault }));
	}

	/**
	 * Notes for the next wake what has changed of what it must still know then. On a closed one it does nothing. One that has
	 * more to keep than the platform keeps is closed: whoever else is concerned must not notice.
	 */
	remember(changed: Partial<Kept>): void {
		this.#kept = { ...this.#kept, ...changed };
		if (this.#closed) return;
		const watches = this.#kept.watches.map(
			({ collection, prefix = null, id = null }) => [collection, prefix, id] as const,
		);
		try {
			this.socket.serializeAttachment({ ...this.identity, ...this.#kept, watches } satisfies Attachment);
		} catch (error) {
			console.error(failureLine("socket", error));
			this.close("internal");
		}
	}
}

function pack(frame: string, packed: PackedFrames): ArrayBufferView | string {
	const known = packed.get(frame) ?? writeBinaryFrame(frame);
	packed.set(frame, known);
	return known;
}
