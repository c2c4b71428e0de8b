import { Random } from "../helpers/random.ts";

/** A parser under random input. A row of the table is one of these: `onText` and `onBytes` make it. */
export interface FuzzTarget {
	readonly name: string;
	/** How many inputs it is tried with. */
	readonly inputs: number;
	/** Endless inputs for somebody else to try, the same for the same seed. */
	stream(seed: number): Generator<unknown>;
	/** Tries it with so many inputs, the same for the same seed. */
	run(seed: number, inputs: number): Tally;
}

/** What became of the inputs. */
export interface Tally {
	readonly inputs: number;
	/** Those that were valid ones with a few changes. */
	mutations: number;
	decoded: number;
	refused: number;
	decodedMutations: number;
	/** The first throw, and at what. */
	thrown: { readonly error: unknown; readonly input: unknown } | undefined;
}

/** What a target is made of. */
interface Parts<Input, Token> {
	readonly name: string;
	/** Default: 200,000. */
	readonly inputs?: number;
	/** What such inputs are made of: put into valid ones, and joined without order. */
	readonly tokens: readonly Token[];
	/** Makes an input that decodes. */
	valid(random: Random): Input;
	/** Decodes it; true when a value came out. */
	decode(input: Input): boolean;
}

/** Valid inputs are made once: most of the time is to go into the parser. */
const corpusSize = 400;

/** Half of the inputs are valid ones with a few changes, an eighth valid as they are, the rest has no order. */
function target<Input, Token>(
	parts: Parts<Input, Token>,
	mutate: (random: Random, input: Input) => Input,
	soup: (random: Random) => Input,
): FuzzTarget {
	const { name, inputs = 200_000, valid, decode } = parts;
	return {
		name,
		inputs,
		*stream(seed) {
			const random = new Random(seed);
			const corpus = Array.from({ length: corpusSize }, () => valid(random));
			for (let count = 0; ; count++) {
				const known = corpus[random.below(corpusSize)] as Input;
				yield count % 2 === 0 ? mutate(random, known) : count % 8 === 1 ? known : soup(random);
			}
		},
		run(seed, inputs) {
			const stream = this.stream(seed) as Generator<Input>;
			const tally: Tally = { inputs, mutations: 0, decoded: 0, refused: 0, decodedMutations: 0, thrown: undefined };
			// Most refusals are throws of the platform's own parsers: without their stacks they cost a third.
			const { stackTraceLimit } = Error;
			Error.stackTraceLimit = 0;
			for (let count = 0; count < inputs; count++) {
				const mutated = count % 2 === 0;
				const input = stream.next().value as Input;
				if (mutated) tally.mutations += 1;
				try {
					if (!decode(input)) tally.refused += 1;
					else if (mutated) tally.decodedMutations += 1;
					else tally.decoded += 1;
				} catch (error) {
					tally.thrown ??= { error, input };
				}
			}
			Error.stackTraceLimit = stackTraceLimit;
			tally.decoded += tally.decodedMutations;
			return tally;
		},
	};
}

const fragments = [
	..."abcXYZ0189 .,:;_-+*/\\\"'<>&{}[]()=#!?@~\t\n\r\0\u0001\u001f\u007f",
	...["\u2028", "\ufeff", "\uffff", "\ud800", "\udc00", "小", "宮", "😀", "]]>", "__proto__", "constructor", ""],
];

/** A parser of text. */
export function onText(parts: Parts<string, string>): FuzzTarget {
	const pieces = [...parts.tokens, ...parts.tokens, ...fragments];
	const piece = (random: Random) => pieces[random.below(pieces.length)] as string;
	const mutate = (random: Random, text: string) => {
		let changed = text;
		for (let edits = random.below(3); edits >= 0; edits--) {
			const at = random.below(changed.length + 1);
			// A piece put in, or in place of a few characters; or, now and then, one of its own again.
			const other = random.below(8) === 0 ? changed.slice(at, at + 12) : piece(random);
			changed = changed.slice(0, at) + other + changed.slice(at + random.below(3));
		}
		return changed;
	};
	const soup = (random: Random) => {
		let text = "";
		for (let left = random.below(16); left > 0; left--) text += piece(random);
		return text;
	};
	return target(parts, mutate, soup);
}

/** A parser of bytes. */
export function onBytes(parts: Parts<Uint8Array, number>): FuzzTarget {
	const byte = (random: Random) =>
		random.below(2) === 0 ? random.below(256) : (parts.tokens[random.below(parts.tokens.length)] as number);
	const mutate = (random: Random, bytes: Uint8Array) => {
		let changed = bytes.slice();
		for (let edits = random.below(3); edits >= 0; edits--) {
			const at = random.below(changed.length + 1);
			const kind = random.below(3);
			if (kind === 0) {
				changed[at] = byte(random);
				continue;
			}
			// Some left out, or one put in.
			const next = Math.min(changed.length, kind === 1 ? at + 1 + random.below(4) : at);
			const spliced = new Uint8Array(at + (kind - 1) + changed.length - next);
			spliced.set(changed.subarray(0, at));
			if (kind === 2) spliced[at] = byte(random);
			spliced.set(changed.subarray(next), at + (kind - 1));
			changed = spliced;
		}
		return changed;
	};
	const soup = (random: Random) => {
		const bytes = new Uint8Array(random.below(24));
		for (let at = 0; at < bytes.length; at++) bytes[at] = byte(random);
		return bytes;
	};
	return target(parts, mutate, soup);
}
