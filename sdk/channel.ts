import type { Draft, Json, Message, Start } from "../protocol/envelopes.ts";
import { readName } from "../protocol/names.ts";
import { isSeq } from "../protocol/position.ts";
import { AerogramError } from "./errors.ts";
import { type HistoryOptions, type HistoryPage, readMessages, readPage } from "./http.ts";
import type { Gap } from "./inbox.ts";
import type { Settings } from "./options.ts";
import type { Published } from "./publisher.ts";
import type { Mark } from "./recovery.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { MessageCallback, SubscriberOptions, Subscription } from "./subscription.ts";

/** What a channel needs of its space. */
export interface ChannelHost {
	readonly name: string;
	readonly settings: Settings;
	publish(channel: string, draft: Draft, bytes: number, signal: AbortSignal | undefined): Promise<Published>;
	subscribe(channel: string, options: SubscriberOptions): Subscription;
}

/** What can be said of one publish. */
export interface PublishOptions {
	/** What kind of message it is, in a word of the application: a name as channels have. */
	readonly name?: string | undefined;
	/** What the message is about, on a keyed channel. */
	readonly key?: string | undefined;
	/**
	 * The id the message carries.
	 * @default `<client>/<n>`
	 */
	readonly id?: string | undefined;
	/**
	 * Gives up the wait; the promise then rejects with the signal's reason. A message that was on its way may be stored all
	 * the same.
	 */
	readonly signal?: AbortSignal | undefined;
}

/**
 * Where a subscription starts: at the oldest message retained, with what comes from now on, with the last so many, with
 * what was stored at or after a time (a number is milliseconds since 1970), or right after a position.
 */
export type From = "start" | "live" | { readonly last: number } | { readonly since: Date | number } | Mark;

/** How to subscribe. */
export interface SubscribeOptions {
	/** @default "live" */
	readonly from?: From | undefined;
	/** Ends the subscription; an iteration then throws the signal's reason. */
	readonly signal?: AbortSignal | undefined;
	/**
	 * Called, in its place among the messages, when some could not be replayed. The subscription then goes on with what is
	 * retained. The space's `gap` event tells the same.
	 */
	readonly onGap?: ((gap: Gap) => void) | undefined;
}

/** One channel: an ordered, durable log of messages of type `Data`, as the application says; it is not checked. */
export class Channel<Data = Json> {
	readonly name: string;
	readonly #host: ChannelHost;

	/** Throws `bad_name`. */
	constructor(host: ChannelHost, name: string) {
		this.#host = host;
		this.name = checkName(name, "channel");
	}

	/**
	 * Publishes one message; resolves when it is durable. It is sent again over every reconnect and stored once. What `data`
	 * is at the time of the call is what is published. Publishes of one client on one channel are stored in the order of the
	 * calls.
	 *
	 * Rejects with an `AerogramError`: `unknown_outcome` when it was sent and its answer can no longer be had, `queue_full`,
	 * `too_big`, `too_deep`, `not_json`, `bad_name`, `closed`, or the server's refusal; with the signal's reason when that is aborted.
	 */
	async publish(data: Data, options: PublishOptions = {}): Promise<Published> {
		const { name, key, id, signal } = options;
		const snapshot = takeSnapshot(data);
		const draft: Draft = {
			data: snapshot.data,
			...(name !== undefined && { name: checkName(name, "message") }),
			...(key !== undefined && { key: checkName(key, "key") }),
			...(id !== undefined && { id: checkName(id, "message id") }),
		};
		return this.#host.publish(this.name, draft, snapshot.bytes, signal);
	}

	/** Calls back for each message, one at a time, in order. A callback that throws is reported as the `error` event. */
	subscribe(callback: MessageCallback<Data>, options?: SubscribeOptions): Subscription<Data>;
	/** Subscribes at once, for iterating: `for await (const message of channel.subscribe()) …`. */
	subscribe(options?: SubscribeOptions): Subscription<Data>;
	subscribe(first?: MessageCallback<Data> | SubscribeOptions, second?: SubscribeOptions): Subscription<Data> {
		const callback = typeof first === "function" ? first : undefined;
		const { from = "live", signal, onGap } = (typeof first === "function" ? second : first) ?? {};
		const options = { start: readFrom(from), callback: callback as MessageCallback | undefined, onGap, signal };
		return this.#host.subscribe(this.name, options) as Subscription<Data>;
	}

	/** Reads one page of what is retained, over HTTP. Rejects with an `AerogramError` such as `position_expired`. */
	history(options: HistoryOptions = {}): Promise<HistoryPage<Data>> {
		return readPage(this.#host.settings, this.#host.name, this.name, options);
	}

	/** Iterates what is retained, page after page (`limit` is the size of one), up to the head. Throws as `history` does. */
	messages(options: HistoryOptions = {}): AsyncGenerator<Message<Data>, void, undefined> {
		return readMessages(this.#host.settings, this.#host.name, this.name, options);
	}
}

/** Checks a name. Throws `bad_name`. */
export function checkName(name: string, what: string): string {
	const result = readName(name, what);
	if (result.ok) return result.value;
	throw new AerogramError(result.fault.code, result.fault.message);
}

function readFrom(from: From): Start {
	if (from === "start" || from === "live") return { from };
	if ("last" in from && isSeq(from.last)) return { from: "last", count: from.last };
	if ("since" in from && isSeq(Number(from.since))) return { from: "since", ts: Number(from.since) };
	if ("epoch" in from && isSeq(from.seq)) {
		const { epoch, seq, id } = from;
		return { from: "position", epoch, seq, ...(id !== undefined && { id }) };
	}
	throw new AerogramError("bad_position", 'from is "start", "live", {last}, {since} or a position {epoch, seq}.');
}
