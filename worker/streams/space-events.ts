import type { Context } from "hono";
import { type Cursor, formatCursor, parseCursor } from "../../protocol/cursor.ts";
import type { Start } from "../../protocol/envelopes.ts";
import { errorRow } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { readName } from "../../protocol/names.ts";
import { answer, jsonText } from "../http/answer.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { expired, type StreamShape, streamMessages } from "./message-stream.ts";
import { Reader, type ReaderSink } from "./reader.ts";
import type { Continuation, Loss } from "./tracker.ts";

const shape: StreamShape = {
	id: formatCursor,
	data: withChannel,
	loss: (loss) => JSON.stringify(loss),
};

/**
 * Answers with the messages of many channels as one event stream: each from its place in `Last-Event-ID`, else in `after`,
 * else from now on. Throws a `Problem`.
 */
export async function streamEvents(context: Context<App>, space: string): Promise<Response> {
	if (context.req.query("wait") !== undefined) {
		throw new Problem("bad_request", "An event stream does not end: leave out wait, or accept JSON.");
	}
	const lastId = context.req.header("last-event-id") ?? "";
	const after = lastId === "" ? context.req.query("after") : lastId;
	return streamMessages(context, space, { starts: readStarts(context, after), strict: lastId === "" }, shape);
}

/**
 * Answers with the messages of many channels after their places, as far as a window holds them; where there are none,
 * waits up to `wait` milliseconds for the first. Throws a `Problem`: `position_expired`, also where a place gets void
 * meanwhile; `space_full`.
 */
export async function answerEvents(context: Context<App>, space: string, wait: number): Promise<Response> {
	const { env, req } = context;
	const starts = readStarts(context, req.query("after"));
	const over = AbortSignal.any([req.raw.signal, AbortSignal.timeout(wait)]);
	const page = new EventPage();
	const reader = new Reader(env, { space, identity: context.get("identity"), starts }, page, Math.random);
	req.raw.signal.addEventListener("abort", () => reader.close());
	try {
		await reader.open();
		over.addEventListener("abort", () => page.finish());
		if (!over.aborted) await page.finished;
	} finally {
		reader.close();
	}
	if (page.loss) throw expired(page.loss);
	if (page.wiped) {
		const [channel = ""] = starts.keys();
		throw expired({ ...(await spaceStub(env, space).channel(channel)), channel, reason: "epoch" });
	}
	return answer(context, { status: 200, root: "events", value: jsonText(page.write()) });
}

function readStarts(context: Context<App>, after: string | undefined): ReadonlyMap<string, Start> {
	const channels = new Set(context.req.queries("channel") ?? []);
	if (channels.size === 0) throw new Problem("bad_request", "Say which channels: ?channel=a&channel=b.");
	if (channels.size > limits.channelsPerStream) {
		throw new Problem("too_big", `One request reads at most ${limits.channelsPerStream} channels.`);
	}
	const cursor = after === undefined ? undefined : parseCursor(after);
	if (cursor && !cursor.ok) throw problemOf(cursor.fault);
	return new Map(
		[...channels].map((text): [string, Start] => {
			const channel = readName(text, "channel");
			if (!channel.ok) throw problemOf(channel.fault);
			const seq = cursor?.value.seqs.get(channel.value);
			const start: Start =
				cursor && seq !== undefined ? { from: "position", epoch: cursor.value.epoch, seq } : { from: "live" };
			return [channel.value, start];
		}),
	);
}

function withChannel(channel: string, text: string): string {
	return `{"channel":"${channel}",${text.slice(1)}`;
}

/** The first messages that come. */
class EventPage implements ReaderSink {
	loss: Loss | undefined;
	wiped = false;
	/** Resolves when something has come. */
	readonly finished: Promise<void>;
	#finish: () => void = () => {};
	#epoch = "";
	readonly #seqs = new Map<string, number>();
	readonly #texts: string[] = [];

	constructor() {
		this.finished = new Promise((resolve) => {
			this.#finish = resolve;
		});
	}

	/** Waits no longer. */
	finish(): void {
		this.#finish();
	}

	/** The page as JSON. */
	write(): string {
		const next = formatCursor({ epoch: this.#epoch, seqs: this.#seqs });
		return `{"epoch":"${this.#epoch}","messages":[${this.#texts.join(",\n")}],"next":"${next}"}`;
	}

	standing({ epoch, seqs }: Cursor): void {
		this.#epoch = epoch;
		for (const [channel, seq] of seqs) this.#seqs.set(channel, seq);
	}

	// Nothing is taken before the whole page is: more than a window does not come.
	messages({ channel, messages, to }: Continuation): void {
		this.#seqs.set(channel, to);
		this.#texts.push(...messages.map(({ text }) => withChannel(channel, text)));
		if (messages.length > 0) this.#finish();
	}

	// A page holds what is stored.
	ephemeral(): void {}

	lost(loss: Loss): void {
		this.loss ??= loss;
		this.#finish();
	}

	interrupted(code: number): void {
		this.wiped = code === errorRow("wiped").close;
		if (this.wiped) this.#finish();
	}

	ended(): void {
		this.#finish();
	}
}
