import type { KeyedRows, Place } from "./keyed-rows.ts";

/** Places that are looked up at once. */
const most = 10_000;
/** A page of fewer messages looks up no more places than it needs. */
const shortPage = 10;
/** Up to so many places are few: what a short catch-up reads takes no room from a long replay. */
const few = 1_000;
/**
 * Spans that are kept of few places, and of many, of those that read at the same time: with the longest keys, one of many
 * takes some 2.5 MB.
 */
const mostSpans = 4;
/** How many messages are looked up in vain before a span is read again: together they cost about what a sort does. */
const mostStale = 1_000;

/** Where messages stood that have a seq after one and up to another, in order of seq. */
interface Span {
	readonly channel: number;
	readonly after: number;
	readonly to: number;
	readonly places: readonly Place[];
	/** How often a message was no longer at its place. */
	stale: number;
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

	/**
	 * The messages after a seq and up to another, at most the head, which must be stored; one at a time, in order. `count`: how
	 * many are wanted, though one more may be asked for.
	 */
	*messages(channel: number, after: number, last: number, count: number): Iterable<{ seq: number; body: string }> {
		for (let low = after; low < last; ) {
			const span = this.#span(channel, low, last, count);
			let index = firstAfter(span.places, low);
			low = span.to;
			for (; index < span.places.length; index++) {
				const place = span.places[index];
				if (!place || place.seq > last) return;
				const body = this.#rows.bodyAt(channel, place);
				if (body !== undefined) {
					yield { seq: place.seq, body };
				} else if (++span.stale > mostStale) {
					this.#spans = this.#spans.filter((other) => other !== span);
					low = place.seq;
					break;
				}
			}
		}
	}

	/** Forgets all: the same seqs may be given again, after a wipe. */
	clear(): void {
		this.#spans = [];
	}

	#span(channel: number, low: number, last: number, count: number): Span {
		const known = this.#spans.find((span) => span.channel === channel && span.after <= low && low < span.to);
		const span = known ?? this.#read(channel, low, last, count < shortPage ? count + 1 : most);
		const { after, to, places } = span;
		// One that lies within another is no fresher than that.
		const others = this.#spans.filter((other) => other.channel !== channel || other.after < after || other.to > to);
		const isMany = places.length > few;
		const alike = others.filter((other) => other.places.length > few === isMany);
		const unlike = others.filter((other) => other.places.length > few !== isMany);
		this.#spans = [...unlike, ...[...alike, span].slice(-mostSpans)];
		return span;
	}

	#read(channel: number, after: number, last: number, limit: number): Span {
		const places = this.#rows.places(channel, after, last, limit);
		const to = places.length < limit ? last : (places.at(-1)?.seq ?? last);
		return { channel, after, to, places, stale: 0 };
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
