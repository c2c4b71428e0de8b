import { tokenLimits } from "./auth-limits.ts";
import type { Capability } from "./capabilities.ts";

/** Whom a request or a socket speaks for, and what it may do. The edge makes it, the space acts by it; it is plain JSON. */
export interface Identity {
	/** A token's `sub`; `key:<id>` of a key; `anonymous` in dev mode; `tcp` on raw TCP. */
	readonly principal: string;
	readonly capabilities: readonly Capability[];
	/** When it ends, in milliseconds since 1970. Absent: it does not end, as keys and dev mode do not. */
	readonly ends?: number;
	/** The id of the key that it is, or that signed it. */
	readonly key?: string;
	/** The id of the token: its `jti`. */
	readonly token?: string;
	/** When the token was issued, its `iat` in milliseconds since 1970: what was issued before a cut-off is revoked. */
	readonly issued?: number;
}

/** Whom everybody speaks for in dev mode. */
export const anonymous = "anonymous";

/** Whom the messages of a principal that was erased are from. */
export const erased = "erased";

/** Whom a key speaks for. */
export function keyPrincipal(id: string): string {
	return `key:${id}`;
}

/** Whether a text can be a principal: printable ASCII without a space, as OpenID Connect has subjects. */
export function isPrincipal(text: unknown): text is string {
	return typeof text === "string" && text.length <= tokenLimits.principalLength && /^[\x21-\x7e]+$/.test(text);
}

/** Whether a principal is one that no token may have, because the server gives it itself. */
export function isReserved(principal: string): boolean {
	return principal === anonymous || principal === erased || principal === "tcp" || principal.startsWith("key:");
}
