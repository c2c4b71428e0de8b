import { tokenLimits } from "./auth-limits.ts";
import { type Capability, readCapabilities } from "./capabilities.ts";
import { writeBase64Url } from "./codec/base64url.ts";
import { isPrincipal, isReserved } from "./identity.ts";
import { fail, type Result, succeed } from "./result.ts";
import { isTokenId } from "./tokens.ts";

/** What a token is asked to say. */
export interface TokenRequest {
	/** Whom it speaks for, the principal: 1 to 255 printable ASCII characters, such as `user:42`. */
	readonly sub: string;
	/** What it may do. */
	readonly capabilities: readonly Capability[];
	/** How long it lives, in seconds, at most a day. Default: 3,600, which is an hour. */
	readonly ttl?: number | undefined;
	/** When it ends, in seconds since 1970, in place of `ttl`. */
	readonly exp?: number | undefined;
	/** Its id, by which it alone can be revoked. Default: random. */
	readonly jti?: string | undefined;
}

/** A token without its signature. */
export interface UnsignedToken {
	/** What is signed: header and claims. */
	readonly text: string;
	/** When it ends, in milliseconds since 1970. */
	readonly ends: number;
	readonly jti: string;
}

/**
 * Writes what a key is to sign by HS256. `request` came from outside: the fault is `bad_request`. `now` is in milliseconds since
 * 1970, `id` the token's id where it asks for none.
 */
export function writeToken(key: string, request: TokenRequest, now: number, id: string): Result<UnsignedToken> {
	const { sub, capabilities, jti = id } = request;
	const iat = Math.floor(now / 1_000);
	if (request.ttl !== undefined && request.exp !== undefined) return refuse("Give ttl or exp, not both.");
	const ttl = request.ttl ?? (request.exp === undefined ? tokenLimits.defaultSeconds : request.exp - iat);
	if (!isPrincipal(sub))
		return refuse(`sub is whom the token speaks for: 1 to ${tokenLimits.principalLength} printable ASCII characters.`);
	if (isReserved(sub)) return refuse(`${sub} is a name that the server gives itself: no token speaks for it.`);
	if (!(Number.isSafeInteger(ttl) && ttl >= 1 && ttl <= tokenLimits.lifeSeconds)) {
		return refuse(
			`A token lives 1 to ${tokenLimits.lifeSeconds} s, in whole seconds: by ttl, or by exp, which counts from 1970.`,
		);
	}
	if (!isTokenId(jti)) return refuse(`jti is 1 to ${tokenLimits.idLength} printable ASCII characters.`);
	const caps = readCapabilities(capabilities);
	if (!caps.ok) return refuse(`capabilities: ${caps.fault.message}`);
	const header = { alg: "HS256", typ: "JWT", kid: key };
	const claims = { sub, iat, exp: iat + ttl, jti, caps: caps.value };
	const text = [header, claims].map((part) => writeBase64Url(new TextEncoder().encode(JSON.stringify(part)))).join(".");
	// A signature of HS256 is 43 characters, after a dot.
	if (text.length + 44 > tokenLimits.length) {
		return refuse(`The token would have more than ${tokenLimits.length} characters: ask for fewer capabilities.`);
	}
	return succeed({ text, ends: claims.exp * 1_000, jti });
}

function refuse(message: string) {
	return fail("bad_request", message);
}
