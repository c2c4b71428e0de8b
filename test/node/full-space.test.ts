import { afterAll, beforeAll, expect, test } from "vitest";
import { buildEdited, editChannels, editLimit } from "../helpers/edited-build.ts";
import { expectProblem, getJson, headOf, postJson, publishAll } from "../helpers/http.ts";
import { knock, upgradeHeaders } from "../helpers/knock.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp, exchangeText, readLine } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

/** Bytes and sockets that a space of this server holds. */
const [bytes, sockets] = [400_000, 2];

let server: LocalServer;

beforeAll(async () => {
	const channels = '"price:*": { kind: "keyed" }, "cursor:*": { kind: "ephemeral" }';
	const edits = [editLimit("spaceBytes", bytes), editLimit("socketsPerSpace", sockets), editChannels(channels)];
	server = await serveHere({ bundle: await buildEdited(edits) });
});
afterAll(() => server.stop());

function channelOf(space: string, name = "log"): string {
	return `${server.url}/v1/spaces/${space}/channels/${name}`;
}

/** Publishes until the space holds more than it may: the message that passes the limit is still stored. */
async function fill(space: string, name = "log"): Promise<void> {
	const size = async () => (await getJson<{ bytes: number }>(`${server.url}/v1/spaces/${space}`)).bytes;
	while ((await size()) <= bytes) {
		await publishAll(`${channelOf(space, name)}/messages`, Array(2).fill("x".repeat(60_000)));
	}
}

test("a space that is full stores nothing more, over HTTP and on a socket, and says so", async () => {
	await fill("full");
	const head = await headOf(channelOf("full"));
	await expectProblem(await postJson(`${channelOf("full")}/messages`, { data: 1 }), "storage_full");
	await expectProblem(await postJson(`${channelOf("full", "new")}/messages`, [{ data: 1 }]), "storage_full");
	const wire = await connectWire(server.url, "full", "client");
	const refused = await wire.ask({ t: "pub", ref: 1, ch: "log", n: 0, prev: -1, data: 1 });
	expect(refused).toMatchObject({ type: "error", code: "storage_full" });
	expect(await headOf(channelOf("full"))).toBe(head);
	wire.close();
});

test("a space that is full refuses messages of a keyed channel, and goes on with an ephemeral one", async () => {
	expect((await postJson(`${channelOf("kinds", "price:1")}/messages`, { key: "a", data: 1 })).status).toBe(201);
	await fill("kinds");
	const again = await postJson(`${channelOf("kinds", "price:1")}/messages`, { key: "a", data: 2 });
	await expectProblem(again, "storage_full");
	expect((await postJson(`${channelOf("kinds", "cursor:1")}/messages`, { data: 1 })).status).toBe(202);
});

test("a space that is full still reads, answers what it stored before, and delivers what it need not store", async () => {
	const messages = `${channelOf("reads")}/messages`;
	const headers = { "idempotency-key": "k" };
	const first = await (await postJson(messages, { data: 1 }, headers)).json();
	await fill("reads");
	const wire = await connectWire(server.url, "reads", "client");
	const heard: unknown[] = [];
	wire.onEnvelopes = (envelopes) => heard.push(...envelopes.filter(({ type }) => type === "ephemeral"));
	await wire.ask({ t: "sub", ref: 1, ch: "log" });
	const replayed = await postJson(messages, { data: 1 }, headers);
	expect([replayed.status, await replayed.json()]).toEqual([201, first]);
	expect((await fetch(`${messages}?limit=1`)).status).toBe(200);
	expect((await postJson(messages, { data: "passing", ephemeral: true })).status).toBe(202);
	await until(() => heard.length > 0, "the ephemeral message");
	wire.close();
});

test("a space that is full takes messages again once a channel of it is purged, or it is wiped", async () => {
	await fill("freed");
	await fetch(channelOf("freed"), { method: "DELETE" });
	expect((await postJson(`${channelOf("freed")}/messages`, { data: 1 })).status).toBe(201);
	await fill("freed");
	await fetch(`${server.url}/v1/spaces/freed`, { method: "DELETE" });
	expect((await postJson(`${channelOf("freed")}/messages`, { data: 1 })).status).toBe(201);
});

test("raw TCP and the exchange say as well that their space is full", async () => {
	await fill("default", "exchange");
	await expectProblem(await postJson(`${server.url}/v1/exchange`, { name: "a", message: "b" }), "storage_full");
	using client = await connectTcp(server.tcp);
	await client.send(exchangeText("late"));
	expect(readLine(await client.read())).toMatchObject({ status: "error", code: "storage_full" });
});

test("one socket too many is refused by 503, and let in when another has gone", async () => {
	const wires = await Promise.all(["a", "b"].map((client) => connectWire(server.url, "crowded", client)));
	const url = `${server.url}/v1/spaces/crowded/socket?client=c`;
	const { status, body } = await knock(url, upgradeHeaders);
	expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([503, "space_full"]);
	const stream = await fetch(url, { headers: { accept: "text/event-stream" } });
	await expectProblem(stream, "space_full");
	expect(await wires[0]?.ask({ t: "sub", ref: 1, ch: "log" })).toMatchObject({ type: "subscribed" });
	wires[0]?.close();
	await until(async () => (await knock(url, upgradeHeaders)).status === 101, "the place of the one that left");
	wires[1]?.close();
});
