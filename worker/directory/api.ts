import type { Revocation, RevocationNews } from "./revocation.ts";
import type { Ticket } from "./tickets.ts";

/** What the Worker and the spaces may ask of one shard of the Directory. */
export interface DirectoryApi {
	/** Notes a space, at its first write. */
	add(space: string): Promise<void>;
	/**
	 * Notes that a principal begins a space, unless it has begun `most` others; false then. Of the shard that knows the
	 * principal.
	 */
	claim(principal: string, space: string, most: number): Promise<boolean>;
	/** A principal's space is wiped: it counts no more. */
	release(principal: string, space: string): Promise<void>;
	/** Names after `after`, in order of name; with `visited` also of spaces that hold nothing. */
	list(after: string, limit: number, also?: "visited"): Promise<readonly string[]>;
	/** Whether a space holds something, or had a socket of somebody who was known. */
	knows(space: string): Promise<boolean>;
	/** Keeps a ticket, by its digest. */
	keepTicket(digest: string, ticket: Ticket): Promise<void>;
	/** What a ticket opens, if it counts. One for a socket counts once. */
	useTicket(digest: string): Promise<Ticket | undefined>;
	/** Notes a space that has sockets and holds nothing: it is not listed, and told of revocations. */
	visit(space: string): Promise<void>;
	/** Revokes, and tells every space of this shard soon. */
	revoke(revocation: Revocation): Promise<void>;
	/** The revocations after a version of this shard. */
	revocationsAfter(version: number): Promise<RevocationNews>;
}

/** How many objects share the names. */
export const shards = 16;

/** The shard that knows a space, a principal, or whatever else has a name: FNV-1a of it. */
export function shardOf(name: string): string {
	let hash = 0x811c9dc5;
	for (let index = 0; index < name.length; index++) {
		hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
	}
	return shardName(hash % shards);
}

/** The name of a shard, 0 to 15. */
export function shardName(shard: number): string {
	return `shard-${shard}`;
}
