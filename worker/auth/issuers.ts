import {
	type Capability,
	compileRights,
	everything,
	type Rights,
	readCapabilities,
} from "../../protocol/capabilities.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { IssuerConfig } from "../config.ts";
import { KeySet, type KeySetPorts } from "./key-set.ts";

/** Somebody whose tokens are taken. */
export interface Issuer {
	readonly config: IssuerConfig;
	readonly keys: KeySet;
	/** What its tokens may do at most. */
	readonly rights: Rights;
	/** What a token of it may do that does not say. */
	readonly capabilities?: readonly Capability[];
}

/** Reads the issuers of the configuration. The fault is `not_configured`, and says what is wrong with which. */
export function readIssuers(configs: readonly IssuerConfig[], ports: KeySetPorts): Result<readonly Issuer[]> {
	const issuers: Issuer[] = [];
	for (const [index, config] of configs.entries()) {
		const refuse = (what: string) => fail("not_configured", `aerogram.config.ts: issuers[${index}]: ${what}.`);
		const { issuer, algorithm, url, keys } = config;
		if (typeof issuer !== "string" || issuer === "") return refuse("issuer is missing, the iss of its tokens");
		if (!["RS256", "ES256", "EdDSA"].includes(algorithm)) return refuse("algorithm is RS256, ES256 or EdDSA");
		if (url === undefined && keys === undefined) return refuse("give url, keys or both");
		if (url !== undefined && !isKeySetUrl(url))
			return refuse("url is https://… with a name, no address and no password");
		const read = readCapabilities(config.capabilities ?? []);
		if (!read.ok) return refuse(read.fault.message);
		issuers.push({
			config,
			keys: new KeySet(config, ports),
			rights: compileRights(config.capabilities ? read.value : everything),
			...(config.capabilities && { capabilities: read.value }),
		});
	}
	return succeed(issuers);
}

/**
 * Whether keys may be fetched from there. Those that travel in the clear are nobody's; on one machine they do not travel.
 * Everywhere else a name must be proven: an address, however it is written, is mostly one inside a network.
 */
function isKeySetUrl(text: string): boolean {
	const url = URL.parse(text);
	if (url?.username !== "" || url.password !== "") return false;
	if (url.protocol === "https:") return !/^(?:[\d.]+|\[.*\])$/.test(url.hostname);
	return url.protocol === "http:" && /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
}
