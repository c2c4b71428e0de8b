import type { Context } from "hono";
import type { Cursor } from "../../protocol/cursor.ts";
import type { Start } from "../../protocol/envelopes.ts";
import { durationsOf } from "../env.ts";
import { Problem } from "../http/problem.ts";
import type { App } from "../http/types.ts";
import { voidPosition } from "../space/void-position.ts";
import { EventStream, writeEvent } from "./event-stream.ts";
import { Reader, type ReaderSink } from "./reader.ts";
import { eventStreamHeaders } from "./requests.ts";
import { type Continuation, type Loss, placeAfter } from "./tracker.ts";

/** How the events of a stream look. */
export interface StreamShape {
	/** The `id` of an event, from where its reader then stands. */
	id(cursor: Cursor): string;
	/** The `data` of a message, from its JSON text. */
	data(channel: string, text: string): string;
	/** The `data` of a `reset`. */
	loss(loss: Loss): string;
}

/** Where a stream starts. */
export interface StreamStart {
	/** By channel. */
	readonly starts: ReadonlyMap<string, Start>;
	/** Whether a place that is void is a refusal. Otherwise the stream opens, tells the loss, and goes on. */
	readonly strict: boolean;
}

/**
 * Answers with an event stream of messages, which stays open across whatever becomes of the object. Throws a `Problem`:
 * `position_expired` for a strict start, `space_full`.
 */
export async function streamMessages(
	context: Context<App>,
	space: string,
	{ starts, strict }: StreamStart,
	shape: StreamShape,
): Promise<Response> {
	const { env, req } = context;
	const stream = new EventStream(durationsOf(env), Math.random, req.raw.signal, () => reader.close());
	const sink = new StreamSink(stream, shape);
	const reader = new Reader(env, { space, identity: context.get("identity"), starts }, sink, Math.random);
	try {
		await reader.open();
		if (strict && sink.loss) throw expired(sink.loss);
	} catch (error) {
		stream.end();
		throw error;
	}
	return context.body(stream.body, 200, eventStreamHeaders);
}

/** The refusal of a place that is void, or from which it may not be read. */
export function expired({ channel, reason, epoch, floor, head }: Loss): Problem {
	if (reason === "forbidden") {
		return new Problem(
			"forbidden",
			`This needs history on ${channel}: some of it is older than what subscribe allows.`,
		);
	}
	return new Problem("position_expired", voidPosition({ floor, head }, channel), { epoch, floor, head });
}

/** Writes what a reader reads as events. */
class StreamSink implements ReaderSink {
	/** The first loss. */
	loss: Loss | undefined;
	readonly #stream: EventStream;
	readonly #shape: StreamShape;
	#epoch = "";
	readonly #seqs = new Map<string, number>();

	constructor(stream: EventStream, shape: StreamShape) {
		this.#stream = stream;
		this.#shape = shape;
	}

	standing({ epoch, seqs }: Cursor): void {
		this.#epoch = epoch;
		for (const [channel, seq] of seqs) this.#seqs.set(channel, seq);
		// So that whoever gets nothing more comes back to the same place.
		this.#stream.write(writeEvent({ id: this.#id() }));
	}

	messages({ channel, messages, to }: Continuation, taken: () => void): void {
		let text = "";
		for (const message of messages) {
			this.#seqs.set(channel, message.seq);
			text += writeEvent({ id: this.#id(), data: this.#shape.data(channel, message.text) });
		}
		if (this.#seqs.get(channel) !== to) {
			this.#seqs.set(channel, to);
			text += writeEvent({ id: this.#id() });
		}
		this.#stream.write(text, taken);
	}

	ephemeral(channel: string, texts: readonly string[], taken: () => void): void {
		const events = texts.map((text) => {
			const data = `${this.#shape.data(channel, text).slice(0, -1)},"ephemeral":true}`;
			return writeEvent({ data });
		});
		this.#stream.write(events.join(""), taken);
	}

	lost(loss: Loss): void {
		this.loss ??= loss;
		if (loss.epoch !== this.#epoch) for (const channel of this.#seqs.keys()) this.#seqs.set(channel, 0);
		this.#epoch = loss.epoch;
		this.#seqs.set(loss.channel, placeAfter(loss));
		this.#stream.write(writeEvent({ id: this.#id(), event: "reset", data: this.#shape.loss(loss) }));
	}

	// The response does not end for it: what it misses comes with the next socket.
	interrupted(): void {}

	ended(): void {
		this.#stream.end();
	}

	#id(): string {
		return this.#shape.id({ epoch: this.#epoch, seqs: this.#seqs });
	}
}
