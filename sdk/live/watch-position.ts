import type { WatchPosition } from "../record-watch.ts";

/** Orders two places of one epoch: below 0 where the first lies before the second. A whole snapshot comes after its parts. */
export function comparePlaces(one: WatchPosition, other: WatchPosition): number {
	if (one.rev !== other.rev) return one.rev - other.rev;
	if (one.id === other.id) return 0;
	if (one.id === undefined) return 1;
	if (other.id === undefined) return -1;
	return one.id < other.id ? -1 : 1;
}

/** The earliest of some places of one epoch. */
export function earliestPlace(places: readonly WatchPosition[]): WatchPosition | undefined {
	let least: WatchPosition | undefined;
	for (const place of places) if (!least || comparePlaces(place, least) < 0) least = place;
	return least;
}
