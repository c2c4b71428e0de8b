import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { evict, freshSpace } from "./space.ts";
import { WireClient } from "./wire-client.ts";

test("a publish that is sent again, in any later frame, connection or life of the object, is stored once", async () => {
	const { name, stub } = freshSpace();
	const pub = { t: "pub", ch: "chat", n: 0, prev: -1, data: "once" };
	const first = await WireClient.connect(name, "client");
	first.send({ ...pub, ref: 1 }, { ...pub, ref: 2 });
	expect(await first.next("published")).toMatchObject({ ref: 1, seq: 1, duplicate: false });
	expect(await first.next("published")).toMatchObject({ ref: 2, seq: 1, duplicate: true });
	await evict(stub);
	const second = await WireClient.connect(name, "client");
	expect(await second.ask({ ...pub, ref: 3 })).toMatchObject({ seq: 1, duplicate: true });
	await stub.purge("chat");
	expect(await second.ask({ ...pub, ref: 4 })).toMatchObject({ seq: null, duplicate: true });
	await evict(stub);
	expect(await second.ask({ ...pub, ref: 5 })).toMatchObject({ seq: null, duplicate: true });
	expect((await stub.channel("chat")).head).toBe(1);
});

test("an earlier publish of many is still answered with its own seq", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name, "client");
	for (let n = 0; n < 300; n++)
		await client.ask({ t: "pub", ref: n, ch: "chat", n, prev: n - 1, data: "x".repeat(200) });
	await evict(stub);
	const again = await WireClient.connect(name, "client");
	for (const n of [0, 17, 150, 298, 299]) {
		expect(await again.ask({ t: "pub", ref: n, ch: "chat", n, prev: n - 1, data: "x" })).toMatchObject({
			seq: n + 1,
			duplicate: true,
		});
	}
	expect((await stub.channel("chat")).head).toBe(300);
});

test("a publish that came before its predecessor is refused with the last one stored", async () => {
	const { name } = freshSpace();
	const client = await WireClient.connect(name, "client");
	await client.ask({ t: "pub", ref: 1, ch: "chat", n: 0, prev: -1, data: 0 });
	expect(await client.ask({ t: "pub", ref: 2, ch: "chat", n: 5, prev: 4, data: 5 })).toMatchObject({
		code: "out_of_order",
		last: 0,
	});
	expect(await client.ask({ t: "pub", ref: 3, ch: "chat", n: 5, prev: 0, data: 5 })).toMatchObject({
		type: "published",
		seq: 2,
	});
});

test("a client of whom nothing is remembered is told so, never silently stored again", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name, "client");
	expect(await client.ask({ t: "pub", ref: 1, ch: "chat", n: 8, prev: 7, data: 0 })).toMatchObject({
		code: "producer_unknown",
	});
	expect((await stub.channel("chat")).head).toBe(0);
	expect(await client.ask({ t: "pub", ref: 2, ch: "chat", n: 8, prev: -1, data: 0 })).toMatchObject({ seq: 1 });
});

test("a duplicate is answered before its condition is looked at", async () => {
	const { name } = freshSpace();
	const client = await WireClient.connect(name, "client");
	const pub = { t: "pub", ch: "chat", n: 0, prev: -1, if: { seq: 0 }, data: 0 };
	expect(await client.ask({ ...pub, ref: 1 })).toMatchObject({ seq: 1 });
	expect(await client.ask({ ...pub, ref: 2 })).toMatchObject({ seq: 1, duplicate: true });
	expect(await client.ask({ ...pub, ref: 3, n: 1, prev: 0 })).toMatchObject({ code: "condition_failed", head: 1 });
});

test("clients of the same name on other channels, and other clients, have numbers of their own", async () => {
	const { name } = freshSpace();
	const one = await WireClient.connect(name, "one");
	const two = await WireClient.connect(name, "two");
	const pub = { t: "pub", n: 0, prev: -1, data: 0 };
	expect(await one.ask({ ...pub, ref: 1, ch: "a" })).toMatchObject({ seq: 1, duplicate: false });
	expect(await one.ask({ ...pub, ref: 2, ch: "b" })).toMatchObject({ seq: 1, duplicate: false });
	expect(await two.ask({ ...pub, ref: 3, ch: "a" })).toMatchObject({ seq: 2, duplicate: false });
});

test("a message cannot pass itself off as another client's publish", async () => {
	const { name } = freshSpace();
	const forger = await WireClient.connect(name, "forger");
	expect(await forger.ask({ t: "pub", ref: 1, ch: "chat", id: "victim/0", data: 0 })).toMatchObject({
		code: "bad_name",
	});
	await forger.ask({ t: "pub", ref: 2, ch: "chat", data: { id: "victim/0", by: "victim/0" } });
	const victim = await WireClient.connect(name, "victim");
	expect(await victim.ask({ t: "pub", ref: 3, ch: "chat", n: 0, prev: -1, data: 0 })).toMatchObject({
		seq: 2,
		duplicate: false,
	});
	expect(await victim.ask({ t: "pub", ref: 4, ch: "chat", n: 0, prev: -1, data: 0 })).toMatchObject({
		seq: 2,
		duplicate: true,
	});
});

test("an idempotency key of an hour ago still answers with the first publish after the object slept; one of a day ago is new", async () => {
	const { stub } = freshSpace();
	const request = { principal: "p", channel: "chat", drafts: [{ data: 1 }, { data: 2 }] };
	const idempotency = { key: "order-1", hash: "h" };
	expect(await stub.publish({ ...request, idempotency })).toMatchObject({ first: 1, count: 2, duplicate: false });
	const age = (ms: number) =>
		runInDurableObject(
			stub,
			(_, state) => state.storage.sql.exec("UPDATE keys SET expires = expires - ?", ms).rowsWritten,
		);
	expect(await age(3_600_000)).toBe(1);
	await evict(stub);
	expect(await stub.publish({ ...request, idempotency })).toMatchObject({ first: 1, count: 2, duplicate: true });
	expect(await stub.publish({ ...request, idempotency: { key: "order-1", hash: "other" } })).toMatchObject({
		code: "idempotency_mismatch",
	});
	expect(await stub.publish({ ...request, principal: "q", idempotency })).toMatchObject({ first: 3, duplicate: false });
	await age(83_000_000);
	expect(await stub.publish({ ...request, idempotency })).toMatchObject({ first: 5, duplicate: false });
});
