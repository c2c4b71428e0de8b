import type { Env } from "../env.ts";
import { shardOf } from "./api.ts";

/** The shard that knows a space, a principal, or whatever else has a name, by it. */
export function directories(env: Pick<Env, "DIRECTORY">) {
	return (name: string) => env.DIRECTORY.get(env.DIRECTORY.idFromName(shardOf(name)));
}
