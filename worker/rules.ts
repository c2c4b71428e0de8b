import config from "../aerogram.config.ts";
import { compileRules } from "./compile-rules.ts";
import { readQuotas } from "./read-quotas.ts";

/**
 * What `aerogram.config.ts` says of channels and collections, for a space by its name. A mistake in it ends the Worker at its
 * start, with a sentence that names it.
 */
export const rulesOf = compileRules(config);

/** How much a client, a principal or a space may use, likewise. */
export const quotas = readQuotas(config.limits);
