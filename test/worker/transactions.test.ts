import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { decodeMessagePack, encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import type { TransactionItem } from "../../worker/space/api/transactions.ts";
import { evict, freshSpace } from "./space.ts";
import { WireClient } from "./wire-client.ts";

const publish = (channel: string, data: Json): TransactionItem => ({ op: "publish", channel, draft: { data } });
const put = (collection: string, id: string, data: object): TransactionItem => ({
	op: "write",
	collection,
	id,
	action: { kind: "put", data: JSON.stringify(data) },
});

/** Runs a transaction that must be stored. */
async function run(stub: ReturnType<typeof freshSpace>["stub"], ...items: readonly TransactionItem[]) {
	const done = await stub.transact({ principal: "anonymous", items });
	if (!done.ok) throw new Error(done.message);
	return done;
}

describe("a live socket gets all parts of a transaction as one frame", () => {
	test("however many channels they are on: more envelopes than a frame holds otherwise", async () => {
		const { name, stub } = freshSpace();
		const client = await WireClient.connect(name);
		const channels = Array.from({ length: limits.channelsPerSocket }, (_, index) => `c${index}`);
		client.send(...channels.map((ch, ref) => ({ t: "sub", ref, ch })));
		await client.until(() => client.inbox.length === channels.length, "all subscriptions");
		client.frames.length = 0;
		const { tx } = await run(stub, ...channels.map((channel, index) => publish(channel, index)));
		await client.until(() => client.frames.length > 0, "the parts");
		await client.ask({ t: "unsub", ref: 999, ch: "nothing" });
		expect(client.frames).toHaveLength(2);
		const envelopes = JSON.parse(client.frames[0] ?? "") as { ch: string; e: { tx: string }[] }[];
		expect(envelopes.map(({ ch }) => ch)).toEqual(channels);
		expect(new Set(envelopes.flatMap(({ e }) => e.map((entry) => entry.tx)))).toEqual(new Set([tx]));
	});

	test("larger than its credit has room for; and one that is behind gets them by replay, in order", async () => {
		const { name, stub } = freshSpace();
		const client = await WireClient.connect(name);
		await client.ask({ t: "sub", ref: 1, ch: "a" });
		await client.ask({ t: "sub", ref: 2, ch: "b" });
		client.frames.length = 0;
		const big = (channel: string) => publish(channel, "x".repeat(60_000));
		await run(stub, ...Array.from({ length: 14 }, (_, index) => big(index % 2 === 0 ? "a" : "b")));
		await client.until(() => client.frames.length > 0, "the parts");
		expect(client.frames).toHaveLength(1);
		expect((client.frames[0] ?? "").length).toBeGreaterThan(3 * limits.windowBytes);
		await run(stub, publish("a", "later"), publish("b", "later"));
		await client.ask({ t: "unsub", ref: 3, ch: "nothing" });
		expect(client.frames).toHaveLength(2);
		client.send({ t: "credit", ch: "a", seq: 7 }, { t: "credit", ch: "b", seq: 7 });
		await client.until(() => client.frames.length > 2, "the rest");
		expect(client.frames.slice(2).join()).toMatch(/"ch":"a","after":7.*"ch":"b","after":7/s);
	});

	test("of MessagePack, too", async () => {
		const { name, stub } = freshSpace();
		const headers = { upgrade: "websocket", "sec-websocket-protocol": "aerogram.v1.msgpack" };
		const { webSocket } = await exports.default.fetch(`http://localhost/v1/spaces/${name}/socket`, { headers });
		if (!webSocket) throw new Error("no socket");
		webSocket.binaryType = "arraybuffer";
		const frames: Json[] = [];
		webSocket.addEventListener("message", ({ data }) => {
			const decoded = decodeMessagePack(new Uint8Array(data as ArrayBuffer));
			if (decoded.ok) frames.push(decoded.value);
		});
		webSocket.accept();
		for (const [ref, ch] of ["a", "b"].entries()) {
			const request = encodeMessagePack({ t: "sub", ref, ch });
			if (request.ok) webSocket.send(request.value);
		}
		await expect.poll(() => frames).toHaveLength(3);
		await run(stub, publish("b", 1), publish("a", 2), publish("b", 3));
		await expect.poll(() => frames).toHaveLength(4);
		expect(frames[3]).toMatchObject([
			{ ch: "b", to: 2 },
			{ ch: "a", to: 1 },
		]);
	});

	test("of an event stream of frames, too, each of which is one event", async () => {
		const { name, stub } = freshSpace();
		const url = `http://localhost/v1/spaces/${name}/socket?client=c1`;
		const response = await exports.default.fetch(url, { headers: { accept: "text/event-stream" } });
		const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
		let text = "";
		const until = async (what: RegExp) => {
			while (!what.test(text)) text += (await reader?.read())?.value ?? "";
		};
		await until(/"connection":"([^"]+)"/);
		const connection = /"connection":"([^"]+)"/.exec(text)?.[1];
		const frame = [
			{ t: "sub", ref: 1, ch: "a" },
			{ t: "sub", ref: 2, ch: "b" },
		];
		const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(frame) };
		await exports.default.fetch(`${url}&connection=${connection}`, init);
		await until(/"ref":2/);
		const { tx } = await run(stub, publish("a", 1), publish("b", 2));
		await until(/"ch":"b","after":0.*\n\n/s);
		const events = text.split("\n").filter((line) => line.includes(tx));
		expect(events).toHaveLength(1);
		await reader?.cancel();
	});
});

