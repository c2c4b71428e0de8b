import { revocationLimits } from "../../protocol/auth-limits.ts";
import { failureLine } from "../../protocol/log.ts";
import type { Revocation } from "./revocation.ts";
import type { Revocations } from "./revocations.ts";

/** What telling needs of its shard. */
export interface TellingHost {
	/** In milliseconds since 1970. */
	now(): number;
	/** Names of spaces after one, in order of name. */
	spacesAfter(after: string, most: number): readonly string[];
	/** Tells one space. Rejects where it cannot be told. */
	tell(space: string, revocation: Revocation): Promise<unknown>;
}

/**
 * Tells spaces what is due, from where the last turn stopped, `spacesAtOnce` of them at most: an invocation may ask only so many
 * objects, and whoever stands last must be told as well. Never rejects.
 */
export async function tellSome(revocations: Revocations, { now, spacesAfter, tell }: TellingHost): Promise<void> {
	let left: number = revocationLimits.spacesAtOnce;
	for (const untold of revocations.untold(now())) {
		if (left === 0) return;
		const names = untold.told < 2 ? spacesAfter(untold.after, left) : revocations.missed(untold, left);
		const outcomes = await Promise.allSettled(names.map((name) => tell(name, untold.revocation)));
		const missed = names.filter((_, index) => outcomes[index]?.status === "rejected");
		if (missed.length > 0) {
			console.error(failureLine(`telling ${missed.length} of ${names.length} spaces of a revocation`));
		}
		revocations.told(untold, { names, missed, last: names.length < left }, now());
		left -= names.length;
	}
}
