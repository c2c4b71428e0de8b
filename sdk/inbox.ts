import type { EphemeralMessage, Message, ResetReason } from "../protocol/envelopes.ts";
import type { Position } from "../protocol/position.ts";
import * as sdkNumbers from "../protocol/sdk-numbers.ts";
import { judgeFrame, type Mark, type MessageFrame } from "./recovery.ts";

/** Messages that could not be replayed: those after `from`, up to and including `to`. */
export interface Gap {
	readonly reason: ResetReason;
	/** The last position the subscription had; null when it had none yet. */
	readonly from: Position | null;
	/** Where it goes on: the next message is one after it. Null when it does not. */
	readonly to: Position | null;
}

/** What an inbox hands out. `weight`: roughly the characters it took on the wire. An ephemeral message moves no mark. */
export type Delivery =
	| { readonly kind: "message"; readonly message: Message; readonly mark: Mark; readonly weight: number }
	| { readonly kind: "ephemeral"; readonly message: Message; readonly mark: undefined; readonly weight: number }
	| { readonly kind: "gap"; readonly gap: Gap; readonly mark: Mark };

interface Chunk {
	readonly epoch: string;
	readonly entries: readonly Message[];
	readonly to: number;
	readonly weight: number;
	/** Index of the entry to hand out next. */
	next: number;
}

/**
 * What one subscriber has received and not yet been handed, and where it stands. Holds at most what the server sends
 * ahead of credit, because the subscription always resumes at what was handed, not at what was received.
 */
export class Inbox {
	#epoch = "";
	#received = -1;
	#resume: Mark | undefined;
	#queue: (Chunk | Exclude<Delivery, { kind: "message" }>)[] = [];
	#gaps = 0;
	#ephemeral = 0;

	/** Everything up to here has come; undefined before the subscription stood for the first time. */
	get received(): Position | undefined {
		return this.#resume && { epoch: this.#epoch, seq: this.#received };
	}

	/** Where the subscription is to go on after a lost connection. */
	get resume(): Mark | undefined {
		return this.#resume;
	}

	/** Whether nothing waits to be handed out. */
	get empty(): boolean {
		return this.#queue.length === 0;
	}

	/** Whether a gap waits to be handed out: what was handed out lately then lies before it. */
	get hasGap(): boolean {
		return this.#gaps > 0;
	}

	/** The subscription stands for the first time. */
	place(mark: Mark): void {
		this.#epoch = mark.epoch;
		this.#received = mark.seq;
		this.#resume = mark;
	}

	/** The subscription goes on elsewhere. The gap is handed out in its turn, after what came before it. */
	skip(gap: Gap, mark: Mark): void {
		this.place(mark);
		this.#gaps += 1;
		this.#queue.push({ kind: "gap", gap, mark });
	}

	/** Takes what is new of a frame. False: something before it is missing. */
	accept(frame: MessageFrame, weight: number): boolean {
		const verdict = judgeFrame(this.#received, frame);
		if (verdict.kind === "behind") return false;
		if (verdict.to > this.#received) {
			this.#queue.push({ epoch: this.#epoch, entries: verdict.entries, to: verdict.to, weight, next: 0 });
			this.#received = verdict.to;
			this.#passWithheld();
		}
		return true;
	}

	/** Takes ephemeral messages. Those that would wait too long for a slow application are dropped. */
	pass(entries: readonly EphemeralMessage[], weight: number): void {
		for (const entry of entries) {
			if (this.#ephemeral >= sdkNumbers.ephemeralLength) return;
			this.#ephemeral += weight;
			const message: Message = { id: "", ...entry, seq: 0, ephemeral: true };
			this.#queue.push({ kind: "ephemeral", message, mark: undefined, weight });
		}
	}

	/** Hands out the next message or gap. */
	take(): Delivery | undefined {
		const first = this.#queue[0];
		if (!first) return undefined;
		if ("kind" in first) {
			this.#queue.shift();
			if (first.kind === "gap") this.#gaps -= 1;
			else this.#ephemeral -= first.weight;
			this.#passWithheld();
			return first;
		}
		const message = first.entries[first.next++];
		if (!message) return undefined;
		const mark = this.#advance({ epoch: first.epoch, seq: message.seq, id: message.id });
		this.#passWithheld();
		return { kind: "message", message, mark, weight: first.weight };
	}

	/** Drops what was not handed out. */
	clear(): void {
		this.#queue = [];
		this.#gaps = 0;
		this.#ephemeral = 0;
	}

	/** Steps over the ends of frames whose entries are all handed out, and over what was withheld at them. */
	#passWithheld(): void {
		for (let first = this.#queue[0]; first && !("kind" in first); first = this.#queue[0]) {
			if (first.next < first.entries.length) return;
			this.#queue.shift();
			// Where an entry stands at the end, its mark has an id; to step onto it once more would lose that.
			if (first.to !== this.#resume?.seq) this.#advance({ epoch: first.epoch, seq: first.to });
		}
	}

	#advance(mark: Mark): Mark {
		// With a gap still queued, this lies before it; the gap has decided where to resume.
		if (this.#gaps === 0) this.#resume = mark;
		return mark;
	}
}
