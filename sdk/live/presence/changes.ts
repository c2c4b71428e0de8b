import type { Json } from "../../../protocol/envelopes.ts";
import type { Member, MemberEvent } from "../../../protocol/presence.ts";

/** Who is on a channel now, and what changed since the application was told last. */
export interface MembersChange<Data = Json> {
	/** Everybody, in order of `from`, then `client`. */
	readonly members: readonly Member<Data>[];
	/** What led there: at first everybody as `enter`. What came and went meanwhile is not among it. */
	readonly changes: readonly MemberEvent<Data>[];
}

/** How many there are. */
export interface Occupancy {
	readonly members: number;
	/** Subscriptions to the channel's messages that stand, of all clients. */
	readonly subscribers: number;
}

/** What can be said of everything that waits. */
export interface PresenceOptions {
	/** Gives up the wait; the promise then rejects, or the iteration throws, with the signal's reason. */
	readonly signal?: AbortSignal | undefined;
}
