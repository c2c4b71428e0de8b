import config from "../../aerogram.config.ts";
import { issuerKeyLimits } from "../../protocol/auth-limits.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { Config } from "../config.ts";
import type { Env } from "../env.ts";
import { readIssuers } from "./issuers.ts";
import { type Keys, readKeys } from "./keys.ts";
import type { Signers } from "./verify.ts";

const { keys: configured, issuers: configuredIssuers = [] }: Config = config;

/** One for each isolate: they hold what was fetched. */
const issuers = readIssuers(configuredIssuers, {
	fetch: (...request) => fetch(...request),
	now: () => Date.now(),
	patience: issuerKeyLimits.fetchSeconds * 1_000,
	sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});

let known: { readonly text: string; readonly keys: Result<Keys> } | undefined;

/**
 * Who is taken at his word: the keys of this server and the issuers it trusts; none of either where nothing is configured. The
 * fault is `not_configured` and says what is wrong.
 */
export async function signersOf(env: Env): Promise<Result<Signers>> {
	const text = env.AEROGRAM_KEYS ?? "";
	// Read once for each isolate. What is kept is the result: another request must not wait for a promise of this one.
	if (known?.text !== text) known = { text, keys: await readKeys(text, configured) };
	const { keys } = known;
	if (!keys.ok) return keys;
	return issuers.ok ? succeed({ keys: keys.value, issuers: issuers.value }) : issuers;
}

/** Whether nobody could ever be let in: neither keys nor issuers are configured. */
export function isClosed({ keys, issuers }: Signers): boolean {
	return keys.size === 0 && issuers.length === 0;
}

/** What is answered while nobody can be let in. */
export const closed = fail(
	"not_configured",
	"This server is closed: it has no keys. Set AEROGRAM_KEYS to id:secret, with a secret of openssl rand -hex 32; on your own " +
		"machine `npm run dev` opens it by AEROGRAM_DEV.",
);
