import * as fc from "fast-check";
import { expect } from "vitest";
import type { Model } from "./model.ts";
import type { Real } from "./real.ts";

/** How often each step ran, and what it met. */
export type Counts = Map<string, number>;

/** Adds one to a count. */
export function count(counts: Counts, name: string): void {
	counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** What a step does to the model and to the real thing, and what it expects of both. */
export type Act = (model: Model, real: Real, counts: Counts) => Promise<void>;

/** A kind of step, and what is drawn at random for one. */
export interface StepKind {
	readonly name: string;
	/** How often it is drawn, beside the others. */
	readonly weight: number;
	/** Makes the step of these three random numbers. */
	readonly make: (a: number, b: number, c: number) => Act;
}

/** One step, as fast-check runs, prints and leaves them out. */
class Step implements fc.AsyncCommand<Model, Real> {
	readonly #kind: StepKind;
	readonly #numbers: readonly [number, number, number];
	readonly #counts: Counts;

	constructor(kind: StepKind, numbers: readonly [number, number, number], counts: Counts) {
		this.#kind = kind;
		this.#numbers = numbers;
		this.#counts = counts;
	}

	check(): boolean {
		return true;
	}

	async run(model: Model, real: Real): Promise<void> {
		count(this.#counts, this.#kind.name);
		await this.#kind.make(...this.#numbers)(model, real, this.#counts);
	}

	toString(): string {
		return `${this.#kind.name}(${this.#numbers.join()})`;
	}
}

/** Steps of these kinds, at random. */
export function stepsOf(kinds: readonly StepKind[], counts: Counts): fc.Arbitrary<fc.AsyncCommand<Model, Real>>[] {
	return kinds.flatMap((kind) => {
		const number = fc.nat({ max: 999 });
		const step = fc.tuple(number, number, number).map((numbers) => new Step(kind, numbers, counts));
		return Array.from({ length: kind.weight }, () => step);
	});
}

/** Says whose step it was where an expectation fails. */
export function same(actual: unknown, expected: unknown, what: string): void {
	expect(actual, what).toEqual(expected);
}
