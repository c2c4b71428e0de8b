import { importJWK } from "jose";
import { issuerKeyLimits } from "../../protocol/auth-limits.ts";
import { failureLine } from "../../protocol/log.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { IssuerConfig, PublicKey } from "../config.ts";
import { type Fetch, fetchKeys } from "./fetch-keys.ts";

/** What a key set needs of the platform. */
export interface KeySetPorts {
	readonly fetch: Fetch;
	/** Milliseconds since 1970. */
	readonly now: () => number;
	/** The longest that a fetch may take, in milliseconds: `fetchSeconds`, but for tests. */
	readonly patience: number;
	/** Resolves after so many milliseconds. */
	sleep(milliseconds: number): Promise<void>;
}

/** How long to wait before looking again whether another request has fetched the keys. */
const look = 25;

/** The kind of key that an algorithm takes. */
const kinds = { RS256: { kty: "RSA" }, ES256: { kty: "EC", crv: "P-256" }, EdDSA: { kty: "OKP", crv: "Ed25519" } };

/**
 * The public keys of an issuer: those of the configuration, and those that its URL has. They are fetched when somebody asks for
 * the first, again when they are old or one is asked for that is not there, and never more often than `againSeconds`. Requests of
 * one isolate must not wait for each other's promises, so those that come while keys are fetched look again after a moment.
 */
export class KeySet {
	readonly #config: IssuerConfig;
	readonly #ports: KeySetPorts;
	#own: ReadonlyMap<string, CryptoKey> | undefined;
	#fetched: ReadonlyMap<string, CryptoKey> = new Map();
	#loaded = Number.NEGATIVE_INFINITY;
	#fetchingUntil = Number.NEGATIVE_INFINITY;
	#again = Number.NEGATIVE_INFINITY;

	constructor(config: IssuerConfig, ports: KeySetPorts) {
		this.#config = config;
		this.#ports = ports;
	}

	/** The key of an id, undefined where there is none. The fault is `keys_unavailable`. */
	async find(kid: string): Promise<Result<CryptoKey | undefined>> {
		this.#own ??= await importKeys(this.#config, this.#config.keys ?? []);
		const own = this.#own.get(kid);
		const { url } = this.#config;
		if (own || url === undefined) return succeed(own);
		while (!this.#isFresh(kid)) {
			const now = this.#ports.now();
			if (now < this.#fetchingUntil) await this.#ports.sleep(look);
			else if (now >= this.#again) await this.#load(url);
			else break;
		}
		const key = this.#fetched.get(kid);
		if (this.#age() < issuerKeyLimits.staleSeconds * 1_000) return succeed(key);
		return {
			ok: false,
			fault: {
				...fail("keys_unavailable", `The keys of ${this.#config.issuer} cannot be fetched now; come back later.`).fault,
				retryAfter: issuerKeyLimits.againSeconds,
			},
		};
	}

	#isFresh(kid: string): boolean {
		return this.#fetched.has(kid) && this.#age() < issuerKeyLimits.freshSeconds * 1_000;
	}

	#age(): number {
		return this.#ports.now() - this.#loaded;
	}

	/** A request that fetches may be given up by the platform at any moment; so what it holds the others off by has an end. */
	async #load(url: string): Promise<void> {
		const { fetch, patience, now } = this.#ports;
		const started = now();
		this.#fetchingUntil = started + patience;
		this.#again = started + issuerKeyLimits.againSeconds * 1_000;
		try {
			const keys = await fetchKeys(url, fetch, patience);
			this.#fetched = await importKeys(this.#config, keys);
			this.#loaded = now();
		} catch (error) {
			console.error(failureLine(`fetching the keys of ${this.#config.issuer}`, error));
		} finally {
			this.#fetchingUntil = Number.NEGATIVE_INFINITY;
		}
	}
}

/** The keys that fit the algorithm, by their ids; of two with one id, the first. Others are passed over. */
async function importKeys(config: IssuerConfig, keys: readonly PublicKey[]): Promise<ReadonlyMap<string, CryptoKey>> {
	const imported = new Map<string, CryptoKey>();
	for (const key of keys) {
		const { kid } = key;
		if (typeof kid !== "string" || imported.has(kid) || !fits(key, config.algorithm)) continue;
		// Nothing but what is public: with its private half a key would sign, and not verify.
		const { kty, crv, n, e, x, y } = key as Readonly<Record<string, string>>;
		try {
			imported.set(kid, (await importJWK({ kty: kty ?? "", crv, n, e, x, y } as never, config.algorithm)) as CryptoKey);
		} catch (error) {
			console.error(failureLine(`reading key ${kid} of ${config.issuer}`, error));
		}
	}
	return imported;
}

function fits(key: PublicKey, algorithm: IssuerConfig["algorithm"]): boolean {
	const forSigning = key.use === undefined || key.use === "sig";
	const sameAlgorithm = key.alg === undefined || key.alg === algorithm;
	return forSigning && sameAlgorithm && Object.entries(kinds[algorithm]).every(([name, value]) => key[name] === value);
}
