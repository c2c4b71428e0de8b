import { encodeClient } from "../../protocol/codec/envelope.ts";
import type { Cursor } from "../../protocol/cursor.ts";
import type { Start } from "../../protocol/envelopes.ts";
import type { Identity } from "../../protocol/identity.ts";
import { durationsOf, type Env } from "../env.ts";
import { problemOf } from "../http/problem.ts";
import { CreditPurse } from "./credit.ts";
import { SpaceLine } from "./space-line.ts";
import { type Continuation, type Loss, Tracker } from "./tracker.ts";

/** Whom a reader hands what it reads. */
export interface ReaderSink {
	/** Every channel has its place. Comes once, before all that follows, and before `open` resolves. */
	standing(cursor: Cursor): void;
	/** `taken` is to be called when whoever reads has taken them: only then more than a window of them comes. */
	messages(continuation: Continuation, taken: () => void): void;
	/** Messages that were not stored, each as its text. */
	ephemeral(channel: string, texts: readonly string[], taken: () => void): void;
	/** A channel goes on from what is retained now. What the start of a reader loses comes before `open` resolves. */
	lost(loss: Loss): void;
	/** Its socket was lost, with a close code. What comes goes on where it was, on another. */
	interrupted(code: number): void;
	/** It was given up for reading too slowly: nothing more comes. */
	ended(): void;
}

/** What a reader reads. */
export interface ReaderOptions {
	readonly space: string;
	readonly identity: Identity;
	/** By channel. */
	readonly starts: ReadonlyMap<string, Start>;
}

/**
 * Reads channels of one space over a held socket for as long as it is open, across the object's sleep, crashes and deploys:
 * every message once and in order. It holds no message: what its sink has not taken is a window of them at most.
 */
export class Reader {
	readonly #sink: ReaderSink;
	readonly #line: SpaceLine;
	readonly #tracker: Tracker;
	readonly #purse: CreditPurse<number>;

	constructor(env: Env, { space, identity, starts }: ReaderOptions, sink: ReaderSink, random: () => number) {
		this.#sink = sink;
		this.#purse = new CreditPurse(durationsOf(env).credit, (owed) => {
			const credits = [...owed].map(([channel, seq]) => encodeClient({ type: "credit", channel, seq }));
			this.#line.send(`[${credits.join(",")}]`);
		});
		this.#tracker = new Tracker(starts, {
			send: (frame) => this.#line.send(frame),
			standing: (cursor) => {
				sink.standing(cursor);
				this.#line.stands();
			},
			messages: (continuation) => sink.messages(continuation, this.#taker(continuation)),
			ephemeral: (channel, texts) => this.#ephemeral(channel, texts),
			lost: (loss) => sink.lost(loss),
			refused: (fault) => this.#line.refused(problemOf(fault)),
		});
		const events = {
			connected: () => this.#tracker.subscribe(),
			frame: (text: string) => this.#tracker.take(text),
			interrupted: (code: number) => sink.interrupted(code),
			ended: () => sink.ended(),
			dropped: () => this.#purse.clear(),
		};
		this.#line = new SpaceLine(env, { space, identity }, events, random);
	}

	/**
	 * Resolves when every channel has its place.
	 *
	 * @throws as `SpaceLine.open`: Problem `space_full`, or what a channel is refused with; what the platform says.
	 */
	open(): Promise<void> {
		return this.#line.open();
	}

	/** Ends it. Nothing more comes. */
	close(): void {
		this.#line.close();
	}

	#taker({ channel, messages, to }: Continuation): () => void {
		const { socket } = this.#line;
		const units = messages.reduce((size, { text }) => size + text.length, 0);
		return () => {
			// Credit belongs to the socket that brought what it is for.
			if (socket === this.#line.socket) this.#purse.consumed(channel, to, messages.length, units);
		};
	}

	#ephemeral(channel: string, texts: readonly string[]): void {
		const seq = this.#tracker.placeOf(channel);
		const { socket } = this.#line;
		const units = texts.reduce((size, text) => size + text.length, 0);
		this.#sink.ephemeral(channel, texts, () => {
			// They have no seq: credit for them repeats that of what was stored before them.
			if (socket === this.#line.socket) this.#purse.consumed(channel, seq, texts.length, units);
		});
	}
}
