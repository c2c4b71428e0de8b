import { afterAll, beforeAll, expect, test } from "vitest";
import type { ServerEnvelope } from "../../protocol/envelopes.ts";
import { Aerogram, type Message } from "../../sdk/index.ts";
import { buildEdited, editChannels } from "../helpers/edited-build.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { expectProblem, getJson, headOf, postJson, readMessages } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { connectTcp, exchangeText, readLine } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";
import { connectWire, type Wire } from "../helpers/wire.ts";

/** How many messages the keyed channel gets: 100,000 in the soak. */
const keyedMessages = Number(process.env.AEROGRAM_TEST_KEYED ?? 20_000);

let server: TestServer;
let client: Aerogram;

beforeAll(async () => {
	const channels = `
		"price:*": { kind: "keyed" },
		"cursor:*": { kind: "ephemeral" },
		exchange: { kind: "ephemeral" },
		"short:*": { retention: { age: 1_500 } },
		"short:keyed": { kind: "keyed", retention: { age: 1_500 } },
	`;
	// The alarm may come again after 600 ms in place of a minute.
	const env = { AEROGRAM_DURATION_SCALE: "0.01" };
	server = await startServer({ bundle: await buildEdited([editChannels(channels)]), env });
	client = new Aerogram(server.url, { durations: { backoffBase: 20, backoffCap: 200, backoffFloor: 10, spread: 100 } });
});
afterAll(async () => {
	client?.close();
	await server?.stop();
});

function channelOf(space: string, name: string): string {
	return `${server.url}/v1/spaces/${space}/channels/${name}`;
}

async function rowsOf(space: string): Promise<number> {
	return (await getJson<{ rowsWritten: number }>(`${server.url}/v1/spaces/${space}`)).rowsWritten;
}

/** Publishes numbers as the SDK does, with many in flight; resolves to the answers. */
async function pour(wire: Wire, channel: string, count: number, keys: number | undefined): Promise<ServerEnvelope[]> {
	const answers: ServerEnvelope[] = [];
	for (let from = 0; from < count; from += 500) {
		const batch = Array.from({ length: Math.min(500, count - from) }, (_, index) => from + index);
		const key = (n: number) => (keys === undefined ? {} : { key: `k${n % keys}` });
		const asked = batch.map((n) => wire.ask({ t: "pub", ref: n, ch: channel, n, prev: n - 1, ...key(n), data: n }));
		answers.push(...(await Promise.all(asked)));
	}
	return answers;
}

test("10,000 messages to an ephemeral channel write no row, are answered without a seq, and reach who listens", {
	timeout: 60_000,
}, async () => {
	const channel = channelOf("passing", "cursor:1");
	const [wire, listener] = await Promise.all(["a", "b"].map((id) => connectWire(server.url, "passing", id)));
	if (!wire || !listener) throw new Error("no sockets");
	let heard = 0;
	listener.onEnvelopes = (envelopes) => {
		for (const each of envelopes) if (each.type === "ephemeral") heard += each.entries.length;
		listener.send({ t: "credit", ch: "cursor:1", seq: 0 });
	};
	await listener.ask({ t: "sub", ref: 1, ch: "cursor:1" });
	const before = await rowsOf("passing");
	const answers = await pour(wire, "cursor:1", 10_000, undefined);
	expect(answers.every(({ type }) => type === "done")).toBe(true);
	const rows = (await rowsOf("passing")) - before;
	console.log(`rows written for 10,000 messages of an ephemeral channel: ${rows}; heard: ${heard}`);
	expect(rows).toBe(0);
	expect(heard).toBeGreaterThan(1_000);
	expect(await getJson(`${channel}`)).toMatchObject({ kind: "ephemeral", head: 0, floor: 1 });
	expect(await readMessages(`${channel}/messages`)).toEqual([]);
	wire.close();
	listener.close();
});

