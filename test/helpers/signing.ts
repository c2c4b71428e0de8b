import { createHmac, type KeyObject, sign } from "node:crypto";
import type { PublicKey } from "../../worker/config.ts";

/** A secret of 32 random bytes, as anybody makes one. It is of no server. */
export const testSecret = "q7Jd0WvYk3mT9xLr5ZcN8uBf2HsEa6GpQiXo1RtVwMy";

/** Another one, for a rotation. */
export const otherSecret = "Zt4KpX8cVb1NmQ7sWd3Fg6HjL0aYrEuIoP9vBn5MkCx";

/** What a test token says, but for what the test changes; `undefined` leaves a member out. */
export interface TokenParts {
	readonly header?: Readonly<Record<string, unknown>>;
	readonly claims?: Readonly<Record<string, unknown>>;
	readonly secret?: string;
}

/** A JWT as another library would write it, HS256 with Node's own cryptography: nothing of the product signs here. */
export function signToken({ header = {}, claims = {}, secret = testSecret }: TokenParts = {}): string {
	const iat = Math.floor(Date.now() / 1_000);
	const signed = [
		{ alg: "HS256", typ: "JWT", kid: "main", ...header },
		{ sub: "ada", iat, exp: iat + 600, caps: [{ allow: ["subscribe"], on: "s/channels/**" }], ...claims },
	]
		.map((part) => encode(JSON.stringify(part)))
		.join(".");
	return `${signed}.${hmac(signed, secret)}`;
}

/** A JWT whose parts are these texts, signed by HS256. */
export function signTexts(header: string, claims: string, secret = testSecret): string {
	const signed = `${encode(header)}.${encode(claims)}`;
	return `${signed}.${hmac(signed, secret)}`;
}

/** A JWT signed by a private key. */
export function signWithKey(header: object, claims: object, key: KeyObject): string {
	const signed = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`;
	const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
	const signature = sign(digest, Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
	return `${signed}.${signature.toString("base64url")}`;
}

/** The public half of a key as a JWK. */
export function publicJwk(key: KeyObject, more: object): PublicKey {
	return { ...key.export({ format: "jwk" }), ...more };
}

/** Base64url of a text or bytes. */
export function encode(value: string | Uint8Array): string {
	return Buffer.from(value as string).toString("base64url");
}

/** The HMAC-SHA256 of a text, as base64url. */
export function hmac(text: string, secret: string): string {
	return createHmac("sha256", secret).update(text).digest("base64url");
}
