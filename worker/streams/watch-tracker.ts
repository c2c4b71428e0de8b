import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import { encodeLive } from "../../protocol/codec/live.ts";
import { envelopeTexts } from "../../protocol/codec/message-text.ts";
import { keyOfText, type RecordPlace, type RecordTexts, splitRecords } from "../../protocol/codec/record-text.ts";
import type { ServerEnvelope } from "../../protocol/envelopes.ts";
import type { Fault } from "../../protocol/result.ts";
import type { RecordSelector, WatchReset } from "../../protocol/watch.ts";

/** A record, or what is left of one that is gone, as the text that the server wrote, and where its reader then stands. */
export interface PlacedRecord {
	readonly text: string;
	readonly place: RecordPlace;
}

/** Records that continue where the last ones ended. */
export interface RecordRun {
	readonly records: readonly PlacedRecord[];
	/** Where their reader stands after all of them. */
	readonly place: RecordPlace;
	/** A snapshot is whole with them. */
	readonly whole: boolean;
}

/** It could not go on where it was: a snapshot at `rev` follows. */
export interface WatchLoss {
	readonly reason: WatchReset;
	readonly epoch: string;
	readonly rev: number;
}

/** Whom a tracker tells. */
export interface WatchTrackerEvents {
	/** Sends a frame to the space. */
	send(frame: string): void;
	/** It has its place; comes once, before all that follows but a first loss. */
	standing(place: RecordPlace): void;
	records(run: RecordRun): void;
	lost(loss: WatchLoss): void;
	/** The space does not let it watch. */
	refused(fault: Fault): void;
}

/**
 * Where a reader stands in a watch, and what the frames that it gets mean for that: the client's side of the protocol, for
 * one watch. It survives any number of sockets, and knows none.
 */
export class WatchTracker {
	readonly #selector: RecordSelector;
	readonly #events: WatchTrackerEvents;
	#place: RecordPlace | undefined;
	#begun = false;
	/** The `watch` that it waits for, or that stands. */
	#ref = 0;
	#standing = false;
	/** It watched before on this socket, and what that brought may be owed credit that nobody will give. */
	#again = false;

	/** `place`: where it starts; without one, with a snapshot. */
	constructor(selector: RecordSelector, place: RecordPlace | undefined, events: WatchTrackerEvents) {
		this.#selector = selector;
		this.#place = place;
		this.#events = events;
	}

	/** Watches, on a new socket, from where it stands. */
	watch(): void {
		this.#again = false;
		this.#watch();
	}

	/** Takes a frame of the space. */
	take(frame: string): void {
		for (const text of envelopeTexts(frame) ?? []) {
			const found = splitRecords(text);
			const decoded = found ? undefined : decodeServerFrame(text);
			if (found) this.#records(found);
			else if (decoded?.ok) for (const envelope of decoded.value) this.#answer(envelope);
		}
	}

	#watch(): void {
		this.#ref += 1;
		this.#standing = false;
		const watched = { kind: "records", ...this.#selector } as const;
		const start = this.#place && { start: { from: "revision", ...this.#place } as const };
		this.#events.send(encodeLive({ type: "watch", ref: this.#ref, watched, ...start }));
	}

	#answer(envelope: ServerEnvelope): void {
		if (!("ref" in envelope) || envelope.ref !== this.#ref) return;
		if (envelope.type === "error") this.#events.refused(envelope);
		if (envelope.type !== "done") return;
		const { epoch, head, recovered, reset } = envelope.says ?? {};
		this.#standing = true;
		if (recovered !== true) {
			const at = { epoch: String(epoch), rev: Number(head) };
			this.#place = { ...at, id: "" };
			if (reset) this.#events.lost({ reason: reset as WatchReset, ...at });
		}
		if (this.#again && this.#place) {
			const { rev, id } = this.#place;
			const credit = { type: "watch-credit", selector: this.#selector, rev, ...(id !== undefined && { id }) } as const;
			this.#events.send(encodeLive(credit));
		}
		if (this.#begun || !this.#place) return;
		this.#begun = true;
		this.#events.standing(this.#place);
	}

	#records(found: RecordTexts): void {
		const place = this.#place;
		if (!this.#standing || !place) return;
		if (found.after === undefined) this.#part(found, place);
		else if (place.id !== undefined || found.after > place.rev) this.#watchAgain();
		else if (found.to > place.rev) this.#changes(found, place);
	}

	#watchAgain(): void {
		this.#again = true;
		this.#watch();
	}

	#part({ to, next, texts }: RecordTexts, { epoch, rev, id }: RecordPlace): void {
		if (id === undefined || to !== rev) return;
		this.#place = { epoch, rev, ...(next !== undefined && { id: next }) };
		const records = texts.flatMap((text) => {
			const key = keyOfText(text);
			return key && key.id > id ? [{ text, place: { epoch, rev, id: key.id } }] : [];
		});
		this.#events.records({ records, place: this.#place, whole: next === undefined });
	}

	#changes({ to, texts }: RecordTexts, { epoch, rev }: RecordPlace): void {
		this.#place = { epoch, rev: to };
		const records = texts.flatMap((text) => {
			const key = keyOfText(text);
			return key && key.rev > rev ? [{ text, place: { epoch, rev: key.rev } }] : [];
		});
		this.#events.records({ records, place: this.#place, whole: false });
	}
}
