import type { Json } from "../../protocol/envelopes.ts";

/** The seed of this run: that of `AEROGRAM_TEST_SEED`, to see again what another met; else one that nobody had. */
export function seedOfRun(): number {
	return Number(process.env.AEROGRAM_TEST_SEED ?? Date.now() % 1_000_000_000);
}

/** A source of the same random numbers for the same seed (mulberry32), so that a failure can be seen again. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** From 0 up to, not including, 1. */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	}

	/** A whole number from 0 up to, not including, `below`. */
	below(below: number): number {
		return Math.floor(this.next() * below);
	}

	/** One of the items. */
	pick<Item>(items: readonly Item[]): Item {
		const item = items[this.below(items.length)];
		if (item === undefined) throw new Error("there is nothing to pick from");
		return item;
	}

	/** So many of the items, or all where there are fewer, each once. */
	draw<Item>(items: readonly Item[], count: number): Item[] {
		const left = [...items];
		const take = () => left.splice(this.below(left.length), 1);
		return Array.from({ length: Math.min(count, left.length) }, take).flat();
	}

	/** Up to, not including, `below` of what `make` makes. */
	list<Item>(below: number, make: () => Item): Item[] {
		return Array.from({ length: this.below(below) }, make);
	}

	/** Text of letters, digits, signs, control characters, 中文, emoji and lone surrogates. */
	text(below = 12): string {
		return this.list(below, () => this.pick(characters)).join("");
	}

	/** A name part: letters, digits and `. _ ~ -`. */
	word(below = 10): string {
		return `a${this.list(below, () => this.pick([..."abcXYZ019_.~-"])).join("")}`;
	}

	/** A value of I-JSON, at most `depth` deep. */
	json(depth = 3): Json {
		const kind = this.below(depth > 0 ? 8 : 5);
		if (kind === 0) return this.pick([null, true, false]);
		if (kind === 1) return this.pick([0, -0, 1.5, -7, 2 ** 53 - 1, 1e-7, 1e21, this.below(1_000_000)]);
		if (kind < 5) return this.text();
		if (kind === 5) return this.list(4, () => this.json(depth - 1));
		return Object.fromEntries(this.list(4, () => [this.pick([...keys, this.text(6)]), this.json(depth - 1)]));
	}

	/** The text with one to three random changes: a piece left out, doubled, replaced or put in. */
	mutate(text: string, tokens: readonly string[]): string {
		let changed = text;
		for (let edits = this.pick([1, 1, 2, 3]); edits > 0; edits--) {
			const at = this.below(changed.length + 1);
			const end = Math.min(changed.length, at + this.below(3));
			const pieces = [tokens, characters, [..."abc123"], [changed.slice(at, at + this.below(12))]];
			changed = changed.slice(0, at) + this.pick(this.pick(pieces)) + changed.slice(end);
		}
		return changed;
	}

	/** The bytes with one to three random changes: a byte replaced, a piece left out, a byte put in. */
	mutateBytes(bytes: Uint8Array): Uint8Array {
		let changed = [...bytes];
		for (let edits = this.pick([1, 1, 2, 3]); edits > 0; edits--) {
			const at = this.below(changed.length + 1);
			const kind = this.below(3);
			if (kind === 0) changed[at] = this.below(256);
			else if (kind === 1) changed = [...changed.slice(0, at), ...changed.slice(at + 1 + this.below(4))];
			else changed.splice(at, 0, this.below(256));
		}
		return Uint8Array.from(changed);
	}
}

const characters = [
	..."abcdefgXYZ0123456789 .,:;_-+*/\\\"'<>&{}[]()=#!?@~\t\n\r",
	"\0",
	"\u0001",
	"\u001f",
	"\u007f",
	"\u2028",
	"\ufeff",
	"\uffff",
	"\ud800",
	"\udc00",
	"小",
	"飞",
	"机",
	"宮",
	"😀",
	"]]>",
	"__proto__",
];

const keys = [
	"",
	"a",
	"b",
	"a b",
	"1",
	"m",
	"k",
	"type",
	"item",
	"name",
	"message",
	"__proto__",
	"constructor",
	"名字",
];
