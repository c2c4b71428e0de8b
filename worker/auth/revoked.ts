import { revocationLimits } from "../../protocol/auth-limits.ts";
import { type Identity, isReserved } from "../../protocol/identity.ts";
import { failureLine } from "../../protocol/log.ts";
import { shardName, shards } from "../directory/api.ts";
import { type Revocation, type RevocationNews, strikes } from "../directory/revocation.ts";
import type { Env } from "../env.ts";

/** Asks a shard for the revocations after a version. */
export type AskRevocations = (after: number) => Promise<RevocationNews>;

/**
 * The revocations as this isolate knows them: asked for again every `checkSeconds` while there are requests. Each isolate asks one
 * shard, any of them.
 */
export class RevokedList {
	readonly #now: () => number;
	/** By what they are of. */
	readonly #known = new Map<string, Revocation[]>();
	#version: number | undefined;
	#checked = Number.NEGATIVE_INFINITY;

	constructor(now: () => number) {
		this.#now = now;
	}

	/**
	 * Whether somebody is revoked; `ask` gives the revocations after a version. While the shard cannot be asked, what is known goes on counting; rejects where nothing is.
	 */
	async has(identity: Identity, ask: AskRevocations): Promise<boolean> {
		const now = this.#now();
		if (now - this.#checked >= revocationLimits.checkSeconds * 1_000) await this.#refresh(now, ask);
		const { principal, key, token } = identity;
		const places = [`sub ${principal}`, `key ${key}`, `jti ${token}`];
		return places.some((place) => this.#known.get(place)?.some((revocation) => strikes(revocation, identity)));
	}

	async #refresh(now: number, ask: AskRevocations): Promise<void> {
		// Once something is known, others go on with that meanwhile: one asks, and all do not wait.
		if (this.#version !== undefined) this.#checked = now;
		try {
			const { version, revocations } = await ask(this.#version ?? 0);
			// Another request may have been told of the same meanwhile.
			if (version > (this.#version ?? -1)) for (const revocation of revocations) this.#learn(revocation);
			this.#version = Math.max(version, this.#version ?? 0);
			this.#checked = now;
		} catch (error) {
			if (this.#version === undefined) throw error;
			console.error(failureLine("reading the revocations", error));
		}
	}

	#learn(revocation: Revocation): void {
		const place = `${revocation.kind} ${revocation.name}`;
		this.#known.set(place, [...(this.#known.get(place) ?? []), revocation]);
	}
}

const list = new RevokedList(() => Date.now());

/** The shard that this isolate asks. */
let shard: string | undefined;

/** Whether somebody was revoked, as this isolate knows, which may be `checkSeconds` late. */
export async function isRevoked({ DIRECTORY: directory }: Env, identity: Identity): Promise<boolean> {
	// Whom the server names itself, and no key stands behind, nobody can revoke: there is nothing to ask for.
	if (identity.key === undefined && isReserved(identity.principal)) return false;
	return list.has(identity, (after) => {
		// Drawn here: when a module is loaded there is no randomness yet.
		shard ??= shardName(Math.floor(Math.random() * shards));
		return directory.get(directory.idFromName(shard)).revocationsAfter(after);
	});
}
