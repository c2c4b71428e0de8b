import type { KeptCalls } from "../../ports.ts";

/** A socket as calls know it: whoever calls, and whoever serves. */
export interface CallPeer {
	/** Whose it is: the same for each socket of one client. */
	readonly client: string;
	/** What it keeps of calls while the object sleeps. */
	readonly kept: KeptCalls;
	/** Adds one envelope to what leaves in this turn. */
	write(envelope: string): void;
	/** Keeps something else from now on. */
	remember(kept: KeptCalls): void;
}

/** Who has a call in hand. */
export type Holder =
	/** A socket that stands. */
	| { readonly kind: "peer"; readonly peer: CallPeer }
	/** A client whose socket is gone, and who may come back until then. */
	| { readonly kind: "gone"; readonly client: string; readonly until: number }
	/** Whoever took it over HTTP, until then. */
	| { readonly kind: "lease"; readonly until: number };

/** A call that has no result yet. */
export interface PendingCall {
	readonly id: string;
	/** Stands for the id in the attachments of sockets. */
	readonly number: number;
	readonly service: string;
	readonly principal: string;
	/** Whose call it is, as a peer names its client. */
	readonly client: string;
	/** Milliseconds since 1970. */
	readonly deadline: number;
	/** A digest of what was asked, where the caller gave one. */
	readonly hash: string | null;
	/** How often it has been handed over, as far as is remembered. */
	attempt: number;
	/** Absent while it waits for a server. */
	holder: Holder | undefined;
	/** The sockets of other clients that are told its progress and its result. */
	readonly waiters: Set<CallPeer>;
	/** The clients that handed it back. */
	readonly refusedBy: Set<string>;
}

/** Whether a call waits for a peer's client, whose socket is gone. */
export function isGone({ holder }: PendingCall, peer: CallPeer): boolean {
	return holder?.kind === "gone" && holder.client === peer.client;
}

/** Whether a call is in the hands of whoever speaks: a socket, or, without one, whoever took it over HTTP. */
export function isHeldBy({ holder, attempt }: PendingCall, said: number, peer: CallPeer | undefined): boolean {
	if (attempt !== said || !holder) return false;
	return peer ? holder.kind === "peer" && holder.peer === peer : holder.kind === "lease";
}
