import type { RecordKey } from "./record.ts";
import type { Rows } from "./rows.ts";

/** When a record expires. */
export interface Expiry extends RecordKey {
	/** Milliseconds since 1970. */
	readonly expires: number;
}

/** How many expiries one look at all records brings into memory. */
const batch = 1_000;

/**
 * The records that expire next, in memory. An index would cost a row a write; so all records are looked at when what is
 * known here is used up, once in a thousand expiries and once after a wake.
 */
export class Expiries {
	readonly #rows: Rows;
	#soon = new Map<string, Expiry>();
	/** All that expires before this is in `#soon`; after a wake, nothing is known. */
	#until = Number.NEGATIVE_INFINITY;

	constructor(rows: Rows) {
		this.#rows = rows;
	}

	/** Takes over when a record now expires, once that is stored; null for never. */
	set({ collection, id }: RecordKey, expires: number | null): void {
		const key = `${collection}/${id}`;
		if (expires === null || expires >= this.#until) this.#soon.delete(key);
		else this.#soon.set(key, { collection, id, expires });
		if (this.#soon.size > 2 * batch) this.#shrink();
	}

	/** What has expired by now, or a part of it: then there is more when that is done with. */
	due(now: number): readonly Expiry[] {
		if (now >= this.#until) this.#load();
		return [...this.#soon.values()].filter(({ expires }) => expires <= now);
	}

	/** When the next record expires; undefined when none does. */
	next(): number | undefined {
		if (this.#soon.size === 0 && this.#until !== Number.POSITIVE_INFINITY) this.#load();
		if (this.#soon.size === 0) return undefined;
		return [...this.#soon.values()].reduce((least, { expires }) => Math.min(least, expires), Number.POSITIVE_INFINITY);
	}

	/** Forgets everything, after a wipe. */
	clear(): void {
		this.#soon = new Map();
		this.#until = Number.NEGATIVE_INFINITY;
	}

	#load(): void {
		const expiring = this.#rows.expiring(batch);
		this.#soon = new Map(expiring.map((expiry) => [`${expiry.collection}/${expiry.id}`, expiry]));
		// More may expire in the very millisecond of the last one: they come with the next look.
		this.#until = expiring.length < batch ? Number.POSITIVE_INFINITY : (expiring.at(-1)?.expires ?? 0);
	}

	#shrink(): void {
		const sorted = [...this.#soon.entries()].sort(([, a], [, b]) => a.expires - b.expires);
		this.#until = sorted[batch]?.[1].expires ?? this.#until;
		this.#soon = new Map(sorted.filter(([, { expires }]) => expires < this.#until));
	}
}
