import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { type Capability, everything } from "../../protocol/capabilities.ts";
import { limits } from "../../protocol/limits.ts";
import { upgradeHeaders } from "../../worker/space/upgrade.ts";
import { evict, freshSpace } from "./space.ts";
import { WireClient } from "./wire-client.ts";

type Stub = ReturnType<typeof freshSpace>["stub"];

async function connect(stub: Stub, client: string, capabilities: readonly Capability[] = everything) {
	const headers = upgradeHeaders({ principal: client, capabilities });
	const { webSocket } = await stub.fetch(`https://space/?client=${client}`, { headers });
	if (!webSocket) throw new Error("no socket");
	const connected = new WireClient(webSocket);
	await connected.next("welcome");
	return connected;
}

const frames = Array.from({ length: 10 }, (_, frame) =>
	Array.from({ length: limits.serviceConcurrency }, (_, index) => `c${frame * 100 + index}`),
);

/** A client that made a thousand calls to a service that nobody serves, and so knows their ids. */
async function withCalls(stub: Stub, capabilities?: readonly Capability[]): Promise<WireClient> {
	const client = await connect(stub, "greedy", capabilities);
	for (const [frame, ids] of frames.entries()) {
		client.send(...ids.map((id) => ({ t: "call", ref: 0, svc: "nobody", id, timeout: 3_600_000 })));
		await client.ask({ t: "call", ref: frame + 1, svc: "nobody", id: ids[0] ?? "", timeout: 3_600_000 });
	}
	client.inbox.length = 0;
	return client;
}

/** It says that it works on all of them. */
function claims(attempt: number) {
	return frames.map((ids, ref) => ({
		t: "serve",
		ref,
		svc: "nobody",
		concurrency: 0,
		holds: ids.map((id) => ({ id, attempt })),
	}));
}

/** What the socket of a client keeps of the calls that it has in hand. */
function heldBy(stub: Stub, client: string): Promise<readonly (readonly [number, number])[]> {
	return runInDurableObject(stub, (_, state) => {
		const kept = state.getWebSockets().map((socket) => socket.deserializeAttachment());
		return kept.find((each) => each.client === client)?.holds ?? [];
	});
}

test("whoever may only call has no call in hand, whatever it says it holds", async () => {
	const { stub } = freshSpace();
	const client = await withCalls(stub, [{ allow: ["call"], on: "**" }]);
	client.send(...claims(1));
	for (let index = 0; index < 10; index++) expect(await client.next("error")).toMatchObject({ code: "forbidden" });
	expect(await heldBy(stub, "greedy")).toEqual([]);
	// Taking no more needs no right, as ever.
	expect(await client.ask({ t: "serve", ref: 20, svc: "nobody", concurrency: 0 })).toMatchObject({ type: "done" });
});

test("a client that says it works on a thousand calls gets as many as one may have, and no other client notices", async () => {
	const { stub } = freshSpace();
	const greedy = await withCalls(stub);
	const caller = await connect(stub, "caller");
	greedy.send(...claims(Number.MAX_SAFE_INTEGER));
	// In the same tick, and one after it.
	const asked = { t: "call", svc: "other", timeout: 60_000 };
	expect(await caller.ask({ ...asked, ref: 1, id: "same" })).toEqual({ type: "done", ref: 1 });
	greedy.send(...claims(1));
	expect(await caller.ask({ ...asked, ref: 2, id: "next" })).toEqual({ type: "done", ref: 2 });
	for (let index = 0; index < 20; index++) await greedy.next("done");
	const held = await heldBy(stub, "greedy");
	expect(held).toHaveLength(limits.serviceConcurrency);
	expect(held.every(([, attempt]) => attempt === 1)).toBe(true);
	expect(await stub.calls({ kind: "read", principal: "caller", service: "other", id: "next" })).toMatchObject({
		ok: true,
	});
	await evict(stub);
	const server = await connect(stub, "server");
	await server.ask({ t: "serve", ref: 1, svc: "other", concurrency: 5 });
	const taken = [await server.next("live"), await server.next("live")];
	expect(taken.map(({ fields }) => fields.id)).toEqual(["same", "next"]);
	expect([...greedy.inbox, ...caller.inbox, ...server.inbox]).toEqual([]);
});
