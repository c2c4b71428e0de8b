import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeMessagePack, encodeMessagePack } from "../../protocol/codec/msgpack.ts";
import { writeXml } from "../../protocol/codec/xml.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { expectProblem, getJson, type Page, postJson, readMessages } from "../helpers/http.ts";
import { type RecordBody, type RecordsBody, writeRecord } from "../helpers/records.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let spaces = 0;

beforeAll(async () => {
	server = await serveHere();
});
afterAll(() => server?.stop());

/** A space that no other test uses. */
function freshSpace(): string {
	spaces += 1;
	return `${server.url}/v1/spaces/transactions-${spaces}`;
}

interface Transacted {
	readonly epoch: string;
	readonly tx: string;
	readonly results: readonly { readonly seq?: number; readonly rev?: number }[];
}

function transact(space: string, items: readonly unknown[], headers: Record<string, string> = {}): Promise<Response> {
	return postJson(`${space}/transactions`, { items }, headers);
}

async function stored(space: string, ...items: readonly unknown[]): Promise<Transacted> {
	const response = await transact(space, items);
	const text = await response.text();
	expect([response.status, text]).toEqual([200, expect.any(String)]);
	return JSON.parse(text) as Transacted;
}

const publish = (channel: string, data: Json, condition?: { readonly [key: string]: Json }) => ({
	op: "publish",
	channel,
	data,
	...(condition && { if: condition }),
});
const put = (id: string, data: Json, condition?: { readonly [key: string]: Json }) => ({
	op: "put",
	collection: "stock",
	id,
	data,
	...(condition && { if: condition }),
});

