import { afterAll, beforeAll, expect, test } from "vitest";
import { EventReader } from "../helpers/event-reader.ts";
import { expectProblem, getJson, headOf, type Page, postJson, publishAll } from "../helpers/http.ts";
import { type RecordBody, type RecordsBody, sendJson, writeRecord } from "../helpers/records.ts";
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

/** What a program may have kept of a collection of three records. */
interface KeptRecords {
	/** The path of the collection. */
	readonly collection: string;
	/** The epoch before the wipe, and the one after it. */
	readonly wiped: string;
	readonly epoch: string;
	/** The ETags that the records had. */
	readonly tags: Readonly<Record<string, string>>;
	/** A cursor of its pages. */
	readonly next: string;
}

/** Writes three records, keeps all that tells how they were, wipes the space and writes three others of the same names. */
async function outliveRecords(space: string): Promise<KeptRecords> {
	const root = `${server.url}/v1/spaces/${space}`;
	const collection = `${root}/collections/stock`;
	const writeAll = async (text: string) => {
		const tags: Record<string, string> = {};
		for (const id of ["boat", "plane", "pram"]) {
			tags[id] = (await writeRecord("PUT", `${collection}/${id}`, { text })).etag;
		}
		return tags;
	};
	const tags = await writeAll("before");
	const { epoch: wiped, next } = await getJson<RecordsBody>(`${collection}?limit=1`);
	expect((await fetch(root, { method: "DELETE" })).status).toBe(204);
	await writeAll("after");
	const { epoch, rev } = await getJson<RecordsBody>(collection);
	expect([next, rev, epoch]).toEqual([`${wiped}:boat`, 3, expect.not.stringContaining(wiped)]);
	return { collection, wiped, epoch, tags, next: next ?? "" };
}

/** What is read of a collection, and the records of it, in the order in which a snapshot tells them. */
const selections: readonly (readonly [query: string, ids: readonly string[]])[] = [
	["", ["boat", "plane", "pram"]],
	["?prefix=p", ["plane", "pram"]],
	["/plane", ["plane"]],
];

/** Places of before: at the head, before it, ahead of what there is now, and in the middle of a snapshot. */
function placesOf(wiped: string): readonly string[] {
	return [`${wiped}:3`, `${wiped}:1`, `${wiped}:99`, `${wiped}:3:`, `${wiped}:3:boat`, `${wiped}:3:pram`];
}

test("an event id of records from before a wipe is told to be void, and the records of now follow it", async () => {
	const { collection, wiped, epoch } = await outliveRecords("record-ids");
	for (const [query, ids] of selections) {
		for (const id of placesOf(wiped)) {
			const headers = { accept: "text/event-stream", "last-event-id": id };
			const response = await fetch(collection + query, { headers });
			expect([query, id, response.status]).toEqual([query, id, 200]);
			const reader = new EventReader(response.body);
			const [reset, ...heard] = await reader.take(ids.length + 2);
			expect([reset?.type, JSON.parse(reset?.data ?? "")]).toEqual(["reset", { reason: "epoch", epoch, rev: 3 }]);
			const ready = heard.pop();
			expect([ready?.type, JSON.parse(ready?.data ?? "")]).toEqual(["ready", { epoch, rev: 3 }]);
			expect(heard.map(({ type }) => type)).toEqual(ids.map(() => "message"));
			const records = heard.map(({ data }) => JSON.parse(data) as RecordBody);
			expect(records.map((record) => [record.id, record.data])).toEqual(ids.map((each) => [each, { text: "after" }]));
			expect(reader.lastId).toBe(`${epoch}:3`);
			await reader.cancel();
		}
	}
});

test("a stream of records is refused after a place from before a wipe, and a page after its cursor", async () => {
	const { collection, wiped, epoch, next } = await outliveRecords("record-places");
	const expired = async (url: string, headers: Record<string, string> = {}) => {
		const response = await fetch(url, { headers });
		expect(await expectProblem(response, "position_expired")).toMatchObject({ epoch, rev: 3 });
		expect(response.headers.get("etag")).toBe(`"${epoch}:3"`);
	};
	for (const [query] of selections) {
		for (const place of placesOf(wiped)) {
			const after = `${query.includes("?") ? "&" : "?"}after=${place}`;
			await expired(collection + query + after, { accept: "text/event-stream" });
		}
	}
	await expired(`${collection}?cursor=${next}`);
	await expired(`${collection}?cursor=${next}&prefix=p`);
});

