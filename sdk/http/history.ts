import type { Json, Message } from "../../protocol/envelopes.ts";
import { formatPosition, type Position, parsePosition } from "../../protocol/position.ts";
import type { Settings } from "../settings.ts";
import { sendRequest } from "./attempts.ts";
import { objectOf } from "./response.ts";

/** A place in a channel: a position, its text `<epoch>:<seq>`, or a bare seq, whose epoch is then not checked. */
export type Place = Position | string | number;

/** Which part of a channel's history to read. */
export interface HistoryOptions {
	/** Only messages after this place. */
	readonly after?: Place | undefined;
	/** Only messages before this place. */
	readonly before?: Place | undefined;
	/**
	 * Messages on one page, at most 1000.
	 * @default 100
	 */
	readonly limit?: number | undefined;
	/**
	 * Oldest first, or newest first.
	 * @default "asc"
	 */
	readonly order?: "asc" | "desc" | undefined;
	/** Only messages stored at or after this time; a number is milliseconds since 1970. */
	readonly since?: Date | number | undefined;
	/** Gives up the wait; the promise then rejects with the signal's reason. */
	readonly signal?: AbortSignal | undefined;
}

/** One page of history. */
export interface HistoryPage<Data = Json> {
	readonly epoch: string;
	/** The oldest seq retained. */
	readonly floor: number;
	/** The last seq of the channel. */
	readonly head: number;
	readonly messages: readonly Message<Data>[];
	/** Where the next page starts: pass it as `after`, or as `before` when reading newest first. */
	readonly next: string | null;
}

/** Reads one page. Throws as the methods of `Http` do. */
export async function readPage<Data>(
	settings: Settings,
	space: string,
	channel: string,
	options: HistoryOptions,
): Promise<HistoryPage<Data>> {
	const { after, before, limit, order, since, signal } = options;
	const query = { after: writePlace(after), before: writePlace(before), limit, order, since: since && Number(since) };
	const url = settings.httpUrl(space, `channels/${channel}/messages`);
	return objectOf(
		await sendRequest(settings, { method: "GET", path: url, options: { query, signal }, text: undefined }),
	);
}

/** Reads page after page, each when the one before it has been taken. */
export async function* readMessages<Data>(
	settings: Settings,
	space: string,
	channel: string,
	options: HistoryOptions,
): AsyncGenerator<Message<Data>, void, undefined> {
	const newestFirst = options.order === "desc";
	let at = options;
	while (true) {
		const page = await readPage<Data>(settings, space, channel, at);
		yield* page.messages;
		const next = page.next === null ? undefined : parsePosition(page.next);
		if (!next?.ok || page.messages.length === 0) return;
		// The last page of a log that grows has a next one, too; a history ends where the log ended.
		if (newestFirst ? next.value.seq <= page.floor : next.value.seq >= page.head) return;
		// A page says where the next one starts; `since` has done its part by then.
		at = { ...options, since: undefined, [newestFirst ? "before" : "after"]: page.next };
	}
}

function writePlace(place: Place | undefined): string | undefined {
	return typeof place === "object" ? formatPosition(place) : place?.toString();
}
