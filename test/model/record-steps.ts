import type { StepKind } from "./step.ts";
import { same } from "./step.ts";

const collection = "things";
const ids = ["x", "y", "z"];

function idOf(number: number): string {
	return ids[number % ids.length] ?? "x";
}

/** What is done with records. */
export const recordSteps: readonly StepKind[] = [
	{
		name: "record write",
		weight: 2,
		make: (a, b, c) => async (model, real) => {
			const id = idOf(b);
			const things = real.program(a).space.collection<{ n: number }>(collection);
			const known = model.life.records.get(id);
			if (c % 4 === 0) {
				same(await things.delete(id), model.delete(id), `whether ${id} was there to be deleted`);
				return;
			}
			const ifRev = c % 4 === 1 ? Math.max(1, (known?.rev ?? 0) - (c % 3 === 0 ? 1 : 0)) : undefined;
			const options = ifRev === undefined ? {} : { ifMatch: `"${real.epochs.at(-1)}:${ifRev}"` };
			const rev = await things.put(id, { n: c }, options).then(
				(record) => record.rev,
				(error: { code?: string }) => (error.code === "condition_failed" ? undefined : Promise.reject(error)),
			);
			same(rev, model.put(id, c, ifRev), `the revision of ${id}, put if at ${ifRev}`);
		},
	},
	{
		name: "record read",
		weight: 1,
		make: (a) => async (model, real) => {
			const things = real.program(a).space.collection<{ n: number }>(collection);
			const { records } = await things.list();
			const found = Object.fromEntries(records.map(({ id, rev, data }) => [id, { rev, n: data.n }]));
			same(found, Object.fromEntries(model.life.records), "the records");
		},
	},
];
