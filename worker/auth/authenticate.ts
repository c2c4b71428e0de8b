import { everything } from "../../protocol/capabilities.ts";
import { anonymous, type Identity } from "../../protocol/identity.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import { looksLikeToken } from "../../protocol/tokens.ts";
import { type Env, isDevMode } from "../env.ts";
import { isClosed, signersOf } from "./authority.ts";
import { readCredential } from "./credentials.ts";
import { identifyKey } from "./keys.ts";
import { isRevoked } from "./revoked.ts";
import { useTicket } from "./tickets.ts";
import { verifyToken } from "./verify.ts";

/** Whom everybody is in dev mode who does not say. */
const everybody: Identity = { principal: anonymous, capabilities: everything };

/**
 * Whom a request speaks for. In dev mode that is `anonymous` where it shows no key, token or ticket, or where there are no keys to
 * look it up in: a program that will show one elsewhere runs here as it is. The fault is `not_configured`, or what is wrong with
 * what it shows.
 */
export async function authenticate(request: Request, env: Env): Promise<Result<Identity>> {
	const signers = await signersOf(env);
	if (!signers.ok) return signers;
	if (isDevMode(env) && isClosed(signers.value)) return succeed(everybody);
	const credential = readCredential(request);
	if (!credential.ok) return credential;
	if (credential.value) {
		const { kind, text } = credential.value;
		if (kind === "bearer") return identify(text, env);
		const identity = await useTicket(env, request, text);
		return identity.ok ? recheck(identity.value, env) : identity;
	}
	if (isDevMode(env)) return succeed(everybody);
	return fail("unauthorized", "Show a token, or a key: Authorization: Bearer <token>, or Bearer <id>.<secret>.");
}

/** Whom a key or a token speaks for: `authenticate` for who says it in another way than a header. */
export async function identify(credential: string, env: Env): Promise<Result<Identity>> {
	const signers = await signersOf(env);
	if (!signers.ok) return signers;
	const identity = looksLikeToken(credential)
		? await verifyToken(credential, signers.value, Date.now())
		: await identifyKey(signers.value.keys, credential);
	return identity.ok ? checkRevoked(identity.value, env) : identity;
}

/**
 * Whether somebody still counts who was let in before: the fault is `token_revoked`, `unauthorized` where the key behind it is gone,
 * or `not_configured`. Rejects where nothing is known of revocations, and the Directory cannot be asked.
 */
export async function recheck(identity: Identity, env: Env): Promise<Result<Identity>> {
	const { key } = identity;
	if (key !== undefined) {
		const signers = await signersOf(env);
		if (!signers.ok) return signers;
		// A key that was taken away takes along what it ever signed, and what that asked for.
		if (!signers.value.keys.has(key)) return fail("unauthorized", "The key behind this is gone.");
	}
	return checkRevoked(identity, env);
}

async function checkRevoked(identity: Identity, env: Env): Promise<Result<Identity>> {
	if (!(await isRevoked(env, identity))) return succeed(identity);
	return fail("token_revoked", "This was revoked: the token, the key that signed it, or all of its principal.");
}
