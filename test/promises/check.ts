/** Fails with what was expected and what came instead. Compares by value, as JSON. */
export function equal(actual: unknown, expected: unknown, what = "value"): void {
	const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
	if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

/** Fails unless something is true. */
export function ensure(holds: boolean, what: string): void {
	if (!holds) throw new Error(`not so: ${what}`);
}

/** Resolves to what a promise rejects with; fails when it does not reject. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
	const settled = await promise.then(
		(value) => ({ value }),
		(error: unknown) => ({ error }),
	);
	if ("error" in settled) return settled.error;
	throw new Error(`expected a rejection, got ${JSON.stringify(settled.value)}`);
}

/** Takes `count` items of an iterable, then leaves it. */
export async function take<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
	const taken: Item[] = [];
	for await (const item of items) {
		taken.push(item);
		if (taken.length === count) break;
	}
	return taken;
}

/** Resolves after some milliseconds. */
export function sleep(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves as soon as something holds; fails after ten seconds. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
	for (const until = Date.now() + 10_000; !holds(); await sleep(2)) {
		if (Date.now() > until) throw new Error(`never came: ${what}`);
	}
}

/** The whole numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
	return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