describe("POST …/transactions", () => {
	test("stores messages and records together, and answers with where each is", async () => {
		const space = freshSpace();
		const { epoch, tx, results } = await stored(
			space,
			publish("orders", { order: 17 }),
			put("plane", { left: 4 }, { absent: true }),
			{ op: "patch", collection: "stock", id: "plane", data: { sold: 1 }, ttl: 60 },
			publish("orders", 18),
		);
		expect(results).toEqual([
			{ channel: "orders", seq: 1, position: `${epoch}:1` },
			{ collection: "stock", id: "plane", rev: 1, created: true },
			{ collection: "stock", id: "plane", rev: 2, created: false },
			{ channel: "orders", seq: 2, position: `${epoch}:2` },
		]);
		const messages = await readMessages(`${space}/channels/orders/messages`);
		expect(messages.map((message) => [message.data, message.tx])).toEqual([
			[{ order: 17 }, tx],
			[18, tx],
		]);
		const record = await getJson<RecordBody>(`${space}/collections/stock/plane`);
		expect(record).toMatchObject({ rev: 2, data: { left: 4, sold: 1 }, expires: record.updated + 60_000 });
		expect(record).not.toHaveProperty("tx");
	});

	test("says which condition failed, and where what it is about stands; nothing is stored", async () => {
		const space = freshSpace();
		const { epoch } = await stored(space, publish("orders", 1), put("plane", { left: 4 }));
		const refusals: [unknown, object, string | null][] = [
			[publish("orders", 2, { seq: 0 }), { epoch, floor: 1, head: 1 }, `"${epoch}:1"`],
			[publish("orders", 2, { head: `${epoch}:7` }), { head: 1 }, `"${epoch}:1"`],
			[publish("orders", 2, { head: "0mws8cs1x68xynmjz:1" }), { head: 1 }, `"${epoch}:1"`],
			[put("plane", {}, { rev: 2 }), { epoch, rev: 1 }, `"${epoch}:1"`],
			[put("plane", {}, { etag: `"${epoch}:2"` }), { rev: 1 }, `"${epoch}:1"`],
			[put("plane", {}, { absent: true }), { rev: 1 }, `"${epoch}:1"`],
			[put("boat", {}, { etag: "*" }), { epoch }, null],
			[put("plane", {}, { rev: 1, etag: `"${epoch}:2"` }), { rev: 1 }, `"${epoch}:1"`],
		];
		for (const [item, state, etag] of refusals) {
			const response = await transact(space, [publish("fresh", 1), put("new", {}), item, publish("orders", 9)]);
			expect(response.headers.get("etag")).toBe(etag);
			expect(await expectProblem(response, "condition_failed")).toMatchObject({ item: 2, ...state });
		}
		const absent = await transact(space, [publish("fresh", 1), { op: "delete", collection: "stock", id: "boat" }]);
		expect(await expectProblem(absent, "not_found")).toMatchObject({ item: 1 });
		expect((await getJson<{ channels: string[] }>(`${space}/channels`)).channels).toEqual(["orders"]);
		expect((await getJson<RecordsBody>(`${space}/collections/stock`)).rev).toBe(1);
		// And those that hold, all of them at once.
		await stored(
			space,
			publish("orders", 2, { seq: 1 }),
			publish("orders", 3, { head: `${epoch}:2` }),
			put("plane", {}, { rev: 1, etag: `"x", "${epoch}:1-xml"` }),
		);
	});

	test("refuses 101 items, and what is no item, by its number", async () => {
		const space = freshSpace();
		const many = Array.from({ length: limits.transactionItems + 1 }, () => publish("a", 1));
		await expectProblem(await transact(space, many), "too_big");
		expect((await stored(space, ...many.slice(1))).results).toHaveLength(100);
		await expectProblem(await transact(space, []), "bad_request");
		await expectProblem(await postJson(`${space}/transactions`, []), "bad_request");
		const wrong: [unknown, "bad_request" | "bad_name" | "bad_position" | "too_big"][] = [
			[1, "bad_request"],
			[{ op: "fly" }, "bad_request"],
			[{ op: "publish", channel: "a/b", data: 1 }, "bad_name"],
			[{ op: "publish", channel: "a" }, "bad_request"],
			[{ op: "publish", channel: "a", data: 1, ephemeral: true }, "bad_request"],
			[publish("a", 1, {}), "bad_request"],
			[publish("a", 1, { seq: -1 }), "bad_request"],
			[publish("a", 1, { rev: 1 }), "bad_request"],
			[publish("a", 1, { seq: 1, head: "0mws8cs1x68xynmjz:1" }), "bad_request"],
			[publish("a", 1, { head: "1" }), "bad_position"],
			[publish("a", 1, { lock: "x" }), "bad_position"],
			[publish("a", "x".repeat(limits.messageBytes)), "too_big"],
			[put("a b", {}), "bad_name"],
			[{ op: "put", collection: "stock", id: "a" }, "bad_request"],
			[{ op: "put", collection: "stock", id: "a", data: [] }, "bad_request"],
			[{ ...put("a", {}), ttl: 0 }, "bad_request"],
			[put("a", {}, { seq: 1 }), "bad_request"],
			[put("a", {}, { absent: false }), "bad_request"],
			[put("a", {}, { etag: "x" }), "bad_request"],
			[{ op: "delete", collection: "stock", id: "a", ttl: 5 }, "bad_request"],
		];
		for (const [item, code] of wrong) {
			const problem = await expectProblem(await transact(space, [publish("b", 1), item]), code);
			expect([item, problem]).toEqual([item, expect.objectContaining({ item: 1 })]);
		}
		const ifMatch = await transact(space, [publish("b", 1)], { "if-match": "*" });
		await expectProblem(ifMatch, "bad_request");
		expect((await getJson<{ channels: string[] }>(`${space}/channels`)).channels).toEqual(["a"]);
	});

	test("is done once for one Idempotency-Key", async () => {
		const space = freshSpace();
		const items = [publish("a", 1), put("x", {})];
		const headers = { "idempotency-key": "order 4711" };
		const first = await transact(space, items, headers);
		const second = await transact(space, items, headers);
		expect(second.headers.get("idempotency-replayed")).toBe("true");
		expect(await second.json()).toEqual(await first.json());
		await expectProblem(await transact(space, [publish("a", 2)], headers), "idempotency_mismatch");
		expect((await getJson<{ head: number }>(`${space}/channels/a`)).head).toBe(1);
	});

	test("takes and answers XML and MessagePack, and data as deep as anywhere", async () => {
		const space = freshSpace();
		let deep: Json = 1;
		for (let depth = 0; depth < limits.depth; depth++) deep = [deep];
		const value = { items: [publish("a", deep), put("x", { text: "小飞机" })] };
		const url = `${space}/transactions`;
		const xml = await fetch(url, {
			method: "POST",
			headers: { "content-type": "application/xml", accept: "application/xml" },
			body: writeXml(value, "transaction"),
		});
		expect([xml.status, await xml.text()]).toEqual([
			200,
			expect.stringMatching(/^<transaction>.*<seq type="number">1</s),
		]);
		const packed = encodeMessagePack(value);
		const msgpack = await fetch(url, {
			method: "POST",
			headers: { "content-type": "application/msgpack", accept: "application/msgpack" },
			body: new Uint8Array(packed.ok ? packed.value : []),
		});
		const answer = decodeMessagePack(new Uint8Array(await msgpack.arrayBuffer()));
		expect(answer).toMatchObject({ ok: true, value: { results: [{ seq: 2 }, { rev: 2 }] } });
		expect((await readMessages(`${space}/channels/a/messages`)).map(({ data }) => data)).toEqual([deep, deep]);
		await expectProblem(await transact(space, [publish("a", [deep])]), "too_deep");
	});
});

