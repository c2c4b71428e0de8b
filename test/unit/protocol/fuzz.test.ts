import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fuzzTargets } from "../../fuzz/decoders.ts";

// Another seed by hand: AEROGRAM_FUZZ_SEED=7 npx vitest run --project unit test/unit/protocol/fuzz.test.ts
const seed = Number(process.env.AEROGRAM_FUZZ_SEED ?? 20_261_122);
/** How many times the inputs of the table: more by hand, and in the soak. */
const times = Number(process.env.AEROGRAM_FUZZ_TIMES ?? 1);

const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

describe(`with seed ${seed}`, () => {
	test.each(fuzzTargets)(
		"the $name parser decodes or refuses $inputs random inputs, a tenth of them at least each, and throws at none",
		{ timeout: 60_000 * times },
		(target) => {
			const { name, inputs } = target;
			const before = prototypeOf();
			const started = process.cpuUsage();
			const { mutations, decoded, refused, decodedMutations, thrown } = target.run(seed, inputs * times);
			const { user, system } = process.cpuUsage(started);
			const seconds = (user + system) / 1e6;
			const share = (count: number) => `${((100 * count) / (inputs * times)).toFixed(0)} %`;
			console.log(
				`${name}: seed ${seed}, ${inputs * times} inputs in ${seconds.toFixed(2)} s of a processor, ${share(mutations)} mutations, ` +
					`${share(decoded)} decoded (${share(decodedMutations)} of all are mutations), ${share(refused)} refused`,
			);
			expect(thrown).toBeUndefined();
			expect(decoded + refused).toBe(inputs * times);
			expect(mutations).toBe((inputs * times) / 2);
			expect(decoded).toBeGreaterThanOrEqual((inputs * times) / 10);
			expect(refused).toBeGreaterThanOrEqual((inputs * times) / 10);
			// The changes must be small enough to reach past the first check, and large enough to break something.
			expect(decodedMutations).toBeGreaterThan(mutations / 50);
			expect(decodedMutations).toBeLessThan(mutations);
			expect(prototypeOf()).toEqual(before);
		},
	);

	test("nothing was rejected unheard", async () => {
		await new Promise((resolve) => setTimeout(resolve, 0));
		expect(rejections).toEqual([]);
	});
});

function prototypeOf(): readonly (readonly [PropertyKey, unknown])[] {
	return Reflect.ownKeys(Object.prototype).map(
		(key) => [key, Object.getOwnPropertyDescriptor(Object.prototype, key)] as const,
	);
}
