/**
 * A digest of a set of members: the same for the same members, in whatever order they came. It is a sum of hashes, so that
 * one who comes or goes changes it without a look at the others. A member counts as another one after each change, because
 * its `ts` is another one then; so its data need not be read.
 */
export class Digest {
	#count = 0;
	#high = 0;
	#low = 0;

	/** A copy that goes its own way. */
	copy(): Digest {
		const copy = new Digest();
		copy.#count = this.#count;
		copy.#high = this.#high;
		copy.#low = this.#low;
		return copy;
	}

	/** A member is there, as of `ts`. `key` names it. */
	add(key: string, ts: number): void {
		this.#change(key, ts, 1);
	}

	/** It is not there any more, as of that `ts`. */
	remove(key: string, ts: number): void {
		this.#change(key, ts, -1);
	}

	/** As text: `<how many>.<hash>`. */
	toString(): string {
		const lanes = [this.#high, this.#low].map((lane) => (lane >>> 0).toString(36));
		return `${this.#count}.${lanes.join(".")}`;
	}

	#change(key: string, ts: number, sign: 1 | -1): void {
		const [high, low] = hash(`${key}\n${ts}`);
		this.#count += sign;
		this.#high = (this.#high + sign * high) | 0;
		this.#low = (this.#low + sign * low) | 0;
	}
}

/** Two hashes of 32 bits: cyrb53 of bryc (public domain) before it joins them. */
function hash(text: string): readonly [number, number] {
	let a = 0xdeadbeef;
	let b = 0x41c6ce57;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		a = Math.imul(a ^ code, 2_654_435_761);
		b = Math.imul(b ^ code, 1_597_334_677);
	}
	a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
	b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
	return [b | 0, a | 0];
}