test("over HTTP an ephemeral channel answers 202, alone and in lists, and takes no key and no condition", async () => {
	const messages = `${channelOf("passing", "cursor:2")}/messages`;
	const stream = await fetch(messages, { headers: { accept: "text/event-stream" } });
	const reader = new EventReader(stream.body);
	const { epoch } = await getJson<{ epoch: string }>(`${server.url}/v1/spaces/passing`);
	const one = await postJson(messages, { data: 1, key: "k" });
	expect([one.status, one.headers.get("location"), await one.json()]).toEqual([
		202,
		null,
		{ epoch, seq: null, position: null },
	]);
	const list = await postJson(messages, [{ data: 2 }, { data: 3, ephemeral: true }, { data: 4 }]);
	expect([list.status, ((await list.json()) as { positions: unknown }).positions]).toEqual([202, [null, null, null]]);
	const events = await reader.take(4);
	expect(events.map(({ data }) => (JSON.parse(data) as { data: number }).data)).toEqual([1, 2, 3, 4]);
	await expectProblem(await postJson(messages, { data: 5 }, { "idempotency-key": "k" }), "bad_request");
	await expectProblem(await postJson(messages, { data: 5 }, { "if-match": `"${epoch}:0"` }), "bad_request");
	await reader.cancel();
});

test("the SDK publishes to an ephemeral channel like to any other, and its seq is null", async () => {
	const channel = client.space("passing").channel<number>("cursor:3");
	const heard: Message<number>[] = [];
	const subscription = channel.subscribe((message) => heard.push(message));
	await subscription.ready;
	for (const data of [1, 2, 3]) expect(await channel.publish(data)).toMatchObject({ seq: null, duplicate: false });
	await until(() => heard.length === 3, "three messages");
	expect(heard).toMatchObject([1, 2, 3].map((data) => ({ data, seq: 0, ephemeral: true })));
});

test("an exchange whose channel is ephemeral is answered without a position, over HTTP and raw TCP", async () => {
	const reply = await postJson(`${server.url}/v1/exchange`, { name: "a", message: "b" });
	expect([reply.status, await reply.json()]).toEqual([200, { status: "success", message: expect.any(String) }]);
	using tcp = await connectTcp(server.tcp);
	await tcp.send(exchangeText("c"));
	expect(readLine(await tcp.read())).toMatchObject({ status: "success" });
});

test(`after ${keyedMessages} messages on 50 keys a subscriber from the start gets 50, also after kill -9`, {
	timeout: 120_000,
}, async () => {
	const channel = channelOf("keyed", "price:1");
	const wire = await connectWire(server.url, "keyed", "publisher");
	const answers = await pour(wire, "price:1", keyedMessages, 50);
	expect(answers.map((answer) => (answer.type === "published" ? answer.seq : answer.type))).toEqual(
		Array.from({ length: keyedMessages }, (_, index) => index + 1),
	);
	const epoch = (await headOf(channel)).split(":")[0] ?? "";
	for (const killed of [false, true]) {
		if (killed) await server.restart();
		const space = client.space(`keyed`);
		const seen: Message<number>[] = [];
		const live = space.channel<number>("price:1").subscribe((message) => seen.push(message), { from: "start" });
		await until(() => seen.length >= 50, "fifty messages");
		expect(seen.map(({ data }) => data)).toEqual(Array.from({ length: 50 }, (_, index) => keyedMessages - 50 + index));
		live.unsubscribe();
		const over = await readMessages(`${channel}/messages`, `${epoch}:4000`);
		expect(over.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => keyedMessages - 49 + index));
		expect(await getJson(channel)).toMatchObject({
			kind: "keyed",
			head: keyedMessages,
			floor: 1,
			retention: { age: null },
		});
	}
	const again = await connectWire(server.url, "keyed", "publisher");
	const n = keyedMessages - 1;
	const repeat = { t: "pub", ref: 1, ch: "price:1", n, prev: n - 1, key: "k49", data: n } as const;
	expect(await again.ask(repeat)).toMatchObject({ type: "published", seq: keyedMessages, duplicate: true });
	expect((await fetch(`${channel}/messages/${keyedMessages - 49}`)).status).toBe(200);
	await expectProblem(await fetch(`${channel}/messages/${keyedMessages - 50}`), "not_found");
	const back = await getJson<{ messages: Message[]; next: string }>(`${channel}/messages?order=desc&limit=3`);
	expect(back.messages.map(({ seq }) => seq)).toEqual([0, 1, 2].map((back) => keyedMessages - back));
	const page = await fetch(`${channel}/messages?after=0&limit=3`);
	expect([page.headers.get("etag"), ((await page.json()) as { next: string }).next]).toEqual([
		null,
		`${epoch}:${keyedMessages - 47}`,
	]);
	wire.close();
	again.close();
});

