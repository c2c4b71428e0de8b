/**
 * Tokens as they are written: JWTs (RFC 7519) of a compact JWS (RFC 7515), read as strictly as RFC 8725 asks. Nothing here checks
 * a signature; who signs and who verifies share these rules.
 */

import { tokenLimits } from "./auth-limits.ts";
import { type Capability, readCapabilities } from "./capabilities.ts";
import { readBase64Url } from "./codec/base64url.ts";
import { hasDuplicates } from "./codec/duplicates.ts";
import { type Fields, isFields } from "./codec/fields.ts";
import { parseJson } from "./codec/json.ts";
import type { ErrorCode } from "./errors.ts";
import { isPrincipal, isReserved } from "./identity.ts";
import { fail, type Result, succeed } from "./result.ts";

/** How a token may be signed: by a key of `AEROGRAM_KEYS` the first, by one of a JWKS the others. */
export type TokenAlgorithm = "HS256" | "RS256" | "ES256" | "EdDSA";

/** A token that was read, and whose signature nobody has looked at. */
export interface UnverifiedToken {
	readonly algorithm: string;
	/** The id of the key that is said to have signed it. */
	readonly key: string;
	readonly header: Fields;
	readonly claims: Fields;
}

/** What the claims of a token say, once they are found to hold now. */
export interface TokenClaims {
	readonly principal: string;
	/** Absent where the token has no `caps`. */
	readonly capabilities?: readonly Capability[];
	/** Milliseconds since 1970, as the others. */
	readonly ends: number;
	readonly issued?: number;
	readonly token?: string;
}

/** The `Authorization` scheme of tokens as a WebSocket subprotocol: `bearer.<token>`. */
export const bearerSubprotocol = "bearer.";

/** Header parameters that would let a token choose its own key, or another way to be read. */
const forbidden = ["crit", "jku", "x5u", "x5c", "jwk", "b64", "zip", "enc"];

/** Whether a credential is meant as a token: three parts. A key has two. */
export function looksLikeToken(text: string): boolean {
	return text.split(".", 4).length === 3;
}

/** Reads a token, without checking what it says or who signed it. The fault is `unauthorized`. */
export function readToken(text: string): Result<UnverifiedToken> {
	if (text.length > tokenLimits.length) return refuse(`A token has at most ${tokenLimits.length} characters.`);
	const segments = text.split(".", 4);
	const [first = "", second = "", third = ""] = segments;
	if (segments.length !== 3 || first === "" || second === "" || third === "") {
		return refuse("A token is three parts joined by dots: header, claims and signature.");
	}
	if (readBase64Url(third) === undefined) return refuse(notCanonical("signature"));
	const header = readPart(first, "header");
	if (!header.ok) return header;
	const claims = readPart(second, "claims");
	if (!claims.ok) return claims;
	return readHeader(header.value, claims.value);
}

/**
 * Reads the claims of a token at a time, in milliseconds since 1970. The fault is `unauthorized`, or `token_expired` for what
 * is wrong with its end alone.
 */
export function readClaims(claims: Fields, now: number): Result<TokenClaims> {
	const { sub, exp, iat, nbf, jti, caps } = claims;
	if (!isPrincipal(sub))
		return refuse(`sub is missing, or not 1 to ${tokenLimits.principalLength} printable ASCII characters.`);
	if (isReserved(sub)) return refuse("sub is a name that the server gives itself.");
	if (!isTime(exp)) return refuse("exp is missing, or not in seconds since 1970.");
	if (iat !== undefined && !isTime(iat)) return refuse("iat is not in seconds since 1970.");
	if (nbf !== undefined && !isTime(nbf)) return refuse("nbf is not in seconds since 1970.");
	if (jti !== undefined && !isTokenId(jti)) {
		return refuse(`jti is not 1 to ${tokenLimits.idLength} printable ASCII characters.`);
	}
	const seconds = now / 1_000;
	const { leewaySeconds, lifeSeconds } = tokenLimits;
	if (seconds > exp + leewaySeconds) return refuse("The token has ended.", "token_expired");
	if (nbf !== undefined && seconds < nbf - leewaySeconds) return refuse("nbf: the token does not count yet.");
	if (iat !== undefined && seconds < iat - leewaySeconds) return refuse("iat: the token was issued in the future.");
	if (exp - (iat ?? seconds - leewaySeconds) > lifeSeconds || exp - seconds > lifeSeconds + leewaySeconds) {
		return refuse(`The token lives longer than ${lifeSeconds} s.`);
	}
	const capabilities = caps === undefined ? undefined : readCapabilities(caps);
	if (capabilities && !capabilities.ok) return refuse(`caps: ${capabilities.fault.message}`);
	return succeed({
		principal: sub,
		ends: exp * 1_000,
		...(capabilities && { capabilities: capabilities.value }),
		...(iat !== undefined && { issued: iat * 1_000 }),
		...(jti !== undefined && { token: jti }),
	});
}

/** Whether a text can name a token. */
export function isTokenId(text: unknown): text is string {
	return typeof text === "string" && text.length <= tokenLimits.idLength && /^[\x21-\x7e]+$/.test(text);
}

function readHeader(header: Fields, claims: Fields): Result<UnverifiedToken> {
	const { alg, kid, typ } = header;
	const found = forbidden.find((name) => Object.hasOwn(header, name));
	if (found !== undefined) return refuse(`A token with ${found} in its header is not taken.`);
	if (typeof alg !== "string") return refuse("alg is missing in the header.");
	if (typeof kid !== "string" || kid === "")
		return refuse("kid is missing in the header: it names the key that signed.");
	if (typ !== undefined && !(typeof typ === "string" && /^(?:application\/)?(?:at\+)?jwt$/i.test(typ))) {
		return refuse("typ in the header is JWT.");
	}
	return succeed({ algorithm: alg, key: kid, header, claims });
}

function readPart(segment: string, what: string): Result<Fields> {
	const bytes = readBase64Url(segment);
	if (!bytes) return refuse(notCanonical(what));
	let text: string;
	try {
		text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		return refuse(`The ${what} is not UTF-8.`);
	}
	const read = parseJson(text);
	if (!read.ok || !isFields(read.value)) return refuse(`The ${what} is no JSON object.`);
	return hasDuplicates(text) ? refuse(`The ${what} says something twice.`) : succeed(read.value);
}

function notCanonical(what: string): string {
	return `The ${what} is not canonical base64url.`;
}

/** Seconds since 1970, as a NumericDate of RFC 7519, far from where milliseconds lose their value. */
function isTime(value: unknown): value is number {
	return typeof value === "number" && value >= 0 && value < 1e11;
}

function refuse(message: string, code: ErrorCode = "unauthorized") {
	return fail(code, message);
}
