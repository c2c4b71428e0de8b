import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { everything } from "../../protocol/capabilities.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { upgradeHeaders } from "../../worker/space/upgrade.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

/** The next news of calls that a client was sent. */
async function news(client: WireClient): Promise<{ readonly [key: string]: Json }> {
	return (await client.next("live")).fields;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("evicting the object between every two steps of a call loses nothing, and runs nothing twice", async () => {
	const { name, stub } = freshSpace();
	const server = await WireClient.connect(name, "server");
	await evict(stub);
	const caller = await WireClient.connect(name, "caller");
	await evict(stub);
	await server.ask({ t: "serve", ref: 1, svc: "resize", concurrency: 2 });
	await evict(stub);
	for (let index = 0; index < 10; index++) {
		const id = `call.${index}`;
		const asked = { t: "call", svc: "resize", id, data: index, timeout: 60_000 };
		expect(await caller.ask({ ref: index * 10, ...asked })).toEqual({ type: "done", ref: index * 10 });
		await evict(stub);
		// The same call again, as after a lost answer: still one.
		expect(await caller.ask({ ref: index * 10 + 1, ...asked })).toMatchObject({ says: { dup: true } });
		await evict(stub);
		expect(await news(server)).toMatchObject({ t: "call", id, attempt: 1, data: index });
		await evict(stub);
		server.send({ t: "progress", id, attempt: 1, data: 0.5 });
		expect(await news(caller)).toEqual({ t: "result", id, progress: 0.5 });
		await evict(stub);
		const reply = { t: "reply", id, attempt: 1, data: index };
		expect(await server.ask({ ref: index * 10, ...reply })).toEqual({ type: "done", ref: index * 10 });
		await evict(stub);
		expect(await server.ask({ ref: index * 10 + 1, ...reply })).toMatchObject({ says: { dup: true } });
		expect(await news(caller)).toEqual({ t: "result", id, data: index });
		await evict(stub);
	}
	expect([...server.inbox, ...caller.inbox]).toEqual([]);
});

test("a server whose socket is gone for the grace loses its call, also when the object slept meanwhile", async () => {
	const { name, stub } = freshSpace();
	const [first, second, caller] = await Promise.all(
		["first", "second", "caller"].map((client) => WireClient.connect(name, client)),
	);
	if (!first || !second || !caller) throw new Error("three were connected");
	await first.ask({ t: "serve", ref: 1, svc: "resize" });
	await caller.ask({ t: "call", ref: 1, svc: "resize", id: "a", timeout: 60_000 });
	expect(await news(first)).toMatchObject({ id: "a", attempt: 1 });
	await second.ask({ t: "serve", ref: 1, svc: "resize" });
	first.socket.close(1000);
	await sleep(20);
	await evict(stub);
	expect(await news(second)).toMatchObject({ id: "a" });
	await second.ask({ t: "reply", ref: 2, id: "a", attempt: 2, data: "second" });
	expect(await news(caller)).toEqual({ t: "result", id: "a", data: "second" });
});

test("a server that gives no sign of life any more loses its call, although its socket never closed", async () => {
	const { name, stub } = freshSpace();
	const [dead, caller] = [await WireClient.connect(name, "dead"), await WireClient.connect(name, "caller")];
	dead.socket.send("ping");
	await dead.ask({ t: "serve", ref: 1, svc: "resize" });
	await caller.ask({ t: "call", ref: 1, svc: "resize", id: "a", timeout: 60_000 });
	expect(await news(dead)).toMatchObject({ id: "a", attempt: 1 });
	const alive = await WireClient.connect(name, "alive");
	await alive.ask({ t: "serve", ref: 1, svc: "resize" });
	await evict(stub);
	expect(await news(alive)).toMatchObject({ id: "a", attempt: 2 });
	await dead.until(() => dead.closed !== undefined, "the dead socket to be closed");
});

test("several servers keep what they have in hand while the object sleeps, and take turns after it", async () => {
	const { name, stub } = freshSpace();
	const caller = await WireClient.connect(name, "caller");
	const servers = await Promise.all(["x", "y"].map((client) => WireClient.connect(name, client)));
	for (const server of servers) await server.ask({ t: "serve", ref: 1, svc: "resize", concurrency: 2 });
	for (let index = 0; index < 6; index++) {
		await caller.ask({ t: "call", ref: index, svc: "resize", id: `c${index}`, timeout: 60_000 });
		await evict(stub);
	}
	const seen = new Set<unknown>();
	for (let round = 0; round < 3; round++) {
		for (const server of servers) {
			const { id = "", attempt = 0 } = await news(server);
			seen.add(id);
			await server.ask({ t: "reply", ref: 10 + round, id, attempt, data: round });
			await evict(stub);
		}
	}
	expect(seen.size).toBe(6);
	for (let index = 0; index < 6; index++) expect(await news(caller)).toMatchObject({ t: "result" });
});

test("requests that wait for a call, and for a result, are answered although the object slept meanwhile", async () => {
	const { name, stub } = freshSpace();
	const service = `http://localhost/v1/spaces/${name}/services/resize`;
	const sockets = async () => (await stub.info()).sockets;
	// Somebody began the space before: of the 0.3 s that each request waits, scaled as all else, nothing is spent on that.
	await publish(stub, "any", 1);
	const taking = exports.default.fetch(`${service}/next?wait=30`, { method: "POST" });
	await expect.poll(sockets).toBe(1);
	await evict(stub);
	const body = JSON.stringify({ data: 7, timeout: 60_000 });
	const headers = { "content-type": "application/json" };
	const calling = exports.default.fetch(`${service}/calls`, { method: "POST", headers, body });
	const taken = await taking;
	expect(taken.status).toBe(200);
	const { id, data } = (await taken.json()) as { readonly id: string; readonly data: number };
	await expect.poll(sockets).toBe(1);
	await evict(stub);
	const reply = { method: "PUT", headers, body: JSON.stringify({ data: data * 2 }) };
	expect((await exports.default.fetch(`${service}/calls/${id}/reply`, reply)).status).toBe(200);
	const called = await calling;
	expect([called.status, await called.json()]).toEqual([200, { id, data: 14 }]);
});

test("a call that was taken over HTTP and handed back goes to the next server, although the object slept in between", async () => {
	const { name, stub } = freshSpace();
	const service = `http://localhost/v1/spaces/${name}/services/resize`;
	const headers = { "content-type": "application/json" };
	const caller = await WireClient.connect(name, "caller");
	await caller.ask({ t: "call", ref: 1, svc: "resize", id: "a", timeout: 3_600_000 });
	const take = () => exports.default.fetch(`${service}/next?wait=0&lease=600`, { method: "POST" });
	const nack = (attempt: number) =>
		exports.default.fetch(`${service}/calls/a/nack`, { method: "POST", headers, body: JSON.stringify({ attempt }) });
	expect((await take()).status).toBe(200);
	// Of another hand-over: whoever has it keeps it.
	expect((await nack(2)).status).toBe(204);
	await evict(stub);
	expect((await take()).status).toBe(204);
	expect((await nack(1)).status).toBe(204);
	await evict(stub);
	const again = await take();
	expect(again.status).toBe(200);
	expect(await again.json()).toMatchObject({ id: "a", attempt: 2 });
});

test("progress that is too big is refused, without a ref, and the call goes on", async () => {
	const { name } = freshSpace();
	const [server, caller] = [await WireClient.connect(name, "server"), await WireClient.connect(name, "caller")];
	await server.ask({ t: "serve", ref: 1, svc: "resize" });
	await caller.ask({ t: "call", ref: 1, svc: "resize", id: "a", timeout: 60_000 });
	await news(server);
	server.send({ t: "progress", id: "a", attempt: 1, data: "x".repeat(65_535) });
	expect(await server.next("error")).toEqual({ type: "error", code: "too_big", message: expect.any(String) });
	expect(await server.ask({ t: "reply", ref: 2, id: "a", attempt: 1, data: "x".repeat(65_535) })).toMatchObject({
		code: "too_big",
	});
	await server.ask({ t: "reply", ref: 3, id: "a", attempt: 1, error: { message: "Too big." } });
	expect(await news(caller)).toMatchObject({ error: { code: "handler_failed", message: "Too big." } });
});

test("when the database fails, what came in that tick is answered internal, nobody is told of it, and the rest goes on", async () => {
	const { name, stub } = freshSpace();
	const [server, caller] = [await WireClient.connect(name, "server"), await WireClient.connect(name, "caller")];
	await server.ask({ t: "serve", ref: 1, svc: "resize", concurrency: 5 });
	await caller.ask({ t: "call", ref: 1, svc: "resize", id: "before", timeout: 60_000 });
	expect(await news(server)).toMatchObject({ id: "before", attempt: 1 });
	const run = (statement: string) => runInDurableObject(stub, (_, state) => void state.storage.sql.exec(statement));
	await run(
		"CREATE TRIGGER fault BEFORE INSERT ON calls WHEN NEW.id = 'bad' BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END",
	);
	const asked = { t: "call", svc: "resize", timeout: 60_000 };
	caller.send({ ...asked, ref: 2, id: "good" }, { ...asked, ref: 3, id: "bad" });
	for (const ref of [2, 3]) expect(await caller.next("error")).toMatchObject({ ref, code: "internal" });
	await run("DROP TRIGGER fault");
	await caller.ask({ ...asked, ref: 4, id: "good" });
	expect(await news(server)).toMatchObject({ id: "good", attempt: 1 });
	await server.ask({ t: "reply", ref: 2, id: "before", attempt: 1, data: "still in hand" });
	expect(await news(caller)).toEqual({ t: "result", id: "before", data: "still in hand" });
	expect([...server.inbox, ...caller.inbox]).toEqual([]);
});

test("another principal neither sees nor cancels a call", async () => {
	const { name, stub } = freshSpace();
	const caller = await WireClient.connect(name, "caller");
	await caller.ask({ t: "call", ref: 1, svc: "resize", id: "mine", timeout: 60_000 });
	const headers = upgradeHeaders({ principal: "eve", capabilities: everything });
	const { webSocket } = await stub.fetch("https://space/?client=eve", { headers });
	if (!webSocket) throw new Error("no socket");
	const eve = new WireClient(webSocket);
	await eve.next("welcome");
	expect(await eve.ask({ t: "call", ref: 1, id: "mine" })).toMatchObject({ code: "forbidden" });
	expect(await eve.ask({ t: "cancel", ref: 2, id: "mine" })).toMatchObject({ code: "forbidden" });
	const ask = { principal: "eve", service: "resize", id: "mine" } as const;
	expect(await stub.calls({ kind: "read", ...ask })).toMatchObject({ ok: false, code: "forbidden" });
	expect(await caller.ask({ t: "call", ref: 2, svc: "other", id: "mine" })).toMatchObject({
		code: "idempotency_mismatch",
	});
});

test("a deadline passes while the object sleeps, and the caller is told", async () => {
	const { name, stub } = freshSpace();
	const caller = await WireClient.connect(name, "caller");
	await caller.ask({ t: "call", ref: 1, svc: "nobody", id: "a", timeout: 100 });
	await evict(stub);
	expect(await news(caller)).toMatchObject({ t: "result", id: "a", error: { code: "deadline_passed" } });
});

test("a call writes three rows in all: when it is made, when it is answered, when it is dropped", async () => {
	const { name, stub } = freshSpace();
	const [server, caller] = [await WireClient.connect(name, "server"), await WireClient.connect(name, "caller")];
	await server.ask({ t: "serve", ref: 1, svc: "resize", concurrency: 100 });
	const rounds = 5;
	const count = rounds * 100;
	const before = (await stub.info()).rowsWritten;
	for (let round = 0; round < rounds; round++) {
		const ids = Array.from({ length: 100 }, (_, index) => `call.${round}.${index}`);
		caller.send(...ids.map((id, ref) => ({ t: "call", ref, svc: "resize", id, timeout: 3_600_000, data: "x" })));
		for (const id of ids) expect(await news(server)).toMatchObject({ id, attempt: 1 });
		server.send(...ids.map((id) => ({ t: "progress", id, attempt: 1, data: 1 })));
		server.send(...ids.map((id, ref) => ({ t: "reply", ref, id, attempt: 1, data: "y" })));
		for (const id of [...ids, ...ids]) expect(await news(caller)).toMatchObject({ id });
	}
	const made = (await stub.info()).rowsWritten - before;
	const dropped = await runInDurableObject(stub, (_, state) => {
		return state.storage.sql.exec("DELETE FROM calls").rowsWritten;
	});
	console.log(`rows written per call: ${made / count} made and answered, ${dropped / count} dropped`);
	expect(dropped).toBe(count);
	expect(made / count).toBeGreaterThanOrEqual(2);
	expect(made / count).toBeLessThanOrEqual(2.1);
});
