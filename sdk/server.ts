/**
 * `aerogram/server`: what a program does that holds a key: it mints tokens for its clients. It runs wherever there is WebCrypto:
 * Node, Workers, Deno, Bun. Never in a page, which would give the key away.
 *
 *     const token = await mintToken(process.env.AEROGRAM_KEYS, {
 *       sub: "user:42",
 *       capabilities: [{ allow: ["publish", "subscribe"], on: "team-42/channels/chat:*" }],
 *     });
 */

import type { Capability, Operation } from "../protocol/capabilities.ts";
import { writeBase64Url } from "../protocol/codec/base64url.ts";
import { type TokenRequest, writeToken } from "../protocol/minting.ts";
import { AerogramError, isAerogramError } from "./errors.ts";

export { AerogramError, type Capability, isAerogramError, type Operation, type TokenRequest };

/**
 * Mints a token: a JWT that the key signs by HS256. Nothing is asked of a server. `keys` is a key as `AEROGRAM_KEYS` has it,
 * `id:secret`; of several, the first signs.
 *
 * Rejects with `bad_request` for what no token can say, and for what is no key. What the key may not do, no server lets the token
 * do: it refuses the whole token.
 */
export async function mintToken(keys: string | undefined, request: TokenRequest): Promise<string> {
	const [id, secret] =
		(keys ?? "")
			.trim()
			.split(/[\s,]+/, 1)[0]
			?.split(":") ?? [];
	if (!id || !secret) throw new AerogramError("bad_request", "A key reads id:secret, as AEROGRAM_KEYS has it.");
	const written = writeToken(id, request, Date.now(), crypto.randomUUID());
	if (!written.ok) throw new AerogramError(written.fault.code, written.fault.message);
	const { text } = written.value;
	const bytes = new TextEncoder();
	const algorithm = { name: "HMAC", hash: "SHA-256" };
	const key = await crypto.subtle.importKey("raw", bytes.encode(secret), algorithm, false, ["sign"]);
	const signature = await crypto.subtle.sign("HMAC", key, bytes.encode(text));
	return `${text}.${writeBase64Url(new Uint8Array(signature))}`;
}
