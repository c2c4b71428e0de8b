import { ensure, equal, eventually, range, rejection, sleep } from "./check.ts";
import type { Promised } from "./promise.ts";

/** What serving promises. */
export const servePromises: readonly Promised[] = [
	{
		name: "a handler gets the input and who calls, and the call resolves to what it returns",
		async keep({ connect, space }) {
			const serving = connect()
				.space(space)
				.serve<{ n: number }>("add", ({ n }, { from, attempt }) => {
					return { n: n + 1, from, attempt };
				});
			await serving.ready;
			equal(await connect().space(space).call("add", { n: 1 }), { n: 2, from: "anonymous", attempt: 1 });
		},
	},
	{
		name: "several servers share the calls, and none runs more at a time than it takes",
		async keep({ connect, space }) {
			const most = [0, 0, 0];
			const count = [0, 0, 0];
			const servings = range(0, 2).map((index) => {
				let running = 0;
				return connect()
					.space(space)
					.serve(
						"share",
						async () => {
							running += 1;
							count[index] = (count[index] ?? 0) + 1;
							most[index] = Math.max(most[index] ?? 0, running);
							await sleep(2);
							running -= 1;
							return index;
						},
						{ concurrency: 2 },
					);
			});
			await Promise.all(servings.map(({ ready }) => ready));
			const caller = connect().space(space);
			await Promise.all(range(1, 60).map(() => caller.call("share")));
			equal(most, [2, 2, 2]);
			ensure(Math.min(...count) >= 10, `each has its share, of 60: ${count}`);
		},
	},
	{
		name: "a hundred updates reach the caller in order, all before the reply",
		async keep({ connect, space }) {
			const serving = connect()
				.space(space)
				.serve<number>("steps", (steps, { progress }) => {
					for (const step of range(1, steps)) progress(step);
					return "done";
				});
			await serving.ready;
			const seen: unknown[] = [];
			const reply = await connect()
				.space(space)
				.call("steps", 100, { onProgress: (step) => seen.push(step) });
			equal([reply, seen], ["done", range(1, 100)]);
		},
	},
	{
		name: "what a handler throws is told to the caller, and the service goes on",
		async keep({ connect, space, isAerogramError }) {
			const serving = connect()
				.space(space)
				.serve("throws", (input) => {
					if (input !== "fine") throw Object.assign(new Error("Too wide."), { data: { most: 640 } });
					return "fine";
				});
			await serving.ready;
			const caller = connect().space(space);
			const error = await rejection(caller.call("throws"));
			ensure(isAerogramError(error) && error.code === "handler_failed", `handler_failed, got ${String(error)}`);
			equal([(error as Error).message, (error as { readonly data?: unknown }).data], ["Too wide.", { most: 640 }]);
			equal(await caller.call("throws", "fine"), "fine");
		},
	},
	{
		name: "a cancel reaches the handler, and so does a deadline",
		async keep({ connect, space, isAerogramError }) {
			const aborted: unknown[] = [];
			let handed = 0;
			const serving = connect()
				.space(space)
				.serve(
					"hangs",
					(_, { signal }) =>
						new Promise((resolve) => {
							handed += 1;
							signal.addEventListener("abort", () => {
								aborted.push(signal.reason);
								resolve(null);
							});
						}),
					{ concurrency: 2 },
				);
			await serving.ready;
			const caller = connect().space(space);
			// What is taken back before it was handed over is told to nobody.
			const controller = new AbortController();
			const cancelled = rejection(caller.call("hangs", 1, { signal: controller.signal }));
			await eventually(() => handed === 1, "the call to be handed over");
			controller.abort();
			await cancelled;
			await eventually(() => aborted.length === 1, "the handler to be told of the cancel");
			// A busy machine may take longer than a deadline to hand a call over: then it gets a longer one.
			for (let timeout = 200; handed === 1; timeout *= 2) {
				const error = await rejection(caller.call("hangs", 2, { timeout }));
				ensure(isAerogramError(error) && error.code === "deadline_passed", "deadline_passed");
			}
			await eventually(() => aborted.length >= 2, "the handler to be told of the deadline");
			ensure(
				aborted.every((reason) => isAerogramError(reason) && reason.code === "cancelled"),
				"cancelled",
			);
		},
	},
	{
		name: "a call outlives cuts on both sides, is run once, and gets its reply",
		async keep({ connectCuttable, cut, space }) {
			let runs = 0;
			const server = connectCuttable().space(space);
			const serving = server.serve<number>(
				"slow",
				async (input) => {
					runs += 1;
					await sleep(150);
					return input * 2;
				},
				{ concurrency: 10 },
			);
			await serving.ready;
			const caller = connectCuttable().space(space);
			const calling = range(1, 10).map((number) => caller.call("slow", number));
			await eventually(() => runs === 10, "all handlers to run");
			await cut();
			await sleep(100);
			await cut();
			equal(
				await Promise.all(calling),
				range(1, 10).map((number) => number * 2),
			);
			equal(runs, 10);
		},
	},
	{
		name: "a server that closes answers what it runs, and takes no more",
		async keep({ connect, space }) {
			let go = () => {};
			const going = new Promise<void>((resolve) => {
				go = resolve;
			});
			let runs = 0;
			const first = connect()
				.space(space)
				.serve("once", async () => {
					runs += 1;
					await going;
					return "first";
				});
			await first.ready;
			const caller = connect().space(space);
			const running = caller.call("once");
			await eventually(() => runs === 1, "the handler to run");
			first.close();
			await sleep(20);
			const waiting = caller.call("once");
			const second = connect()
				.space(space)
				.serve("once", () => "second");
			await second.ready;
			equal(await waiting, "second");
			go();
			equal([await running, runs], ["first", 1]);
		},
	},
];
