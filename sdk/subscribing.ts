import type { Json, Message, Start } from "../protocol/envelopes.ts";
import type { Gap } from "./inbox.ts";
import type { Mark } from "./recovery.ts";

/** A running subscription. Iterate it, unless it has a callback: each message comes once, in order, across reconnects. */
export interface Subscription<Data = Json> extends AsyncIterable<Message<Data>> {
	/**
	 * How far the application is: the message last yielded by the iterator, or the last whose callback has returned (or
	 * resolved). Store it with what the messages changed, and pass it as `from` to go on right after it. Undefined until
	 * `ready`, unless the subscription started at a position.
	 */
	readonly position: Mark | undefined;
	/** Resolves when the subscription stands for the first time; rejects when it never will. */
	readonly ready: Promise<void>;
	/** Ends it: no callback is called any more, and an iteration ends. */
	unsubscribe(): void;
}

/** Gets one message. When it returns a promise, the next message waits for it. */
export type MessageCallback<Data = Json> = (message: Message<Data>) => unknown;

/**
 * What follows when messages could not be replayed. `"from-floor"`, or a function, which is told of the gap: the
 * subscription goes on with what is retained. `"latest"`: it goes on with what comes from now on. `"snapshot"`: the
 * function is called, and what came after the head that was taken before the call follows. `"error"`: it ends with
 * `position_expired`, and its `position` is that before the gap.
 */
export type GapPolicy =
	| "from-floor"
	| "latest"
	| "error"
	| ((gap: Gap) => unknown)
	| { readonly snapshot: (gap: Gap) => unknown };

/** How one subscriber wants to be served. */
export interface SubscriberOptions {
	readonly start: Start;
	readonly callback: MessageCallback | undefined;
	readonly onGap: GapPolicy | undefined;
	/** What begins the ids of messages that it does not want: those of its own client. */
	readonly unwanted: string | undefined;
	readonly signal: AbortSignal | undefined;
}
