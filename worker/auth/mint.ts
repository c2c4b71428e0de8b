import { writeBase64Url } from "../../protocol/codec/base64url.ts";
import { isFields } from "../../protocol/codec/fields.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { type Identity, keyPrincipal } from "../../protocol/identity.ts";
import { type TokenRequest, writeToken } from "../../protocol/minting.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { Env } from "../env.ts";
import { signersOf } from "./authority.ts";

/** A token that was minted. */
export interface MintedToken {
	readonly token: string;
	readonly jti: string;
	/** When it ends, in milliseconds since 1970. */
	readonly expires: number;
}

/**
 * Mints a token for what a body asks, signed by the key that asks. The fault is `forbidden` where no key asks, or one that may
 * do less than the token would; `bad_request` for what no token can say.
 */
export async function mint(env: Env, identity: Identity, body: Json, now: number): Promise<Result<MintedToken>> {
	const signers = await signersOf(env);
	if (!signers.ok) return signers;
	const key = identity.key === undefined ? undefined : signers.value.keys.get(identity.key);
	if (!key || identity.principal !== keyPrincipal(key.id)) {
		return fail("forbidden", "Only a key mints tokens: Authorization: Bearer <id>.<secret>.");
	}
	if (!isFields(body))
		return fail("bad_request", 'A token is asked for by an object: {"sub": …, "capabilities": […]}.');
	const request = body as unknown as TokenRequest;
	const written = writeToken(key.id, request, now, crypto.randomUUID());
	if (!written.ok) return written;
	if (!key.rights.covers(request.capabilities)) {
		return fail(
			"forbidden",
			`The key ${key.id} may do less than this token would: ask for no more than its capabilities.`,
		);
	}
	const { text, jti, ends: expires } = written.value;
	const signature = await crypto.subtle.sign("HMAC", key.signing, new TextEncoder().encode(text));
	return succeed({ token: `${text}.${writeBase64Url(new Uint8Array(signature))}`, jti, expires });
}
