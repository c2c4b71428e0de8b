import { compactVerify } from "jose";
import type { Capability, Rights } from "../../protocol/capabilities.ts";
import type { Identity } from "../../protocol/identity.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import { readClaims, readToken, type TokenAlgorithm, type UnverifiedToken } from "../../protocol/tokens.ts";
import type { Issuer } from "./issuers.ts";
import type { Keys } from "./keys.ts";

/** Whose tokens are taken. */
export interface Signers {
	readonly keys: Keys;
	readonly issuers: readonly Issuer[];
}

/** Who signed a token, if its signature holds. */
interface Signer {
	readonly algorithm: TokenAlgorithm;
	readonly verifying: CryptoKey;
	readonly rights: Rights;
	readonly audience?: string | undefined;
	/** What a token may do that does not say. */
	readonly capabilities?: readonly Capability[] | undefined;
	/** The id of the key, where it is one of `AEROGRAM_KEYS`. */
	readonly key?: string;
}

/**
 * Whom a token speaks for at a time, in milliseconds since 1970. The fault is `unauthorized`, `token_expired`, or
 * `keys_unavailable` where the keys of its issuer cannot be had.
 */
export async function verifyToken(text: string, signers: Signers, now: number): Promise<Result<Identity>> {
	const token = readToken(text);
	if (!token.ok) return token;
	const found = await findSigner(token.value, signers);
	if (!found.ok) return found;
	const signer = found.value;
	// What the token says of its algorithm decides nothing; it may only agree with its key.
	if (token.value.algorithm !== signer.algorithm)
		return refuse("The token is signed in another way than its key signs.");
	if (!(await holds(text, signer))) return refuse("The signature of the token does not hold.");
	const claims = readClaims(token.value.claims, now);
	if (!claims.ok) return claims;
	if (!isMeantForUs(token.value, signer)) return refuse("The token is meant for somebody else: aud.");
	const { capabilities = signer.capabilities, ...said } = claims.value;
	if (!capabilities) return refuse("caps is missing: it says what the token may do.");
	if (!signer.rights.covers(capabilities)) return refuse("caps holds more than who signed the token may give.");
	return succeed({ ...said, capabilities, ...(signer.key !== undefined && { key: signer.key }) });
}

async function findSigner({ key: kid, claims }: UnverifiedToken, signers: Signers): Promise<Result<Signer>> {
	const key = signers.keys.get(kid);
	if (key) return succeed({ algorithm: "HS256", verifying: key.signing, rights: key.rights, key: key.id });
	for (const { config, keys, rights, capabilities } of signers.issuers) {
		if (config.issuer !== claims.iss) continue;
		const found = await keys.find(kid);
		if (!found.ok) return found;
		const { algorithm, audience } = config;
		if (found.value) return succeed({ algorithm, verifying: found.value, rights, audience, capabilities });
	}
	return refuse("The key that is said to have signed the token (kid) is not known here.");
}

async function holds(text: string, { verifying, algorithm }: Signer): Promise<boolean> {
	try {
		await compactVerify(text, verifying, { algorithms: [algorithm] });
		return true;
	} catch {
		return false;
	}
}

function isMeantForUs({ claims }: UnverifiedToken, { audience }: Signer): boolean {
	return audience === undefined || [claims.aud].flat().includes(audience);
}

function refuse(message: string) {
	return fail("unauthorized", message);
}