describe("conditions over HTTP", () => {
	test("If-Match publishes only while that is the head; the refusal says what is", async () => {
		const messages = `${freshSpace()}/channels/log/messages`;
		const first = await postJson(messages, { data: 1 });
		const { epoch } = (await first.json()) as { epoch: string };
		const second = await postJson(messages, { data: 2 }, { "if-match": `"${epoch}:1"` });
		expect(second.status).toBe(201);
		const late = await postJson(messages, { data: 3 }, { "if-match": `"${epoch}:1"` });
		expect(late.headers.get("etag")).toBe(`"${epoch}:2"`);
		expect(await expectProblem(late, "condition_failed")).toMatchObject({ epoch, head: 2, floor: 1 });
	});

	test("If-Lock writes only while that lock is held with that token: a message, a batch, a record, and with other conditions", async () => {
		const space = freshSpace();
		const lock = `${space}/collections/locks/printer`;
		const messages = `${space}/channels/jobs/messages`;
		const { etag } = await writeRecord("PUT", `${lock}?ttl=60`, {}, { "if-none-match": "*" });
		const token = etag.slice(1, -1);
		const held = { "if-lock": `printer ${token}` };
		expect((await postJson(messages, [{ data: 1 }, { data: 2 }], held)).status).toBe(201);
		await writeRecord("PUT", `${space}/collections/stock/x`, {}, held);
		const epoch = token.split(":")[0];
		await expectProblem(
			await postJson(messages, { data: 3 }, { ...held, "if-match": `"${epoch}:1"` }),
			"condition_failed",
		);
		// Renewed, it has another ETag and the same token.
		const renewed = await writeRecord("PUT", `${lock}?ttl=60`, { token }, { "if-match": etag });
		expect(renewed.etag).not.toBe(etag);
		expect((await postJson(messages, { data: 3 }, held)).status).toBe(201);
		const other = { "if-lock": `printer ${renewed.etag.slice(1, -1)}` };
		await expectProblem(await postJson(messages, { data: 4 }, other), "lock_lost");
		await fetch(lock, { method: "DELETE", headers: { "if-match": renewed.etag } });
		await expectProblem(await postJson(messages, { data: 4 }, held), "lock_lost");
		const record = { method: "DELETE", headers: held };
		await expectProblem(await fetch(`${space}/collections/stock/x`, record), "lock_lost");
		await expectProblem(await postJson(messages, { data: 4 }, { "if-lock": "printer" }), "bad_position");
		await expectProblem(await postJson(messages, { data: 4 }, { "if-lock": `a/b ${token}` }), "bad_name");
		await expectProblem(await postJson(messages, { ephemeral: true, data: 4 }, held), "bad_request");
		await expectProblem(await fetch(`${space}/channels/jobs`, { method: "DELETE", headers: held }), "bad_request");
		expect((await getJson<Page>(messages)).messages).toHaveLength(3);
	});

	test("a token of before a wipe opens nothing, and those after it compare greater", async () => {
		const space = freshSpace();
		const lock = `${space}/collections/locks/printer?ttl=60`;
		const before = (await writeRecord("PUT", lock, {}, { "if-none-match": "*" })).etag.slice(1, -1);
		await fetch(space, { method: "DELETE" });
		const after = (await writeRecord("PUT", lock, { token: before }, { "if-none-match": "*" })).etag.slice(1, -1);
		const publish = (token: string) =>
			postJson(`${space}/channels/jobs/messages`, { data: 1 }, { "if-lock": `printer ${token}` });
		await expectProblem(await publish(before), "lock_lost");
		expect((await publish(after)).status).toBe(201);
		expect((after.split(":")[0] ?? "") > (before.split(":")[0] ?? "")).toBe(true);
	});
});
