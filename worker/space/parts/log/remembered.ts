/**
 * Producers that the channels of a space may have in memory together: twenty channels with all that one remembers. One takes
 * some 170 bytes, which is a quarter of the 128 MB of an object; with the longest names 450, and still less than all of it.
 */
const most = 200_000;

/** Counts the producers that are in memory, and says which channels have to let go of theirs. */
export class Remembered {
	/** How many each channel has, by name; the one used longest ago first. */
	readonly #sizes = new Map<string, number>();
	#total = 0;

	/** A channel was used and has so many. Returns those used longest ago that must let go of theirs, which are counted no more. */
	note(name: string, size: number): readonly string[] {
		this.#drop(name);
		const released: string[] = [];
		for (const other of this.#sizes.keys()) {
			if (this.#total + size <= most) break;
			this.#drop(other);
			released.push(other);
		}
		if (size > 0) this.#sizes.set(name, size);
		this.#total += size;
		return released;
	}

	/** None is in memory any more. */
	clear(): void {
		this.#sizes.clear();
		this.#total = 0;
	}

	#drop(name: string): void {
		this.#total -= this.#sizes.get(name) ?? 0;
		this.#sizes.delete(name);
	}
}
