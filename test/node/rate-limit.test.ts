import { afterAll, beforeAll, expect, test } from "vitest";
import { buildEdited, editLimit } from "../helpers/edited-build.ts";
import { expectProblem, headOf, postJson, publishAll } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp, exchangeText, readLine } from "../helpers/tcp-client.ts";
import { connectWire } from "../helpers/wire.ts";

/** Messages that a principal of this server may publish at once, and how many come back in a second. */
const [burst, rate] = [10, 0.2];

let server: LocalServer;

beforeAll(async () => {
	server = await serveHere({
		bundle: await buildEdited([editLimit("publishBurst", burst), editLimit("publishRate", rate)]),
	});
});
afterAll(() => server.stop());

function channelOf(space: string, name = "chat"): string {
	return `${server.url}/v1/spaces/${space}/channels/${name}`;
}

/** Uses up what the principal of HTTP may publish to a space. */
async function exhaust(space: string): Promise<void> {
	await publishAll(`${channelOf(space)}/messages`, Array(burst).fill("x"));
}

test("what comes too fast over HTTP is 429, with the seconds to wait, and stores nothing", async () => {
	await exhaust("http");
	for (const body of [{ data: 1 }, [{ data: 1 }, { data: 2 }], { data: 1, ephemeral: true }]) {
		const response = await postJson(`${channelOf("http")}/messages`, body);
		const problem = await expectProblem(response, "rate_limited");
		const wait = (Array.isArray(body) ? body.length : 1) / rate;
		expect(problem.retryAfter).toBeGreaterThan(wait - 1 / rate);
		expect(problem.retryAfter).toBeLessThanOrEqual(wait);
		expect(response.headers.get("retry-after")).toBe(`${problem.retryAfter}`);
	}
	expect(await headOf(channelOf("http"))).toMatch(new RegExp(`:${burst}$`));
});

test("who waits as long as it is told is let in again", async () => {
	await exhaust("waits");
	const refused = await postJson(`${channelOf("waits")}/messages`, { data: 1 });
	await new Promise((resolve) => setTimeout(resolve, Number(refused.headers.get("retry-after")) * 1_000));
	expect((await postJson(`${channelOf("waits")}/messages`, { data: 1 })).status).toBe(201);
	expect((await postJson(`${channelOf("waits")}/messages`, { data: 1 })).status).toBe(429);
});

test("a request that was stored before is answered above the rate, also after the server was killed", async () => {
	const messages = `${channelOf("replayed")}/messages`;
	const headers = { "idempotency-key": "once" };
	const first = await (await postJson(messages, { data: "once" }, headers)).json();
	await publishAll(messages, Array(burst - 1).fill("x"));
	await expectProblem(await postJson(messages, { data: "more" }), "rate_limited");
	const replayed = await postJson(messages, { data: "once" }, headers);
	expect([replayed.status, replayed.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
	expect(await replayed.json()).toEqual(first);
	await expectProblem(await postJson(messages, { data: "other" }, headers), "idempotency_mismatch");
});

test("the rate counts before the size and the condition", async () => {
	await exhaust("order");
	const messages = `${channelOf("order")}/messages`;
	const headers = { "if-match": '"0mws8cs1x68xynmjz:3"' };
	await expectProblem(await postJson(messages, { data: "x".repeat(70_000) }), "rate_limited");
	await expectProblem(await postJson(messages, { data: 1 }, headers), "condition_failed");
});

test("other spaces, sockets and readers of the same principal go on", async () => {
	await exhaust("one");
	await expectProblem(await postJson(`${channelOf("one", "another")}/messages`, { data: 1 }), "rate_limited");
	expect((await postJson(`${channelOf("two")}/messages`, { data: 1 })).status).toBe(201);
	expect((await fetch(`${channelOf("one")}/messages`)).status).toBe(200);
	const wire = await connectWire(server.url, "one", "socket");
	for (let n = 0; n < 3 * burst; n++) {
		expect(await wire.ask({ t: "pub", ref: n, ch: "chat", n, prev: n - 1, data: n })).toMatchObject({
			type: "published",
			seq: burst + n + 1,
		});
	}
	wire.close();
});

test("raw TCP has a budget of its own, and says in its reply how long to wait", async () => {
	await postJson(`${server.url}/v1/exchange`, { name: "http", message: "hi" });
	using client = await connectTcp(server.tcp);
	await client.send(JSON.stringify(Array(burst).fill({ name: "a", message: "b" })));
	expect(JSON.parse(String(await client.read()))).toHaveLength(burst);
	await client.send(exchangeText("late"));
	expect(readLine(await client.read())).toEqual({
		status: "error",
		code: "rate_limited",
		message: expect.any(String),
		retryAfter: expect.any(Number),
	});
	await client.send("<exchange><name>late</name><message>hi</message></exchange>");
	expect(String(await client.read())).toMatch(/<code>rate_limited<\/code>.*<retryAfter type="number">\d<\/retryAfter>/);
	expect((await postJson(`${server.url}/v1/exchange`, { name: "http", message: "hi" })).status).toBe(200);
});

test("who is erased is so whole, however little may be written", async () => {
	const records = `${server.url}/v1/spaces/erased/collections/carts`;
	for (let index = 0; index < burst; index++) {
		const init = { method: "PUT", headers: { "content-type": "application/json" }, body: "{}" };
		expect((await fetch(`${records}/user:1:${index}`, init)).status).toBe(201);
	}
	await expectProblem(await postJson(records, {}), "rate_limited");
	const done = await postJson(`${server.url}/v1/erasures`, { sub: "user:1", space: "erased" });
	expect(await done.json()).toMatchObject({ records: burst, kept: 0 });
	expect(await (await fetch(records)).json()).toMatchObject({ records: [] });
});