test("messages of one key each write at most 1.1 rows, and a live subscriber gets them all", async () => {
	const wire = await connectWire(server.url, "rows", "publisher");
	const seqs: number[] = [];
	wire.onEnvelopes = (envelopes) => {
		for (const each of envelopes) if (each.type === "messages") seqs.push(...each.entries.map(({ seq }) => seq));
	};
	await wire.ask({ t: "sub", ref: 0, ch: "price:2" });
	const publish = (n: number) =>
		wire.ask({ t: "pub", ref: n + 1, ch: "price:2", n, prev: n - 1, key: `k${n % 7}`, data: n });
	await publish(0);
	const before = await rowsOf("rows");
	for (let n = 1; n <= 600; n++) await publish(n);
	const rows = ((await rowsOf("rows")) - before) / 600;
	console.log(`rows written per message of a keyed channel, alone: ${rows.toFixed(3)}`);
	expect(rows).toBeLessThanOrEqual(1.1);
	await until(() => seqs.length === 601, "every message");
	expect(seqs).toEqual(Array.from({ length: 601 }, (_, index) => index + 1));
	wire.close();
});

test("a keyed channel refuses a message without a key, at every door, and its head stays", async () => {
	const messages = `${channelOf("keyless", "price:1")}/messages`;
	expect((await postJson(messages, { key: "a", data: null })).status).toBe(201);
	await expectProblem(await postJson(messages, { data: 1 }), "bad_request");
	await expectProblem(await postJson(messages, [{ key: "a", data: 1 }, { data: 2 }]), "bad_request");
	const wire = await connectWire(server.url, "keyless", "client");
	const refused = await wire.ask({ t: "pub", ref: 1, ch: "price:1", n: 0, prev: -1, data: 1 });
	expect(refused).toMatchObject({ type: "error", code: "bad_request" });
	expect(await headOf(channelOf("keyless", "price:1"))).toMatch(/:1$/);
	expect(await readMessages(messages)).toMatchObject([{ key: "a", data: null }]);
	wire.close();
});

test("purge and wipe of a keyed channel: the head stays, then all begins anew", async () => {
	const channel = channelOf("purged", "price:1");
	for (const key of ["a", "b", "a"]) await postJson(`${channel}/messages`, { key, data: 1 });
	await fetch(channel, { method: "DELETE" });
	expect(await getJson(channel)).toMatchObject({ head: 3, floor: 4 });
	await server.restart();
	expect(await getJson(channel)).toMatchObject({ head: 3, floor: 4 });
	expect((await postJson(`${channel}/messages`, { key: "a", data: 2 })).headers.get("location")).toMatch(/\/4$/);
	await fetch(`${server.url}/v1/spaces/purged`, { method: "DELETE" });
	expect(await getJson(channel)).toMatchObject({ kind: "keyed", head: 0, floor: 1 });
	expect((await postJson(`${channel}/messages`, { key: "a", data: 3 })).headers.get("location")).toMatch(/\/1$/);
});

test("idle channels are trimmed by the alarm when their messages are too old, and the floor is told", async () => {
	const names = ["short:a", "short:keyed"];
	const urls = names.map((name) => channelOf("trimmed", name));
	for (const url of urls)
		await postJson(
			`${url}/messages`,
			[1, 2, 3].map((data) => ({ key: `k${data}`, data })),
		);
	await postJson(`${channelOf("trimmed", "other")}/messages`, { data: 1 });
	expect(await getJson(urls[0] ?? "")).toMatchObject({ kind: "log", floor: 1, head: 3, retention: { age: 1_500 } });
	const position = await headOf(urls[0] ?? "");
	const old = position.replace(/\d+$/, "1");
	for (const url of urls) {
		await until(async () => (await getJson<{ floor: number }>(url)).floor === 4, `${url} to be trimmed`);
		expect(await readMessages(`${url}/messages`)).toEqual([]);
		await expectProblem(await fetch(`${url}/messages?after=${old}`), "position_expired");
	}
	expect(await getJson(channelOf("trimmed", "other"))).toMatchObject({ floor: 1, head: 1 });
	const wire = await connectWire(server.url, "trimmed", "late");
	const at = { epoch: position.split(":")[0] ?? "", seq: 1 };
	expect(await wire.ask({ t: "sub", ref: 1, ch: "short:a", at })).toMatchObject({ type: "reset", reason: "retention" });
	wire.close();
});
