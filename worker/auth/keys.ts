import { keyLimits } from "../../protocol/auth-limits.ts";
import {
	type Capability,
	compileRights,
	everything,
	type Rights,
	readCapabilities,
} from "../../protocol/capabilities.ts";
import { type Identity, keyPrincipal } from "../../protocol/identity.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { KeyConfig } from "../config.ts";
import { digestOf, sameDigest } from "./digest.ts";
import { weakness } from "./entropy.ts";

/** One key of `AEROGRAM_KEYS`. */
export interface Key {
	readonly id: string;
	/** SHA-256 of its secret: what is compared. */
	readonly digest: Uint8Array;
	/** Signs and verifies by HS256, with the UTF-8 of the secret. */
	readonly signing: CryptoKey;
	readonly capabilities: readonly Capability[];
	readonly rights: Rights;
}

/** Keys by their ids. */
export type Keys = ReadonlyMap<string, Key>;

const idPattern = /^[A-Za-z0-9_~-]+$/;

/** What a secret may hold: what a Bearer credential may (RFC 6750), but for the dot that ends the id. */
const secretPattern = /^[A-Za-z0-9_~+/-]+=*$/;

/**
 * Reads `AEROGRAM_KEYS`: pairs `id:secret`, apart by commas or white space; and what the configuration says of each. The fault is
 * `not_configured` and says what is wrong with which key, never what its secret is.
 */
export async function readKeys(
	text: string,
	configured: Readonly<Record<string, KeyConfig>> = {},
): Promise<Result<Keys>> {
	const keys = new Map<string, Key>();
	const secrets = new Set<string>();
	for (const [index, pair] of text
		.split(/[\s,]+/)
		.filter(Boolean)
		.entries()) {
		const [id = "", secret, ...rest] = pair.split(":");
		if (!isKeyId(id) || secret === undefined) {
			return refuse(
				`pair ${index + 1} is no id:secret, the id of letters, digits and _ ~ -, at most ${keyLimits.idLength}`,
			);
		}
		// Everybody is answered this: what may be a secret in the place of an id is not named.
		const key = weakness(id) === undefined ? `of pair ${index + 1}` : `of key ${id}`;
		if (rest.length > 0 || !secretPattern.test(secret)) {
			return refuse(`the secret ${key} must be letters, digits and _ ~ + / - (base64, base64url or hexadecimal)`);
		}
		const weak = weakness(secret);
		if (weak !== undefined) return refuse(`the secret ${key} ${weak}. Make one: openssl rand -hex 32`);
		if (keys.has(id)) return refuse(`key ${id} stands there twice: keys that are valid together have different ids`);
		if (secrets.has(secret)) return refuse(`key ${id} has the secret of another one`);
		const rights = readRights(id, configured);
		if (!rights.ok) return rights;
		secrets.add(secret);
		keys.set(id, { id, digest: await digestOf(secret), signing: await signingKey(secret), ...rights.value });
	}
	return succeed(keys);
}

/** Whether a text can be the id of a key. */
export function isKeyId(text: unknown): text is string {
	return typeof text === "string" && text.length <= keyLimits.idLength && idPattern.test(text);
}

/** Whom a key speaks for. The fault is `unauthorized`, the same for an id that is unknown and a secret that is wrong. */
export async function identifyKey(keys: Keys, credential: string): Promise<Result<Identity>> {
	const [id = "", secret = ""] = credential.split(".");
	const key = keys.get(id);
	const digest = await digestOf(secret);
	if (!key || !sameDigest(key.digest, digest)) return fail("unauthorized", "This key is not known here.");
	return succeed({ principal: keyPrincipal(id), capabilities: key.capabilities, key: id });
}

function readRights(
	id: string,
	configured: Readonly<Record<string, KeyConfig>>,
): Result<Pick<Key, "capabilities" | "rights">> {
	const said = Object.hasOwn(configured, id) ? configured[id]?.capabilities : undefined;
	if (said === undefined) return succeed({ capabilities: everything, rights: compileRights(everything) });
	const read = readCapabilities(said);
	if (!read.ok) return fail("not_configured", `aerogram.config.ts: keys.${id}: ${read.fault.message}`);
	return succeed({ capabilities: read.value, rights: compileRights(read.value) });
}

function signingKey(secret: string): Promise<CryptoKey> {
	const bytes = new TextEncoder().encode(secret);
	return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

function refuse(what: string) {
	return fail("not_configured", `AEROGRAM_KEYS: ${what}.`);
}
