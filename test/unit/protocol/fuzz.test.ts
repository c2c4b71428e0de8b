import { describe, expect, test } from "vitest";
import { type FuzzTarget, fuzzTargets } from "../../fuzz/decoders.ts";
import { Random } from "../../helpers/random.ts";

// Another seed by hand: AEROGRAM_FUZZ_SEED=7 npx vitest run --project unit test/unit/protocol/fuzz.test.ts
const seed = Number(process.env.AEROGRAM_FUZZ_SEED ?? 20_261_122);
const inputs = 20_000;

interface Tally {
	mutations: number;
	decoded: number;
	decodedMutations: number;
	throws: number;
	firstThrow: unknown;
}

/** Half of the inputs are valid ones with a few changes, an eighth valid as they are, the rest has no order. */
function run(target: FuzzTarget): Tally {
	const random = new Random(seed);
	const tally: Tally = { mutations: 0, decoded: 0, decodedMutations: 0, throws: 0, firstThrow: undefined };
	for (let count = 0; count < inputs; count++) {
		const mutated = count % 2 === 0;
		const input = mutated
			? target.mutate(random, target.valid(random))
			: count % 8 === 1
				? target.valid(random)
				: target.soup(random);
		try {
			const decoded = target.decode(input);
			if (mutated) tally.mutations += 1;
			if (decoded) tally.decoded += 1;
			if (decoded && mutated) tally.decodedMutations += 1;
		} catch (error) {
			tally.throws += 1;
			tally.firstThrow ??= { error, input };
		}
	}
	return tally;
}

describe(`with seed ${seed}`, () => {
	test.each(fuzzTargets)(
		"the $name decoder answers 20,000 random inputs and throws at none",
		{ timeout: 30_000 },
		(target) => {
			const before = prototypeOf();
			const tally = run(target);
			const { mutations, decoded, decodedMutations, throws } = tally;
			console.log(
				`${target.name}: seed ${seed}, ${inputs} inputs, ${mutations} mutations, ${decoded} decoded ` +
					`(${decodedMutations} of them mutations), ${throws} throws`,
			);
			expect(tally.firstThrow).toBeUndefined();
			expect(throws).toBe(0);
			expect(mutations).toBe(inputs / 2);
			expect(decoded).toBeGreaterThanOrEqual(inputs / 10);
			// The changes must be small enough to reach past the first check, and large enough to break something.
			expect(decodedMutations).toBeGreaterThan(200);
			expect(decodedMutations).toBeLessThan(mutations);
			expect(prototypeOf()).toEqual(before);
		},
	);
});

function prototypeOf(): readonly (readonly [PropertyKey, unknown])[] {
	return Reflect.ownKeys(Object.prototype).map(
		(key) => [key, Object.getOwnPropertyDescriptor(Object.prototype, key)] as const,
	);
}
