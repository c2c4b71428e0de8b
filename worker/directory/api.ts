/** What the Worker and the spaces may ask of one shard of the Directory. */
export interface DirectoryApi {
	/** Notes a space, at its first write. */
	add(space: string): Promise<void>;
	/** Names after `after`, in order of name. */
	list(after: string, limit: number): Promise<readonly string[]>;
}

/** How many objects share the names. */
export const shards = 16;

/** The shard that knows a space: FNV-1a of its name. */
export function shardOf(space: string): string {
	let hash = 0x811c9dc5;
	for (let index = 0; index < space.length; index++) {
		hash = Math.imul(hash ^ space.charCodeAt(index), 0x01000193) >>> 0;
	}
	return shardName(hash % shards);
}

/** The name of a shard, 0 to 15. */
export function shardName(shard: number): string {
	return `shard-${shard}`;
}
