import type { DirectoryApi } from "./directory/api.ts";
import type { SpaceApi } from "./space/api.ts";

/** What a Worker is bound to: `wrangler.toml` and `aerogram dev` give the same. */
export interface Env {
	readonly SPACES: DurableObjectNamespace<SpaceApi & Rpc.DurableObjectBranded>;
	readonly DIRECTORY: DurableObjectNamespace<DirectoryApi & Rpc.DurableObjectBranded>;
	/** `1`: dev mode for loopback only. `unsafe-open`: dev mode for whoever reaches the port. Anything else: no dev mode. */
	readonly AEROGRAM_DEV?: string;
	/** Factor on every duration, for tests. Honoured in dev mode only. */
	readonly AEROGRAM_DURATION_SCALE?: string;
}
