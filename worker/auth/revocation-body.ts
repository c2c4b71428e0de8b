import { isFields } from "../../protocol/codec/fields.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { isPrincipal, isReserved } from "../../protocol/identity.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import { isTokenId } from "../../protocol/tokens.ts";
import type { Revocation } from "../directory/revocation.ts";
import { isKeyId } from "./keys.ts";

/** Reads what is to be revoked, at a time in milliseconds since 1970. The fault is `bad_request`. */
export function readRevocation(body: Json, now: number): Result<Revocation> {
	const { sub, key, jti } = isFields(body) ? body : {};
	const given = [sub, key, jti].filter((one) => one !== undefined);
	if (given.length !== 1) return fail("bad_request", "Give one of sub, key and jti.");
	if (isPrincipal(sub) && !isReserved(sub)) return succeed({ kind: "sub", name: sub, until: now });
	if (isKeyId(key)) return succeed({ kind: "key", name: key });
	if (isTokenId(jti)) return succeed({ kind: "jti", name: jti });
	return fail("bad_request", "sub is a principal that tokens have, key the id of a key, jti the id of a token.");
}
