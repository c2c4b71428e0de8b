import { limits } from "../../protocol/limits.ts";
import { Problem } from "./problem.ts";

/**
 * Reads `Idempotency-Key`, with a digest of the request, so that the key of one request cannot answer another. Throws a
 * `Problem` (`bad_request`) for a key that is not printable ASCII of 1 to 128 characters.
 */
export async function readIdempotency(
	request: Request,
	text: string,
): Promise<{ readonly key: string; readonly hash: string } | undefined> {
	const key = request.headers.get("idempotency-key");
	if (key === null) return undefined;
	if (!/^[\x20-\x7e]+$/.test(key) || key.length > limits.idempotencyKeyLength) {
		throw new Problem(
			"bad_request",
			`An Idempotency-Key is 1 to ${limits.idempotencyKeyLength} printable ASCII characters.`,
		);
	}
	const subject = `${request.method} ${new URL(request.url).pathname}\n${text}`;
	const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subject));
	return { key, hash: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}
