import { type Durations, scaleDurations } from "../protocol/limits.ts";
import type { DirectoryApi } from "./directory/api.ts";
import type { SpaceApi } from "./space/api.ts";

/** What a Worker is bound to: `wrangler.toml` and `aerogram dev` give the same. */
export interface Env {
	readonly SPACES: DurableObjectNamespace<SpaceApi & Rpc.DurableObjectBranded>;
	readonly DIRECTORY: DurableObjectNamespace<DirectoryApi & Rpc.DurableObjectBranded>;
	/** `1`: dev mode for loopback only. `unsafe-open`: dev mode for whoever reaches the port. Anything else: no dev mode. */
	readonly AEROGRAM_DEV?: string;
	/** The keys of servers, a secret: pairs `id:secret`, apart by commas or white space. Two are valid together to change one. */
	readonly AEROGRAM_KEYS?: string;
	/** `failures`: of its requests a Worker logs those alone that failed in it (5xx). Anything else: each. */
	readonly AEROGRAM_LOG?: string;
	/** Factor on every duration, for tests. Honoured in dev mode only. */
	readonly AEROGRAM_DURATION_SCALE?: string;
}

/** Whether dev mode stands: everybody is `anonymous` and may do everything. Who may come in at all is another question. */
export function isDevMode(env: Env): boolean {
	return env.AEROGRAM_DEV === "1" || env.AEROGRAM_DEV === "unsafe-open";
}

/** The durations this server works with: the shipped ones, but for tests. */
export function durationsOf(env: Env): Durations {
	return scaleDurations(isDevMode(env) ? Number(env.AEROGRAM_DURATION_SCALE ?? 1) : 1);
}
