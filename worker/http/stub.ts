import { shardName, shards } from "../directory/api.ts";
import { directories } from "../directory/directories.ts";
import type { Revocation } from "../directory/revocation.ts";
import type { Env } from "../env.ts";

/** The object of a space. A stub that threw is broken for good, so each request gets its own. */
export function spaceStub(env: Env, space: string) {
	return env.SPACES.get(env.SPACES.idFromName(space));
}

/** Whether there is a space of this name. To ask the space itself would make it. */
export function isKnownSpace(env: Env, space: string): Promise<boolean> {
	return directories(env)(space).knows(space);
}

/** Revokes, in every shard of the Directory: each knows all that is revoked, and tells its own spaces. */
export async function revokeEverywhere(env: Env, revocation: Revocation): Promise<void> {
	await Promise.all(
		Array.from({ length: shards }, (_, shard) =>
			env.DIRECTORY.get(env.DIRECTORY.idFromName(shardName(shard))).revoke(revocation),
		),
	);
}

/** Names of spaces after `after`, in order, from all shards of the Directory; `visited`: also of those that hold nothing. */
export async function listSpaces(env: Env, after: string, limit: number, also?: "visited"): Promise<readonly string[]> {
	const lists = await Promise.all(
		Array.from({ length: shards }, (_, shard) =>
			env.DIRECTORY.get(env.DIRECTORY.idFromName(shardName(shard))).list(after, limit, also),
		),
	);
	return lists.flat().sort().slice(0, limit);
}
