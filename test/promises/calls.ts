import { ensure, equal, range, rejection } from "./check.ts";
import type { Promised, Stage } from "./promise.ts";

/** Serves some calls over plain HTTP, one after another: with the input doubled, or as a failure where it is no number. */
async function serveOverHttp({ url, space }: Stage, service: string, count: number): Promise<void> {
	const path = `${url}/v1/spaces/${space}/services/${service}`;
	for (let served = 0; served < count; ) {
		const taken = await fetch(`${path}/next?wait=20`, { method: "POST" });
		if (taken.status === 204) continue;
		const { id, data } = (await taken.json()) as { readonly id: string; readonly data: unknown };
		const reply = typeof data === "number" ? { data: data * 2 } : { error: { message: "No number.", data } };
		const headers = { "content-type": "application/json" };
		await fetch(`${path}/calls/${id}/reply`, { method: "PUT", headers, body: JSON.stringify(reply) });
		served += 1;
	}
}

/** What calling promises, whoever serves. */
export const callPromises: readonly Promised[] = [
	{
		name: "a call gets the reply of whoever serves it",
		async keep(stage) {
			const space = stage.connect().space(stage.space);
			const serving = serveOverHttp(stage, "double", 5);
			equal(await Promise.all(range(1, 5).map((number) => space.call("double", number))), [2, 4, 6, 8, 10]);
			await serving;
		},
	},
	{
		name: "a call waits for a server that comes later, and for its reply across a cut",
		async keep(stage) {
			const space = stage.connectCuttable().space(stage.space);
			const calling = range(1, 3).map((number) => space.call("double", number));
			await space.channel("chat").publish("all are sent");
			await stage.cut();
			const serving = serveOverHttp(stage, "double", 3);
			equal(await Promise.all(calling), [2, 4, 6]);
			await serving;
		},
	},
	{
		name: "a handler that fails rejects the call with handler_failed, its message and its data",
		async keep(stage) {
			const serving = serveOverHttp(stage, "double", 1);
			const error = await rejection(stage.connect().space(stage.space).call("double", { text: "x" }));
			await serving;
			ensure(stage.isAerogramError(error) && error.code === "handler_failed", `handler_failed, got ${String(error)}`);
			equal([(error as Error).message, (error as { readonly data?: unknown }).data], ["No number.", { text: "x" }]);
		},
	},
	{
		name: "a call that nobody answers rejects with deadline_passed when its time is over",
		async keep({ connect, space, isAerogramError }) {
			const error = await rejection(connect().space(space).call("nobody", null, { timeout: 100 }));
			ensure(isAerogramError(error) && error.code === "deadline_passed", `deadline_passed, got ${String(error)}`);
		},
	},
	{
		name: "a call with the id of an earlier one is that one: it is not run again",
		async keep(stage) {
			const id = `call-${stage.space}`;
			const serving = serveOverHttp(stage, "double", 1);
			equal(await stage.connect().space(stage.space).call("double", 4, { id }), 8);
			await serving;
			equal(await stage.connect().space(stage.space).call("double", 4, { id }), 8);
		},
	},
	{
		name: "an aborted call rejects with the signal's reason, and is cancelled at the server",
		async keep({ connect, space, url }) {
			const id = `call-${space}`;
			const controller = new AbortController();
			const handle = connect().space(space);
			const calling = rejection(handle.call("slow", 1, { id, signal: controller.signal }));
			const path = `${url}/v1/spaces/${space}/services/slow/calls/${id}`;
			while ((await fetch(path)).status !== 202);
			const reason = new Error("enough");
			controller.abort(reason);
			equal(await calling, reason);
			const { status } = await fetch(`${path}?wait=10`);
			equal(status, 409);
		},
	},
];
