import { afterAll, beforeAll, expect, test } from "vitest";
import { EventReader } from "../helpers/event-reader.ts";
import { expectProblem, getJson, headOf, type Page, postJson, publishAll } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server.stop());

/** What a program may have kept of a channel: each of these belongs to the life of the space in which it was taken. */
interface Kept {
	readonly messages: string;
	readonly channel: string;
	/** The position of the head. */
	readonly position: string;
	readonly channelTag: string;
	readonly messageTag: string;
	readonly pageTag: string;
	readonly nextLink: string;
	readonly next: string;
	readonly previous: string;
	/** Where reading many channels stood. */
	readonly events: string;
	readonly cursor: string;
	/** The epoch after the wipe. */
	readonly epoch: string;
}

/** Publishes five messages, keeps all that tells where they are, wipes the space and publishes five others. */
async function outlive(space: string): Promise<Kept> {
	const root = `${server.url}/v1/spaces/${space}`;
	const channel = `${root}/channels/log`;
	const messages = `${channel}/messages`;
	const position = await publishAll(messages, ["a", "b", "c", "d", "e"]);
	const events = `${root}/events?channel=log&channel=other`;
	const [page, backwards, message, state] = await Promise.all(
		[`${messages}?limit=2`, `${messages}?limit=2&order=desc`, `${messages}/2`, channel].map((url) => fetch(url)),
	);
	if (!page || !backwards || !message || !state) throw new Error("not read");
	const kept = {
		...{ messages, channel, position },
		channelTag: state.headers.get("etag") ?? "",
		messageTag: message.headers.get("etag") ?? "",
		pageTag: page.headers.get("etag") ?? "",
		nextLink: /^<(.+)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1] ?? "",
		next: ((await page.json()) as Page).next,
		previous: ((await backwards.json()) as Page).next,
		events,
		cursor: (await getJson<Page>(events)).next,
	};
	for (const value of Object.values(kept)) expect(value).not.toBe("");
	expect((await fetch(root, { method: "DELETE" })).status).toBe(204);
	const again = await publishAll(messages, ["A", "B", "C", "D", "E"]);
	expect(again).not.toBe(position);
	return { ...kept, epoch: again.split(":")[0] ?? "" };
}

/** Expects 410 with where the log stands after the wipe. */
async function expectGone(url: string, { epoch }: Kept, headers: Record<string, string> = {}): Promise<void> {
	const response = await fetch(url, { headers });
	expect(await expectProblem(response, "position_expired")).toMatchObject({ epoch, floor: 1, head: 5 });
	expect(response.headers.get("etag")).toBe(`"${epoch}:5"`);
}

test("a cursor from before a wipe is refused: after, before, next, and the link that leads on", async () => {
	const kept = await outlive("cursors");
	const { messages, position, next, previous, nextLink } = kept;
	await expectGone(`${messages}?after=${position}`, kept);
	await expectGone(`${messages}?before=${position}`, kept);
	await expectGone(`${messages}?after=${next}`, kept);
	await expectGone(`${messages}?before=${previous}`, kept);
	await expectGone(`${messages}?before=${previous}&order=asc`, kept);
	await expectGone(new URL(nextLink, server.url).href, kept);
	await expectGone(`${messages}?after=${position}&wait=1`, kept);
});

test("a cursor over many channels from before a wipe is refused: a page, a long-poll, a stream", async () => {
	const kept = await outlive("many");
	const { events, cursor, messages, position } = kept;
	await expectGone(`${events}&after=${cursor}`, kept);
	await expectGone(`${events}&after=${cursor}&wait=1`, kept);
	await expectGone(`${events}&after=${cursor}`, kept, { accept: "text/event-stream" });
	await expectGone(`${messages}?after=${position}`, kept, { accept: "text/event-stream" });
});

test("an event id from before a wipe is told to be void, and what is there now follows it", async () => {
	const { messages, events, position, cursor, epoch } = await outlive("ids");
	for (const [url, id, resets, last] of [
		[messages, position, 1, `${epoch}:5`],
		[events, cursor, 2, `${epoch}:log=5,other=0`],
	] as const) {
		const headers = { accept: "text/event-stream", "last-event-id": id };
		const reader = new EventReader((await fetch(url, { headers })).body);
		const heard = await reader.take(resets + 5);
		const reasons = heard.filter(({ type }) => type === "reset").map(({ data }) => JSON.parse(data) as object);
		expect(reasons).toEqual(Array(resets).fill(expect.objectContaining({ reason: "epoch", epoch })));
		const told = heard.filter(({ type }) => type === "message").map(({ data }) => JSON.parse(data) as { data: string });
		expect(told.map(({ data }) => data)).toEqual(["A", "B", "C", "D", "E"]);
		expect(reader.lastId).toBe(last);
		await reader.cancel();
	}
});