test("evicting the object between every two steps changes nothing of transactions, their parts and their readers", async () => {
	const { name, stub } = freshSpace();
	const client = await WireClient.connect(name);
	await client.ask({ t: "sub", ref: 1, ch: "a" });
	await evict(stub);
	await client.ask({ t: "sub", ref: 2, ch: "b" });
	await evict(stub);
	for (let step = 1; step <= 10; step++) {
		const idempotency = { key: `k-${step}`, hash: "h" };
		const items: TransactionItem[] = [
			{ op: "publish", channel: "a", draft: { data: step }, ifSeq: step - 1 },
			{ ...put("stock", "x", { step }), ...(step > 1 && { ifRev: step - 1 }) },
			publish("b", step),
		];
		const done = await stub.transact({ principal: "anonymous", items, idempotency });
		expect(done).toMatchObject({ ok: true, replayed: false, results: [{ seq: step }, { rev: step }, { seq: step }] });
		// After a wake, credit is answered with where the log stands, in frames without any part.
		const parts = () => client.frames.filter((frame) => done.ok && frame.includes(done.tx));
		await client.until(() => parts().length > 0, "the parts");
		await evict(stub);
		expect(await stub.transact({ principal: "anonymous", items, idempotency })).toEqual({ ...done, replayed: true });
		await evict(stub);
		expect(await stub.transact({ principal: "anonymous", items })).toMatchObject({ code: "condition_failed", item: 0 });
		await evict(stub);
		expect(parts()).toHaveLength(1);
		expect(JSON.parse(parts()[0] ?? "")).toMatchObject([
			{ ch: "a", to: step },
			{ ch: "b", to: step },
		]);
		client.send({ t: "credit", ch: "a", seq: step }, { t: "credit", ch: "b", seq: step });
	}
});

test("whichever statement of a transaction the database refuses, nothing of it is stored and nobody gets a part of it", async () => {
	const items = [publish("a", 1), put("stock", "x", {}), publish("fresh", 2), put("new", "y", {})];
	const idempotency = { key: "k", hash: "h" };
	const faults = [
		"INSERT ON channels",
		"INSERT ON segments",
		"UPDATE ON segments",
		"INSERT ON collections",
		"INSERT ON records",
		"INSERT ON answers",
	];
	// What failed is printed for whoever runs the server.
	const printed = vi.spyOn(console, "error").mockImplementation(() => {});
	let refused = 0;
	for (const fault of faults) {
		for (let repeated = 0; repeated < 5; repeated++) {
			const { name, stub } = freshSpace();
			await run(stub, publish("a", 0), put("stock", "before", {}));
			const client = await WireClient.connect(name);
			await client.ask({ t: "sub", ref: 1, ch: "a" });
			client.frames.length = 0;
			const sql = (statement: string) => runInDurableObject(stub, (_, state) => void state.storage.sql.exec(statement));
			await sql(`CREATE TRIGGER fault BEFORE ${fault} BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END`);
			const failed = await stub.transact({ principal: "anonymous", items, idempotency });
			expect(failed).toMatchObject({ ok: false, code: "internal" });
			refused += 1;
			const again = env.SPACES.get(env.SPACES.idFromName(name));
			expect(await again.channel("a")).toMatchObject({ head: 1 });
			expect(await again.channel("fresh")).toMatchObject({ head: 0 });
			expect((await again.collections("", 10)).collections).toEqual([{ name: "stock", rev: 1 }]);
			await runInDurableObject(again, (_, state) => void state.storage.sql.exec("DROP TRIGGER fault"));
			expect(await again.transact({ principal: "anonymous", items, idempotency })).toMatchObject({
				replayed: false,
				results: [{ seq: 2 }, { rev: 2 }, { seq: 1 }, { rev: 1 }],
			});
			await client.until(() => client.frames.length > 0, "the parts of the one that was stored");
			expect(client.frames).toHaveLength(1);
		}
	}
	printed.mockRestore();
	console.log(`transactions that a statement failed in real SQLite: ${refused}, all of them undone`);
});

test.each<[string, (index: number) => readonly TransactionItem[]]>([
	["10 messages to one channel", () => Array.from({ length: 10 }, (_, at) => publish("a", at))],
	["10 messages to 10 channels", () => Array.from({ length: 10 }, (_, at) => publish(`c${at}`, at))],
	["10 records", () => Array.from({ length: 10 }, (_, at) => put("stock", `id-${at}`, {}))],
	[
		"5 messages and 5 records",
		() => Array.from({ length: 5 }, (_, at) => [publish(`c${at}`, at), put("stock", `id-${at}`, {})]).flat(),
	],
])("a transaction of %s writes at most 12 rows, its idempotency key counted in", async (what, make) => {
	const { stub } = freshSpace();
	const count = 50;
	const send = async (index: number) => {
		const idempotency = { key: `k-${index}`, hash: "h" };
		const done = await stub.transact({ principal: "anonymous", items: make(index), idempotency });
		expect(done).toMatchObject({ ok: true, replayed: false });
	};
	for (let index = 0; index < 20; index++) await send(index);
	const before = (await stub.info()).rowsWritten;
	for (let index = 20; index < 20 + count; index++) await send(index);
	const rows = ((await stub.info()).rowsWritten - before) / count;
	console.log(`rows written per transaction of ${what}: ${rows.toFixed(2)} over ${count}`);
	expect(rows).toBeLessThanOrEqual(12);
	expect(rows).toBeGreaterThan(1);
});
