import { issuerKeyLimits } from "../../protocol/auth-limits.ts";
import { parseJson } from "../../protocol/codec/json.ts";
import type { PublicKey } from "../config.ts";

/** The platform's fetch, as far as it is needed. */
export type Fetch = (url: string, options: RequestInit) => Promise<Response>;

/**
 * Fetches a JWK Set (RFC 7517): within `patience` milliseconds, of at most `setBytes`, and from where it was said, not from where that
 * leads to.
 *
 * @throws Error that says what was wrong.
 */
export async function fetchKeys(url: string, fetch: Fetch, patience: number): Promise<readonly PublicKey[]> {
	const signal = AbortSignal.timeout(patience);
	const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
	if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
	const read = parseJson(await readText(response));
	if (!read.ok) throw new Error(`${url} answers with something else than JSON`);
	const { keys } = (read.value ?? {}) as { readonly keys?: unknown };
	if (!Array.isArray(keys)) throw new Error(`${url} answers with no key set`);
	return keys.filter((key) => typeof key === "object" && key !== null) as readonly PublicKey[];
}

async function readText(response: Response): Promise<string> {
	const decoder = new TextDecoder();
	let text = "";
	let size = 0;
	for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
		size += chunk.byteLength;
		if (size > issuerKeyLimits.setBytes) throw new Error(`${response.url} answers with too much`);
		text += decoder.decode(chunk, { stream: true });
	}
	return text + decoder.decode();
}