test("an ETag from before a wipe says of nothing that it is unchanged", async () => {
	const { messages, messageTag, pageTag, channelTag, epoch } = await outlive("tags");
	for (const [url, tag] of [
		[`${messages}/2`, messageTag],
		[`${messages}?limit=2`, pageTag],
		[`${messages}/2`, `"other", ${messageTag}`],
		[`${messages}/5`, channelTag],
	] as const) {
		const response = await fetch(url, { headers: { "if-none-match": tag } });
		expect([url, response.status]).toEqual([url, 200]);
		expect(response.headers.get("etag")).toContain(epoch);
		expect(await response.text()).toMatch(/"data":"[A-E]"/);
	}
	const asXml = { accept: "application/xml", "if-none-match": inFormat(messageTag, "xml") };
	const response = await fetch(`${messages}/2`, { headers: asXml });
	expect([response.status, response.headers.get("etag")]).toEqual([200, `"${epoch}:2-xml"`]);
});

/** The tag of the same thing in another format. */
function inFormat(tag: string, format: string): string {
	return tag.replace(/"$/, `-${format}"`);
}

test("a condition by an ETag from before a wipe does not hold, and its answer tells the head of now", async () => {
	const { messages, channel, channelTag, messageTag, epoch } = await outlive("conditions");
	for (const tag of [
		...[channelTag, messageTag, channelTag.replace(/:\d+/, ":0")],
		...["xml", "msgpack"].map((format) => inFormat(channelTag, format)),
	]) {
		const response = await postJson(messages, { data: "late" }, { "if-match": tag });
		expect(await expectProblem(response, "condition_failed")).toMatchObject({ epoch, floor: 1, head: 5 });
		expect(response.headers.get("etag")).toBe(`"${epoch}:5"`);
	}
	expect(await headOf(channel)).toBe(`${epoch}:5`);
	expect((await postJson(messages, { data: "on time" }, { "if-match": `"${epoch}:5"` })).status).toBe(201);
});

test("a condition is refused, and nothing done, by whatever knows none: no purge, no wipe, no exchange, no publish", async () => {
	const { messages, channel, channelTag, epoch } = await outlive("unconditional");
	const root = `${server.url}/v1/spaces/unconditional`;
	const exchange = { name: "a", message: "b" };
	for (const tag of [channelTag, `"${epoch}:5"`, "*"]) {
		const condition = { "if-match": tag };
		const refused = [
			await fetch(channel, { method: "DELETE", headers: condition }),
			await fetch(root, { method: "DELETE", headers: condition }),
			await postJson(`${server.url}/v1/exchange`, exchange, condition),
			await postJson(messages, { data: 1 }, { "if-none-match": tag }),
		];
		for (const response of refused) await expectProblem(response, "bad_request");
	}
	expect(await getJson(channel)).toMatchObject({ epoch, floor: 1, head: 5 });
	expect(await headOf(`${server.url}/v1/spaces/default/channels/exchange`)).toMatch(/:0$/);
	// To a read it means nothing.
	expect((await fetch(channel, { headers: { "if-match": channelTag } })).status).toBe(200);
});

test("an idempotency key from before a wipe is new: what it stood for is gone", async () => {
	const root = `${server.url}/v1/spaces/keys`;
	const messages = `${root}/channels/log/messages`;
	const headers = { "idempotency-key": "k" };
	const first = (await (await postJson(messages, { data: 1 }, headers)).json()) as { position: string };
	await fetch(root, { method: "DELETE" });
	const again = await postJson(messages, { data: 1 }, headers);
	expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, null]);
	expect(((await again.json()) as { position: string }).position).not.toBe(first.position);
	expect(await getJson<Page>(messages)).toMatchObject({ head: 1, messages: [{ data: 1 }] });
});

test("all of it is refused as well after the server was killed right behind the wipe", async () => {
	const kept = await outlive("killed");
	await server.kill();
	await server.restart();
	await expectGone(`${kept.messages}?after=${kept.next}`, kept);
	await expectProblem(await postJson(kept.messages, { data: 1 }, { "if-match": kept.channelTag }), "condition_failed");
	const unchanged = await fetch(`${kept.messages}/2`, { headers: { "if-none-match": kept.messageTag } });
	expect(unchanged.status).toBe(200);
});
