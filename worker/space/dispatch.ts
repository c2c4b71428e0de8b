import { tokenLimits } from "../../protocol/auth-limits.ts";
import { readBinaryFrame } from "../../protocol/codec/binary-frame.ts";
import { exceedsBytes } from "../../protocol/codec/json.ts";
import { type Decoded, decodeClientFrame } from "../../protocol/codec/serving.ts";
import type { ClientEnvelope } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import type { Fault } from "../../protocol/result.ts";
import { subprotocols } from "../../protocol/subprotocols.ts";
import { isRepeatable } from "./needs.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Permits } from "./permits.ts";

/** Who takes envelopes of some types. */
export interface EnvelopeHandler {
	/**
	 * Takes one; false where it is none of its own. `refused`: why its sender may not say this; only what may say again what is
	 * stored already comes so far, and is answered so where it does not.
	 */
	take(session: Session, envelope: ClientEnvelope, refused: Fault | undefined): boolean;
}

/** What a frame of a client leads to: each envelope goes to the handler that knows it, and has one answer. */
export class Dispatch {
	readonly #handlers: readonly EnvelopeHandler[];
	readonly #permits: Permits;

	constructor(handlers: readonly EnvelopeHandler[], permits: Permits) {
		this.#handlers = handlers;
		this.#permits = permits;
	}

	/** Takes a frame. Nothing that a client can send makes this throw. */
	frame(session: Session, frame: string | ArrayBuffer): void {
		const over = this.#permits.overFor(session);
		if (over) return session.close(over);
		if (typeof frame !== "string") return this.#binary(session, frame);
		// The frame is not read, so nobody can be told which publish it held: an SDK checks sizes before it sends.
		if (exceedsBytes(frame, mostBytes(session))) return session.close("too_big");
		this.#text(session, frame);
	}

	#text(session: Session, text: string): void {
		const decoded = decodeClientFrame(text);
		if (!decoded.ok) return session.refuse(undefined, decoded.fault);
		for (const one of decoded.value) {
			// What came before it in its frame may have closed it.
			if (session.over) return;
			this.#one(session, one);
		}
	}

	#binary(session: Session, frame: ArrayBuffer): void {
		if (session.identity.format !== "msgpack") {
			const message = `Send text frames: ${subprotocols.json} is JSON; ${subprotocols.msgpack} is MessagePack.`;
			return session.refuse(undefined, { code: "unsupported", message });
		}
		if (frame.byteLength > mostBytes(session)) return session.close("too_big");
		const text = readBinaryFrame(new Uint8Array(frame));
		if (text.ok) this.#text(session, text.value);
		else session.refuse(undefined, text.fault);
	}

	/** Each envelope is asked for anew: rights may have changed since the one before. */
	#refusal(session: Session, envelope: ClientEnvelope): Fault | undefined {
		if (session.kept.authority || envelope.type === "auth") return this.#permits.lackFor(session, envelope);
		return { code: "unauthorized", message: "Say first who you are: auth, with a token." };
	}

	#one(session: Session, decoded: Decoded): void {
		if (!decoded.ok) return session.refuse(decoded.ref, decoded.fault);
		const { envelope } = decoded;
		const refused = this.#refusal(session, envelope);
		if (refused && !(session.kept.authority && isRepeatable(envelope)))
			return session.refuse("ref" in envelope ? envelope.ref : undefined, refused);
		if (this.#handlers.some((handler) => handler.take(session, envelope, refused))) return;
		const message = "This server does not do that; welcome.features says what it does.";
		session.refuse("ref" in envelope ? envelope.ref : undefined, { code: "unsupported", message });
	}
}

/** Nothing but a token comes from a socket of which nobody knows who is on it. */
function mostBytes({ kept }: Session): number {
	return kept.authority ? limits.frameBytes : 2 * tokenLimits.length;
}
