import type { Draft, Json, Message, Start } from "../protocol/envelopes.ts";
import type { LockHold } from "../protocol/locks.ts";
import { isSeq } from "../protocol/position.ts";
import { checkName } from "./check-name.ts";
import { AerogramError } from "./errors.ts";
import type { HistoryOptions, HistoryPage } from "./http/history.ts";
import { loadHttp } from "./http/send.ts";
import type { Live } from "./live/live.ts";
import { Presence, type PresenceHost } from "./presence.ts";
import type { Published, Publishing } from "./publishing.ts";
import type { Mark } from "./recovery.ts";
import type { Settings } from "./settings.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { GapPolicy, MessageCallback, SubscriberOptions, Subscription } from "./subscribing.ts";

/** What a channel needs of its space. */
export interface ChannelHost extends PresenceHost {
	readonly settings: Settings;
	publish(publishing: Publishing): Promise<Published>;
	subscribe(channel: string, options: SubscriberOptions): Subscription;
	/** Presence, watches and calls: loaded at their first use. */
	live(): Promise<Live>;
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
	 * Delivers it live, to whoever is subscribed and up to date, and stores it nowhere: who is typing, where a cursor is. It
	 * comes after all that was stored before it, and is sent once: a message that a lost connection takes along is not sent
	 * again. The promise resolves, with `seq` null, when the server has it or can no longer say so. While there is no
	 * connection it waits for one, 10 s at most, and then rejects with `timeout`.
	 * @default false
	 */
	readonly ephemeral?: boolean | undefined;
	/**
	 * Whether this client's own subscriptions get it, if it is ephemeral. For stored ones `subscribe` has an `echo`.
	 * @default true
	 */
	readonly echo?: boolean | undefined;
	/** Stores it only while this lock is held, with this token; a `Lock` is one. Else rejects with `lock_lost`. */
	readonly lock?: LockHold | undefined;
	/**
	 * Stores it only while the channel's head is this seq, 0 where it is empty; else rejects with `condition_failed`, and
	 * `state.head` says what it is. What earlier calls of this client publish moves the head, too.
	 */
	readonly ifSeq?: number | undefined;
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
	 * What follows when messages could not be replayed. A function is called in its place among the messages, and the next
	 * one waits until it has returned, or resolved. The space's `gap` event tells of every gap.
	 * @default "from-floor"
	 */
	readonly onGap?: GapPolicy | undefined;
	/**
	 * Whether it gets what this very client published and the channel stores. An ephemeral message says that itself.
	 * @default true
	 */
	readonly echo?: boolean | undefined;
}

/**
 * One channel: an ordered, durable log of messages. Those that are read hold `Data`, what is published is `Sent`, and what its
 * members say of themselves `MemberData`, as the contract or the application says; the SDK does not check it.
 */
export class Channel<Data = Json, Sent = Data, MemberData = Json> {
	readonly name: string;
	readonly #host: ChannelHost;

	/** Who is on the channel. */
	get presence(): Presence<MemberData> {
		return new Presence(this.#host, this.name);
	}

	/** Throws `bad_name`. */
	constructor(host: ChannelHost, name: string) {
		this.#host = host;
		this.name = checkName(name, "channel");
	}

	/**
	 * Publishes one message; resolves when it is durable. It is sent again over every reconnect and stored once. What `data`
	 * is at the time of the call is what is published. Publishes of one client on one channel are stored in the order of the
	 * calls. With `ephemeral`, what is said there holds instead.
	 *
	 * Rejects with an `AerogramError`: `unknown_outcome` when it was sent and its answer can no longer be had, `queue_full`,
	 * `condition_failed`, `too_big`, `too_deep`, `not_json`, `bad_name`, `closed`, or the server's refusal; with the signal's reason when that is aborted.
	 */
	async publish(data: Sent, options: PublishOptions = {}): Promise<Published> {
		const { name, key, id, ephemeral, echo = true, lock, ifSeq, signal } = options;
		if (ephemeral ? ifSeq !== undefined : !echo || !isSeq(ifSeq ?? 0)) {
			throw new AerogramError("bad_request", "echo is for ephemeral messages; ifSeq, a seq, for the others.");
		}
		const snapshot = takeSnapshot(data);
		const draft: Draft = {
			data: snapshot.data,
			...(name !== undefined && { name: checkName(name, "message") }),
			...(key !== undefined && { key: checkName(key, "key") }),
			...(id !== undefined && { id: checkName(id, "message id") }),
			...(ephemeral && { ephemeral }),
			...(lock && { lock: { name: lock.name, token: lock.token } }),
		};
		return this.#host.publish({ channel: this.name, draft, bytes: snapshot.bytes, ifSeq, echo, signal });
	}

	/** Calls back for each message, one at a time, in order. A callback that throws is reported as the `error` event. */
	subscribe(callback: MessageCallback<Data>, options?: SubscribeOptions): Subscription<Data>;
	/** Subscribes at once, for iterating: `for await (const message of channel.subscribe()) …`. */
	subscribe(options?: SubscribeOptions): Subscription<Data>;
	subscribe(first?: MessageCallback<Data> | SubscribeOptions, second?: SubscribeOptions): Subscription<Data> {
		const callback = typeof first === "function" ? first : undefined;
		const { from = "live", signal, onGap, echo = true } = (typeof first === "function" ? second : first) ?? {};
		const options = {
			start: readFrom(from),
			callback: callback as MessageCallback | undefined,
			onGap,
			unwanted: echo ? undefined : `${this.#host.settings.client}/`,
			signal,
		};
		return this.#host.subscribe(this.name, options) as Subscription<Data>;
	}

	/** Reads one page of what is retained, over HTTP. Rejects with an `AerogramError` such as `position_expired`. */
	async history(options: HistoryOptions = {}): Promise<HistoryPage<Data>> {
		return (await loadHttp()).readPage(this.#host.settings, this.#host.name, this.name, options);
	}

	/** Iterates what is retained, page after page (`limit` is the size of one), up to the head. Throws as `history` does. */
	async *messages(options: HistoryOptions = {}): AsyncGenerator<Message<Data>, void, undefined> {
		yield* (await loadHttp()).readMessages<Data>(this.#host.settings, this.#host.name, this.name, options);
	}
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
