import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { scaleDurations } from "../../protocol/limits.ts";
import { shardOf } from "../../worker/directory/api.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

test("when the database fails in the middle of a flush, nothing of it is stored, nobody gets a message of it, and the object comes back", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1);
	const run = (statement: string) => runInDurableObject(stub, (_, state) => void state.storage.sql.exec(statement));
	await run("CREATE TRIGGER fault BEFORE INSERT ON channels BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END");
	const subscriber = await WireClient.connect(name, "subscriber");
	await subscriber.ask({ t: "sub", ref: 1, ch: "chat" });
	const publisher = await WireClient.connect(name, "publisher");
	publisher.send(
		{ t: "pub", ref: 1, ch: "chat", n: 0, prev: -1, data: 2 },
		{ t: "pub", ref: 2, ch: "another", n: 0, prev: -1, data: 3 },
	);
	await publisher.until(
		() => publisher.closed !== undefined || publisher.inbox.length >= 2,
		"the refusals or the close",
	);
	expect(publisher.inbox.filter((each) => each.type === "published")).toEqual([]);
	await subscriber.until(() => subscriber.closed !== undefined, "the object's end");
	expect(subscriber.inbox.filter((each) => each.type === "messages")).toEqual([]);

	const again = env.SPACES.get(env.SPACES.idFromName(name));
	await runInDurableObject(again, (_, state) => void state.storage.sql.exec("DROP TRIGGER fault"));
	expect(await again.channel("chat")).toMatchObject({ head: 1 });
	const returned = await WireClient.connect(name, "publisher");
	expect(await returned.ask({ t: "pub", ref: 1, ch: "chat", n: 0, prev: -1, data: 2 })).toMatchObject({
		seq: 2,
		duplicate: false,
	});
});

test("the Directory knows a space after its first write, and not before", async () => {
	const { name, stub } = freshSpace();
	const directory = env.DIRECTORY.get(env.DIRECTORY.idFromName(shardOf(name)));
	const known = async () => (await directory.list("", 1_000)).includes(name);
	await stub.history({ channel: "chat", limit: 1, order: "asc" });
	expect(await known()).toBe(false);
	await publish(stub, "chat", 1);
	for (let tries = 0; tries < 100 && !(await known()); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
	expect(await known()).toBe(true);
});

test("the sweep drops expired idempotency keys and comes back while there are sockets", async () => {
	const { name, stub } = freshSpace();
	const idempotency = { key: "k", hash: "h" };
	await stub.publish({ principal: "p", channel: "chat", drafts: [{ data: 1 }], idempotency });
	await WireClient.connect(name);
	const sql = <Value>(work: (storage: DurableObjectStorage) => Value) =>
		runInDurableObject(stub, (_, state) => work(state.storage));
	await sql((storage) => void storage.sql.exec("UPDATE keys SET expires = 1"));
	await sql((storage) => void storage.sql.exec("UPDATE jobs SET due = 1"));
	expect(await runDurableObjectAlarm(stub)).toBe(true);
	expect(await sql((storage) => storage.sql.exec("SELECT * FROM keys").toArray())).toEqual([]);
	expect(await sql((storage) => storage.getAlarm())).toBeGreaterThan(0);
});

test("the sweep takes off who connected and never sent anything, also after sleep, and leaves who spoke and never pings", async () => {
	const { name, stub } = freshSpace();
	const gone = await WireClient.connect(name, "gone");
	const quiet = await WireClient.connect(name, "quiet");
	await quiet.ask({ t: "sub", ref: 1, ch: "chat" });
	await evictDurableObject(stub);
	const { ping, pong } = scaleDurations(0.01);
	await new Promise((resolve) => setTimeout(resolve, 2 * (ping + pong) + 50));
	await runInDurableObject(stub, (_, state) => void state.storage.sql.exec("UPDATE jobs SET due = 1"));
	expect(await runDurableObjectAlarm(stub)).toBe(true);
	await gone.until(() => gone.closed !== undefined, "the close");
	expect(gone.closed?.code).toBe(1001);
	await publish(stub, "chat", 1);
	expect(await quiet.messages(1)).toMatchObject([{ seq: 1 }]);
	expect(quiet.closed).toBeUndefined();
});

test("jobs whose alarm the platform gave up run after the next wake, whatever wakes the space", async () => {
	const { stub } = freshSpace();
	const idempotency = { key: "k", hash: "h" };
	await stub.publish({ principal: "p", channel: "chat", drafts: [{ data: 1 }], idempotency });
	await runInDurableObject(stub, async (_, { storage }) => {
		storage.sql.exec("UPDATE keys SET expires = 1");
		storage.sql.exec("UPDATE jobs SET due = ?", Date.now() - 3_600_000);
		await storage.deleteAlarm();
	});
	await evict(stub);
	await stub.channel("chat");
	const keys = () =>
		runInDurableObject(stub, (_, { storage }) => storage.sql.exec("SELECT * FROM keys").toArray().length);
	await expect.poll(keys).toBe(0);
});
