import { afterAll, beforeAll, expect, test } from "vitest";
import type { ServerEnvelope } from "../../protocol/envelopes.ts";
import { expectProblem, getJson, headOf, postJson } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire, type Wire } from "../helpers/wire.ts";

let server: LocalServer;
let epoch: string;

beforeAll(async () => {
	server = await serveHere();
	({ epoch } = await getJson<{ epoch: string }>(`${server.url}/v1/spaces/passing`));
});
afterAll(() => server.stop());

function channelOf(name: string): string {
	return `${server.url}/v1/spaces/passing/channels/${name}`;
}

/** A live subscriber, with what it gets. */
async function listen(channel: string): Promise<{ readonly wire: Wire; readonly heard: ServerEnvelope[] }> {
	const wire = await connectWire(server.url, "passing", `listener-${channel}`);
	const heard: ServerEnvelope[] = [];
	wire.onEnvelopes = (envelopes) =>
		heard.push(...envelopes.filter(({ type }) => type === "messages" || type === "ephemeral"));
	await wire.ask({ t: "sub", ref: 1, ch: channel });
	return { wire, heard };
}

test("an ephemeral message is answered 202, delivered, and stored nowhere", async () => {
	const { wire, heard } = await listen("one");
	const draft = { data: { x: 1 }, name: "cursor", key: "k:1", id: "mine", ephemeral: true };
	const response = await postJson(`${channelOf("one")}/messages`, draft);
	expect(response.status).toBe(202);
	expect(response.headers.get("location")).toBeNull();
	expect(await response.json()).toEqual({ epoch, seq: null, position: null });
	await until(() => heard.length > 0, "the message");
	const { ephemeral: _, ...sent } = draft;
	const entries = [{ ts: expect.any(Number), from: "anonymous", ...sent }];
	expect(heard).toEqual([{ type: "ephemeral", channel: "one", entries }]);
	expect(await headOf(channelOf("one"))).toBe(`${epoch}:0`);
	wire.close();
});

test("a list of ephemeral messages is answered 202 with as many nulls", async () => {
	const { wire, heard } = await listen("list");
	const drafts = [1, 2].map((data) => ({ data, ephemeral: true }));
	const response = await postJson(`${channelOf("list")}/messages`, drafts);
	expect(response.status).toBe(202);
	expect(await response.json()).toEqual({ epoch, seq: null, position: null, positions: [null, null] });
	await until(() => heard.length > 0, "the messages");
	expect(heard).toMatchObject([{ entries: [{ data: 1 }, { data: 2 }] }]);
	wire.close();
});

test("a list of both is answered 201 with the positions of what is stored, and done once by its key", async () => {
	const { wire, heard } = await listen("both");
	const messages = `${channelOf("both")}/messages`;
	const drafts = [{ data: "a", ephemeral: true }, { data: "b" }, { data: "c", ephemeral: true }, { data: "d" }];
	const headers = { "idempotency-key": "both", "if-match": `"${epoch}:0"` };
	for (const replayed of [null, "true"]) {
		const response = await postJson(messages, drafts, headers);
		expect([response.status, response.headers.get("idempotency-replayed")]).toEqual([201, replayed]);
		expect(response.headers.get("location")).toMatch(/\/channels\/both\/messages\/1$/);
		const positions = [null, `${epoch}:1`, null, `${epoch}:2`];
		expect(await response.json()).toEqual({ epoch, seq: 1, position: `${epoch}:1`, positions });
	}
	await wire.ask({ t: "unsub", ref: 2, ch: "another" });
	expect(heard).toMatchObject([
		{ type: "messages", after: 0, to: 2, entries: [{ data: "b" }, { data: "d" }] },
		{ type: "ephemeral", entries: [{ data: "a" }, { data: "c" }] },
	]);
	wire.close();
});

test("a list of both whose condition does not hold is neither stored nor delivered", async () => {
	const { wire, heard } = await listen("condition");
	const drafts = [{ data: "a", ephemeral: true }, { data: "b" }];
	const response = await postJson(`${channelOf("condition")}/messages`, drafts, { "if-match": `"${epoch}:7"` });
	await expectProblem(response, "condition_failed");
	await wire.ask({ t: "unsub", ref: 2, ch: "another" });
	expect(heard).toEqual([]);
	wire.close();
});

test.each([
	["an Idempotency-Key", { "idempotency-key": "k" }],
	["an If-Match", { "if-match": '"0mws8cs1x68xynmjz:0"' }],
])("%s on what is only ephemeral is refused: nothing could hold it", async (_, headers) => {
	const messages = `${channelOf("refused")}/messages`;
	for (const body of [{ data: 1, ephemeral: true }, [{ data: 1, ephemeral: true }]]) {
		await expectProblem(await postJson(messages, body, headers), "bad_request");
	}
	expect((await postJson(messages, { data: 1, ephemeral: false })).status).toBe(201);
});
