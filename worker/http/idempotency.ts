import type { Context } from "hono";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { Problem } from "./problem.ts";
import type { App } from "./types.ts";

/**
 * Reads `Idempotency-Key`, with a digest of the request: its method, its path with the query, and the value of its body,
 * whatever format that came in. So the key of one request cannot answer another. Throws a `Problem` (`bad_request`) for a
 * key that is not printable ASCII of 1 to 128 characters.
 */
export async function readIdempotency(
	context: Context<App>,
	value: Json = null,
): Promise<{ readonly key: string; readonly hash: string } | undefined> {
	const key = context.req.header("idempotency-key");
	if (key === undefined) return undefined;
	if (!/^[\x20-\x7e]+$/.test(key) || key.length > limits.idempotencyKeyLength) {
		throw new Problem(
			"bad_request",
			`An Idempotency-Key is 1 to ${limits.idempotencyKeyLength} printable ASCII characters.`,
		);
	}
	// Two headers of that name come joined like this, and nobody could say which of them counts.
	if (key.includes(", ")) throw new Problem("bad_request", "Send one Idempotency-Key, without a comma before a space.");
	const { pathname, search } = new URL(context.req.url);
	const subject = `${context.req.method} ${pathname}${search}\n${canonicalText(value)}`;
	const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subject));
	return { key, hash: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** The same text for equal values: an object's members have no order. */
function canonicalText(value: Json): string {
	if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : JSON.stringify(value);
	if (isArray(value)) return `[${value.map(canonicalText).join()}]`;
	const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalText(member)}`).join()}}`;
}

function isArray(value: Json): value is readonly Json[] {
	return Array.isArray(value);
}
