import { channelOf } from "./channel-steps.ts";
import { type StepKind, same } from "./step.ts";

/** What is done with transactions, members and calls. */
export const liveSteps: readonly StepKind[] = [
	{
		name: "transaction",
		weight: 2,
		make: (a, b, c) => async (model, real) => {
			const [one, other, value] = [channelOf(b), channelOf(b + 1), real.value()];
			const { space } = real.program(a);
			const known = model.life.records.get("x")?.rev;
			// A third of them asks for a revision that is not there.
			const ifRev = c % 3 === 0 ? model.life.rev + 7 : known;
			const ifMatch = ifRev === undefined ? undefined : `"${real.epochs.at(-1)}:${ifRev}"`;
			const stored = space.transaction((tx) => {
				tx.publish(one, value);
				tx.put("things", "x", { n: c }, ifMatch === undefined ? {} : { ifMatch });
				tx.publish(other, value);
			});
			const seqs = await stored.then(
				({ results }) => results.map((each) => ("seq" in each ? each.seq : each.rev)),
				(error: { code?: string; item?: number }) => `${error.code} ${error.item}`,
			);
			if (ifRev !== known) return same(seqs, "condition_failed 1", "a transaction with a condition that fails");
			const first = model.publish(one, value);
			same(seqs, [first, model.put("x", c, undefined), model.publish(other, value)], "what a transaction stored");
		},
	},
	{
		name: "presence",
		weight: 2,
		make: (a, b, c) => async (model, real) => {
			const channel = channelOf(b);
			const { client, space } = real.program(a);
			const { presence } = space.channel(channel);
			if (c % 3 === 0) {
				await presence.leave();
				model.leave(channel, client.client);
			} else {
				await presence.enter({ c });
				model.enter(channel, client.client, c);
			}
		},
	},
	{
		name: "call",
		weight: 2,
		make: (a, b, c) => async (_model, real) => {
			const input = { n: c };
			const answer = real.ask(a, ({ space }) =>
				space.call<{ double: number }>("double", input, { timeout: 3_000_000 }),
			);
			if (b % 3 === 0) real.program(a).line.cut();
			same(await answer, { double: 2 * c }, "the reply to a call");
		},
	},
];
