import type { Json } from "./json-value.ts";

/** One client that is present on a channel. The pair of `from` and `client` names it. */
export interface Member<Data = Json> {
	/** The principal of its connection: taken from its token, never from what it says. */
	readonly from: string;
	/** The id of the client. */
	readonly client: string;
	/** When it entered or was last updated, milliseconds since 1970. */
	readonly ts: number;
	readonly data: Data;
}

/** What became of a member. With `leave`, `data` is the last that it had. */
export interface MemberEvent<Data = Json> extends Member<Data> {
	readonly event: "enter" | "update" | "leave";
}

/** From a client to the server: what makes it a member, changes that, or ends it. */
export type PresenceRequest =
	/** Become a member. One that is one already gets new data, and no second `enter` is told. */
	| { readonly type: "enter"; readonly ref: number; readonly channel: string; readonly data: Json }
	/** Change the data. Takes effect at most once a second; of those that come faster the last counts. */
	| { readonly type: "update"; readonly ref: number; readonly channel: string; readonly data: Json }
	| { readonly type: "leave"; readonly ref: number; readonly channel: string };

/** From the server to whoever watches a channel's members or its occupancy. */
export type PresenceNews =
	/**
	 * A part of all members, at the time of `to`; the last part has no `more`. Together they replace whatever was known.
	 * `to` is a digest of the members: the same for the same members, whoever computes it.
	 */
	| {
			readonly type: "members";
			readonly channel: string;
			readonly snapshot: true;
			readonly more: boolean;
			readonly to: string;
			readonly entries: readonly Member[];
	  }
	/** What changed between two digests. Who does not stand at `after` has missed something, and watches again. */
	| {
			readonly type: "members";
			readonly channel: string;
			readonly snapshot: false;
			readonly after: string;
			readonly to: string;
			readonly entries: readonly MemberEvent[];
	  }
	/** How many there are now. The last one counts. */
	| {
			readonly type: "occupancy";
			readonly channel: string;
			readonly members: number;
			/** Subscriptions to its messages that stand. */
			readonly subscribers: number;
	  };
