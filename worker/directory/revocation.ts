import type { Identity } from "../../protocol/identity.ts";

/**
 * What counts no more: everything that was issued to a principal until a time; a key, with all that it ever signed; or one token,
 * by its `jti`.
 */
export type Revocation =
	| { readonly kind: "sub"; readonly name: string; readonly until: number }
	| { readonly kind: "key" | "jti"; readonly name: string };

/** Revocations of a shard that are newer than those of an earlier answer. */
export interface RevocationNews {
	readonly version: number;
	readonly revocations: readonly Revocation[];
}

/** Whether a revocation strikes somebody. A token that does not say when it was issued was issued before. */
export function strikes(revocation: Revocation, identity: Omit<Identity, "capabilities">): boolean {
	switch (revocation.kind) {
		case "sub":
			return identity.principal === revocation.name && (identity.issued ?? 0) <= revocation.until;
		case "key":
			return identity.key === revocation.name;
		case "jti":
			return identity.token === revocation.name;
	}
}
