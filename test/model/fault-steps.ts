import type { StepKind } from "./step.ts";

/** What befalls lines and servers. */
export const faultSteps: readonly StepKind[] = [
	{
		name: "cut",
		weight: 2,
		make: (a) => async (_model, real) => real.program(a).line.cut(),
	},
	{
		name: "connect",
		weight: 1,
		make: (a) => async (_model, real) => real.program(a).space.connect(),
	},
	{
		name: "evict",
		weight: 3,
		make: () => async (_model, real) => real.engine.evict(real.space),
	},
	{
		name: "abort",
		weight: 1,
		make: () => async (_model, real) => real.engine.crash(real.space),
	},
	{
		name: "kill",
		weight: 1,
		make: () => async (_model, real) => real.engine.kill(),
	},
	{
		name: "wipe",
		weight: 1,
		make: () => async (model, real) => {
			await real.http().delete(`/v1/spaces/${real.space}`);
			model.wipe();
			await real.noteEpoch();
		},
	},
];
