import type { KeyedRows, Place } from "./keyed-rows.ts";

/** Places that are looked up at once. */
const most = 10_000;
/** Spans that are kept, of those that read at the same time: with the longest keys, each takes some 2.5 MB. */
const mostSpans = 4;

/** Where messages stood that have a seq after one and up to another, in order of seq. */
interface Span {
	readonly channel: number;
	readonly after: number;
	readonly to: number;
	readonly places: readonly Place[];
}

/**
 * Where the messages of keyed channels stand, in order, kept from one page to the next: nothing but a sort of the whole
 * channel tells it. What is superseded later gets a seq after the span, so its place there is stale, and none is ever missing.
 */
export class KeyedPlaces {
	readonly #rows: KeyedRows;
	/** The one that was used last at the end. */
	#spans: readonly Span[] = [];

	constructor(rows: KeyedRows) {
		this.#rows = rows;
	}

	/** The places after a seq and up to another, at most the head, which must be stored. Some may be stale. */
	*between(channel: number, after: number, last: number): Iterable<Place> {
		for (let low = after; low < last; ) {
			const { places, to } = this.#span(channel, low, last);
			for (let index = firstAfter(places, low); index < places.length; index++) {
				const place = places[index];
				if (!place || place.seq > last) return;
				yield place;
			}
			low = to;
		}
	}

	/** Forgets all: the same seqs may be given again, after a wipe. */
	clear(): void {
		this.#spans = [];
	}

	#span(channel: number, low: number, last: number): Span {
		const known = this.#spans.find((span) => span.channel === channel && span.after <= low && low < span.to);
		const span = known ?? this.#read(channel, low, last);
		this.#spans = [...this.#spans.filter((other) => other !== span), span].slice(-mostSpans);
		return span;
	}

	#read(channel: number, after: number, last: number): Span {
		const places = this.#rows.places(channel, after, last, most);
		const to = places.length < most ? last : (places.at(-1)?.seq ?? last);
		return { channel, after, to, places };
	}
}

function firstAfter(places: readonly Place[], seq: number): number {
	let [low, high] = [0, places.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((places[middle]?.seq ?? 0) > seq) high = middle;
		else low = middle + 1;
	}
	return low;
}
