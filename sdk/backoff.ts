import type { Durations } from "../protocol/limits.ts";

/** The longest that attempt number `attempt` (from 0) may wait, in milliseconds. */
export function backoffCeiling(attempt: number, durations: Durations): number {
	return Math.min(durations.backoffCap, durations.backoffBase * 2 ** attempt);
}

/**
 * Full jitter: anything from 0 to the ceiling, alike, so that clients that failed together do not come back together.
 * Never below `backoffFloor`.
 */
export function backoffDelay(attempt: number, random: () => number, durations: Durations): number {
	return Math.max(durations.backoffFloor, random() * backoffCeiling(attempt, durations));
}

/** The first delay after a drop that met many clients at once: from 0 to `spread`, or to the ceiling where that is more. */
export function spreadDelay(attempt: number, random: () => number, durations: Durations): number {
	return random() * Math.max(durations.spread, backoffCeiling(attempt, durations));
}