test("an ETag of a record from before a wipe holds for no read and no write of it", async () => {
	const { collection, epoch, tags } = await outliveRecords("record-tags");
	const url = `${collection}/plane`;
	const tag = tags.plane ?? "";
	for (const kept of [tag, inFormat(tag, "xml"), `"other", ${tag}`]) {
		const unchanged = await fetch(url, { headers: { "if-none-match": kept } });
		expect([unchanged.status, unchanged.headers.get("etag")]).toEqual([200, `"${epoch}:2"`]);
		const condition = { "if-match": kept };
		for (const response of [
			await fetch(url, { headers: condition }),
			await sendJson("PUT", url, {}, condition),
			await sendJson("PATCH", url, {}, condition),
			await fetch(url, { method: "DELETE", headers: condition }),
		]) {
			expect(await expectProblem(response, "condition_failed")).toMatchObject({ epoch, rev: 2 });
			expect(response.headers.get("etag")).toBe(`"${epoch}:2"`);
		}
	}
	expect(await getJson(url)).toMatchObject({ rev: 2, data: { text: "after" } });
});

test("a transaction on a condition from before a wipe is refused, and nothing of it stored; so is a write under a lock", async () => {
	const { collection, wiped, epoch, tags } = await outliveRecords("transaction");
	const root = new URL("../", collection).href.replace(/\/$/, "");
	const record = { collection: "stock", id: "plane", data: { text: "late" } };
	const { etag } = await writeRecord("PUT", `${root}/collections/locks/door`, { held: true });
	const position = await publishAll(`${root}/channels/orders/messages`, [1, 2, 3]);
	const head = position.replace(epoch, wiped);
	expect([etag, position, head]).toEqual([`"${epoch}:1"`, `${epoch}:3`, `${wiped}:3`]);
	const hold = { lock: "door", token: `${wiped}:1` };
	const xml = inFormat(tags.plane ?? "", "xml");
	for (const [item, code, state] of [
		[{ op: "publish", channel: "orders", data: 4, if: { head } }, "condition_failed", { floor: 1, head: 3 }],
		[{ op: "publish", channel: "orders", data: 4, if: hold }, "lock_lost", {}],
		[{ op: "put", ...record, if: { etag: tags.plane } }, "condition_failed", { rev: 2 }],
		[{ op: "put", ...record, if: { etag: xml } }, "condition_failed", { rev: 2 }],
		[{ op: "put", ...record, if: { rev: 2, etag: tags.plane } }, "condition_failed", { rev: 2 }],
		[{ op: "patch", ...record, if: { etag: tags.plane } }, "condition_failed", { rev: 2 }],
		[{ op: "delete", collection: "stock", id: "plane", if: { etag: tags.plane } }, "condition_failed", { rev: 2 }],
		[{ op: "put", ...record, if: hold }, "lock_lost", {}],
	] as const) {
		const items = [{ op: "publish", channel: "orders", data: "first" }, { op: "put", ...record, id: "new" }, item];
		const problem = await expectProblem(await postJson(`${root}/transactions`, { items }), code);
		expect([item, problem]).toEqual([item, expect.objectContaining({ item: 2, ...state })]);
		if (code === "condition_failed") expect(problem).toMatchObject({ epoch });
	}
	const held = { "if-lock": `${hold.lock} ${hold.token}` };
	await expectProblem(await postJson(`${root}/channels/orders/messages`, { data: 4 }, held), "lock_lost");
	await expectProblem(await sendJson("PUT", `${collection}/plane`, record.data, held), "lock_lost");
	expect(await headOf(`${root}/channels/orders`)).toBe(position);
	expect(await getJson(collection)).toMatchObject({ rev: 3, records: [{}, { data: { text: "after" } }, {}] });
	// What was taken after the wipe holds.
	const items = [
		{ op: "publish", channel: "orders", data: 4, if: { head: position } },
		{ op: "put", ...record, if: { etag: `"${epoch}:2"` } },
	];
	expect((await postJson(`${root}/transactions`, { items })).status).toBe(200);
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
