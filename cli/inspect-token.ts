import { readBase64Url } from "../protocol/codec/base64url.ts";
import { type Fault, fail } from "../protocol/result.ts";
import { looksLikeToken, readClaims, readToken } from "../protocol/tokens.ts";

/** What can be said of a token without the key that signed it. */
export interface DescribedToken {
	/** Its header and claims as they stand, where they can be read. */
	readonly says?: { readonly header: unknown; readonly claims: unknown };
	/** When it ends, as a sentence, where it says. */
	readonly ends?: string;
	/** Why every server would refuse it now, if one would. */
	readonly fault?: Fault;
}

/** Describes a token at a time, in milliseconds since 1970. */
export function describeToken(text: string, now: number): DescribedToken {
	if (!looksLikeToken(text)) {
		const message =
			"This is no token, which has three parts joined by dots. A key, <id>.<secret>, is nothing to inspect.";
		return { fault: fail("unauthorized", message).fault };
	}
	const [header, claims] = text.split(".").slice(0, 2).map(decode);
	const said = { ...(header !== undefined && claims !== undefined && { says: { header, claims } }) };
	const token = readToken(text);
	if (!token.ok) return { ...said, fault: token.fault };
	const { exp } = token.value.claims;
	const ends = typeof exp === "number" && Math.abs(exp) < 1e11 ? { ends: endSentence(exp * 1_000, now) } : {};
	const read = readClaims(token.value.claims, now);
	return { ...said, ...ends, ...(!read.ok && { fault: read.fault }) };
}

function decode(segment: string): unknown {
	const bytes = readBase64Url(segment);
	if (!bytes) return undefined;
	try {
		return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
	} catch {
		return undefined;
	}
}

function endSentence(ends: number, now: number): string {
	const away = spanText(Math.abs(ends - now));
	const when = new Date(ends).toISOString();
	return ends > now ? `It ends at ${when}, in ${away}.` : `It ended at ${when}, ${away} ago.`;
}

/** A span of milliseconds in its two largest units: `2 h 5 min`. */
function spanText(milliseconds: number): string {
	const units = [
		["d", 86_400_000],
		["h", 3_600_000],
		["min", 60_000],
		["s", 1_000],
	] as const;
	const parts: string[] = [];
	let rest = milliseconds;
	for (const [name, length] of units) {
		const count = Math.floor(rest / length);
		rest -= count * length;
		if (count > 0 && parts.length < 2) parts.push(`${count} ${name}`);
	}
	return parts.join(" ") || "0 s";
}
