import { decodeServerFrame, encodeClient } from "../../protocol/codec/envelope.ts";
import { envelopeTexts, type MessageTexts, seqOfText, splitMessages } from "../../protocol/codec/message-text.ts";
import type { Cursor } from "../../protocol/cursor.ts";
import type { ServerEnvelope, Start } from "../../protocol/envelopes.ts";
import type { Fault } from "../../protocol/result.ts";

/** Messages of one channel, each as the text that was stored, that continue where the last ones ended. */
export interface Continuation {
	readonly channel: string;
	readonly messages: readonly { readonly seq: number; readonly text: string }[];
	/** Everything up to here is accounted for. */
	readonly to: number;
}

/** A channel cannot go on where it was: what lies between there and where it goes on does not come. */
export type Loss = Omit<Extract<ServerEnvelope, { type: "reset" }>, "type" | "ref">;

/** Whom a tracker tells. */
export interface TrackerEvents {
	/** Sends a frame to the space. */
	send(frame: string): void;
	/** Every channel has its place. Comes once, before all that follows. */
	standing(cursor: Cursor): void;
	messages(continuation: Continuation): void;
	/** Messages that were not stored, each as its text. */
	ephemeral(channel: string, texts: readonly string[]): void;
	/** A channel goes on from what is retained now. */
	lost(loss: Loss): void;
	/** The space does not let a channel be read. */
	refused(fault: Fault): void;
}

interface Place {
	readonly start: Start;
	/** Everything up to here was told; not known before its first answer. */
	seq: number | undefined;
	/** The `sub` that it waits for, or that stands. */
	ref: number;
	standing: boolean;
	/** There was a `sub` before on this socket, and what that brought may be owed credit that nobody will give. */
	again: boolean;
}

/**
 * Where a reader stands in its channels, and what the frames that it gets mean for that: the client's side of the protocol,
 * for who only reads. It survives any number of sockets, and knows none.
 */
export class Tracker {
	readonly #events: TrackerEvents;
	readonly #places: ReadonlyMap<string, Place>;
	/** Where each channel began, until all have. */
	#beginnings: Map<string, number> | undefined = new Map();
	/** What came before all channels had begun. */
	#early: (() => void)[] = [];
	#epoch = "";
	#ref = 0;

	constructor(starts: ReadonlyMap<string, Start>, events: TrackerEvents) {
		this.#events = events;
		this.#places = new Map(
			[...starts].map(([channel, start]) => [
				channel,
				{ start, seq: undefined, ref: 0, standing: false, again: false },
			]),
		);
	}

	/** Subscribes to every channel on a new socket: each where it stands, or where it is to start. */
	subscribe(): void {
		for (const place of this.#places.values()) place.again = false;
		this.#events.send(`[${[...this.#places].map(([channel, place]) => this.#subscribe(channel, place)).join(",")}]`);
	}

	/** Takes a frame of the space. */
	take(frame: string): void {
		for (const text of envelopeTexts(frame) ?? []) {
			const messages = splitMessages(text);
			if (messages) this.#messages(messages);
			else for (const envelope of decodeEnvelopes(text)) this.#answer(envelope);
		}
	}

	/** The seq up to which everything of a channel was told. */
	placeOf(channel: string): number {
		return this.#places.get(channel)?.seq ?? 0;
	}

	#subscribe(channel: string, place: Place): string {
		this.#ref += 1;
		place.ref = this.#ref;
		place.standing = false;
		const start: Start =
			place.seq === undefined ? place.start : { from: "position", epoch: this.#epoch, seq: place.seq };
		return encodeClient({ type: "subscribe", ref: place.ref, channel, start });
	}

	#answer(envelope: ServerEnvelope): void {
		switch (envelope.type) {
			case "subscribed": {
				const found = [...this.#places].find(([, { ref }]) => ref === envelope.ref);
				if (!found) return;
				const [channel, place] = found;
				place.standing = true;
				if (place.again) this.#events.send(encodeClient({ type: "credit", channel, seq: envelope.after }));
				this.#begin(channel, place, envelope.epoch, envelope.after);
				return;
			}
			case "reset": {
				const place = this.#places.get(envelope.channel);
				// Of a subscription that was given up since, nothing counts.
				if (!place || (envelope.ref === undefined ? !place.standing : envelope.ref !== place.ref)) return;
				this.#lose(place, envelope);
				return;
			}
			case "error":
				if ([...this.#places.values()].some(({ ref }) => ref === envelope.ref)) {
					this.#events.refused(envelope);
				}
		}
	}

	#lose(place: Place, { channel, reason, epoch, floor, head }: Loss): void {
		const loss = { channel, reason, epoch, floor, head };
		this.#tell(() => this.#events.lost(loss));
		this.#begin(channel, place, epoch, placeAfter(loss));
		this.#subscribeAgain(channel, place);
	}

	#subscribeAgain(channel: string, place: Place): void {
		place.again = true;
		this.#events.send(this.#subscribe(channel, place));
	}

	#begin(channel: string, place: Place, epoch: string, seq: number): void {
		if (epoch !== this.#epoch) {
			this.#epoch = epoch;
			// In another life of the space, all others stand before its first message, until they are told more.
			for (const other of this.#places.values()) if (other.seq !== undefined) other.seq = 0;
		}
		place.seq = seq;
		if (!this.#beginnings) return;
		this.#beginnings.set(channel, seq);
		if (this.#beginnings.size < this.#places.size) return;
		this.#events.standing({ epoch, seqs: this.#beginnings });
		this.#beginnings = undefined;
		for (const tell of this.#early.splice(0)) tell();
	}

	#messages(found: MessageTexts): void {
		const { channel } = found;
		const place = this.#places.get(channel);
		if (!place?.standing || place.seq === undefined) return;
		if (found.type === "ephemeral") {
			this.#tell(() => this.#events.ephemeral(channel, found.texts));
			return;
		}
		const { seq } = place;
		if (found.after > seq) {
			// Something is missing. Whatever comes before the answer to this has it missing too.
			this.#subscribeAgain(channel, place);
			return;
		}
		if (found.to <= seq) return;
		place.seq = found.to;
		const messages = found.texts.flatMap((text) => {
			const own = seqOfText(text);
			return own !== undefined && own > seq ? [{ seq: own, text }] : [];
		});
		this.#tell(() => this.#events.messages({ channel, messages, to: found.to }));
	}

	#tell(event: () => void): void {
		if (this.#beginnings) this.#early.push(event);
		else event();
	}
}

/** Where reading goes on after a loss: with what is retained, or, for who may not read what is old, with what is new. */
export function placeAfter({ reason, floor, head }: Loss): number {
	return reason === "forbidden" ? head : floor - 1;
}

function decodeEnvelopes(text: string): readonly ServerEnvelope[] {
	const decoded = decodeServerFrame(text);
	return decoded.ok ? decoded.value : [];
}
