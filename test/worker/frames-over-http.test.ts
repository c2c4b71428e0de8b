import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { evict, freshSpace, publish } from "./space.ts";
import { WireClient } from "./wire-client.ts";

type Envelope = { readonly [key: string]: Json } & { readonly t: string };

/** A client without a WebSocket: frames come as events, and go as POSTs. */
class StreamClient {
	readonly #reader: EventReader;
	readonly #url: string;
	readonly #inbox: Envelope[] = [];
	connection = "";

	private constructor(url: string, body: ReadableStream<Uint8Array> | null) {
		this.#url = url;
		this.#reader = new EventReader(body);
	}

	static async open(space: string, client: string): Promise<StreamClient> {
		const url = `http://localhost/v1/spaces/${space}/socket?client=${client}`;
		const response = await exports.default.fetch(url, { headers: { accept: "text/event-stream" } });
		expect(response.status).toBe(200);
		expect(response.headers.get("content-type")).toBe("text/event-stream");
		const opened = new StreamClient(url, response.body);
		const welcome = await opened.next();
		expect(welcome.t).toBe("welcome");
		opened.connection = String(welcome.connection);
		return opened;
	}

	async next(): Promise<Envelope> {
		if (this.#inbox.length === 0) {
			const { data, type } = await this.#reader.next();
			expect(type).toBe("message");
			this.#inbox.push(...[JSON.parse(data) as Envelope].flat());
		}
		return this.#inbox.shift() as Envelope;
	}

	post(...envelopes: readonly Json[]): Promise<Response> {
		return post(`${this.#url}&connection=${this.connection}`, envelopes);
	}

	/** Resolves when the stream has ended, to how. */
	async end(): Promise<string | undefined> {
		await this.#reader.until(() => this.#reader.ended !== undefined, "the end of the stream");
		return this.#reader.ended;
	}

	leave(): Promise<void> {
		return this.#reader.cancel();
	}
}

function post(url: string, frame: Json): Promise<Response> {
	return exports.default.fetch(url, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(frame),
	});
}

/** One long-poll of a client: the envelopes of its answer. */
async function poll(space: string, client: string, wait: number, ...frame: readonly Json[]): Promise<Envelope[]> {
	const response = await post(`http://localhost/v1/spaces/${space}/socket?client=${client}&wait=${wait}`, frame);
	expect(response.status).toBe(200);
	expect(response.headers.get("content-type")).toBe("application/json");
	return (await response.json()) as Envelope[];
}

const seqs = (envelopes: readonly Envelope[]) =>
	envelopes.flatMap(({ e }) => (Array.isArray(e) ? (e as { seq: number }[]).map(({ seq }) => seq) : []));

test("a client without a WebSocket subscribes and publishes by POST, and gets all answers and messages down its stream", async () => {
	const { name, stub } = freshSpace();
	const client = await StreamClient.open(name, "streamer");
	const posted = await client.post(
		{ t: "sub", ref: 1, ch: "chat" },
		{ t: "pub", ref: 2, ch: "chat", n: 0, data: "line\nbreak" },
	);
	expect({ status: posted.status, body: await posted.text() }).toEqual({ status: 202, body: "" });
	expect(await client.next()).toMatchObject({ t: "ok", ref: 1, head: 0 });
	expect(await client.next()).toMatchObject({ t: "ok", ref: 2, seq: 1 });
	expect(await client.next()).toMatchObject({ t: "msg", e: [{ id: "streamer/0", data: "line\nbreak" }] });
	await publish(stub, "chat", 2, 3);
	expect(seqs([await client.next()])).toEqual([2, 3]);
});

test("a client without an id has that of its connection", async () => {
	const { name } = freshSpace();
	const url = `http://localhost/v1/spaces/${name}/socket`;
	const reader = new EventReader((await exports.default.fetch(url, { headers: { accept: "text/event-stream" } })).body);
	const { connection } = JSON.parse((await reader.next()).data) as { connection: string };
	const posted = await post(`${url}?connection=${connection}`, { t: "pub", ref: 1, ch: "chat", n: 0, data: 1 });
	expect(posted.status).toBe(202);
	expect(JSON.parse((await reader.next()).data)).toEqual({ t: "ok", ref: 1, seq: 1 });
});

test("one open event stream of frames outlives the object's sleep: 150 messages over two evictions, no gap and no double", async () => {
	const { name, stub } = freshSpace();
	const client = await StreamClient.open(name, "sleeper");
	await client.post({ t: "sub", ref: 1, ch: "chat" });
	await client.next();
	const seen: number[] = [];
	for (let round = 0; round < 3; round++) {
		for (let index = 0; index < 50; index++) await publish(stub, "chat", index);
		while (seen.length < (round + 1) * 50) seen.push(...seqs([await client.next()]));
		await evict(stub);
	}
	expect(seen).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
	expect((await client.post({ t: "pub", ref: 2, ch: "chat", n: 0, data: "awake" })).status).toBe(202);
	expect(await client.next()).toMatchObject({ t: "ok", ref: 2, seq: 151 });
});

test("a frame that cannot be read is answered down the stream, as on a socket; one over a megabyte is refused at once", async () => {
	const { name } = freshSpace();
	const client = await StreamClient.open(name, "clumsy");
	const url = `http://localhost/v1/spaces/${name}/socket?client=clumsy&connection=${client.connection}`;
	const headers = { "content-type": "application/json" };
	const send = (body: string) => exports.default.fetch(url, { method: "POST", headers, body });
	expect((await send('{"t":"pub", nonsense')).status).toBe(202);
	expect(await client.next()).toMatchObject({ t: "err", code: "malformed" });
	expect((await send('{"t":"pub","ref":1,"ch":"chat","data":9007199254740993}')).status).toBe(202);
	expect(await client.next()).toMatchObject({ t: "err", ref: 1, code: "not_json" });
	const tooBig = await send(`{"t":"pub","ref":2,"ch":"chat","data":"${"x".repeat(limits.bodyBytes)}"}`);
	expect(tooBig.status).toBe(413);
	const asText = await exports.default.fetch(url, { method: "POST", body: "[]" });
	expect({ status: asText.status, code: ((await asText.json()) as { code: string }).code }).toEqual({
		status: 415,
		code: "unsupported_media_type",
	});
	await client.post({ t: "unsub", ref: 3, ch: "chat" });
	expect(await client.next()).toEqual({ t: "ok", ref: 3 });
});

test("a frame for a connection that does not stand is a 404; for one that the client replaced, a 409, also after the object slept", async () => {
	const { name, stub } = freshSpace();
	const problem = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];
	const first = await StreamClient.open(name, "same");
	const second = await StreamClient.open(name, "same");
	expect(await first.next()).toMatchObject({ t: "bye", code: "replaced" });
	expect(await first.end()).toBe("closed");
	await evict(stub);
	expect(await problem(await first.post({ t: "sub", ref: 1, ch: "chat" }))).toEqual([409, "replaced"]);
	expect((await second.post({ t: "sub", ref: 1, ch: "chat" })).status).toBe(202);
	expect(await second.next()).toMatchObject({ t: "ok", ref: 1 });
	// Nobody can speak for another client by naming its connection.
	const url = `http://localhost/v1/spaces/${name}/socket?client=other&connection=${second.connection}`;
	expect(await problem(await post(url, { t: "sub", ref: 2, ch: "chat" }))).toEqual([404, "not_found"]);
	await second.leave();
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
	expect(await problem(await second.post({ t: "sub", ref: 3, ch: "chat" }))).toEqual([404, "not_found"]);
});

test("an event stream of frames and a WebSocket of the same client replace each other", async () => {
	const { name } = freshSpace();
	const stream = await StreamClient.open(name, "same");
	const socket = await WireClient.connect(name, "same");
	expect(await stream.next()).toMatchObject({ t: "bye", code: "replaced" });
	const again = await StreamClient.open(name, "same");
	expect(await socket.next("bye")).toMatchObject({ code: "replaced" });
	await again.post({ t: "unsub", ref: 1, ch: "chat" });
	expect(await again.next()).toEqual({ t: "ok", ref: 1 });
});

test("a wipe ends a stream of frames with its bye", async () => {
	const { name, stub } = freshSpace();
	const client = await StreamClient.open(name, "wiped");
	await stub.wipe();
	expect(await client.next()).toMatchObject({ t: "bye", code: "wiped" });
	expect(await client.end()).toBe("closed");
});

test("a long-poll is welcomed and answered whole; with nothing subscribed it does not wait", async () => {
	const { name, stub } = freshSpace();
	const [welcome, ...answers] = await poll(name, "poller", 30, { t: "pub", ref: 1, ch: "chat", n: 0, data: 1 });
	expect(welcome).toMatchObject({ t: "welcome" });
	expect(answers).toEqual([{ t: "ok", ref: 1, seq: 1 }]);
	expect(await poll(name, "poller", 30, { t: "credit", ch: "chat", seq: 1 })).toMatchObject([{ t: "welcome" }]);
	expect(await poll(name, "poller", 30)).toMatchObject([{ t: "welcome" }]);
	const again = await poll(name, "poller", 30, { t: "pub", ref: 7, ch: "chat", n: 0, data: 1 }, { t: "nonsense" });
	expect(again.slice(1)).toMatchObject([
		{ t: "err", code: "unsupported" },
		{ t: "ok", ref: 7, seq: 1, dup: true },
	]);
	expect((await stub.channel("chat")).head).toBe(1);
});

test("a long-poll that subscribes returns with what is there, else with the first message, else when its time is over", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1, 2);
	const stored = await poll(name, "poller", 30, { t: "sub", ref: 1, ch: "chat", at: "start" });
	expect(stored.slice(1)).toMatchObject([
		{ t: "ok", ref: 1, head: 2 },
		{ t: "msg", to: 2 },
	]);
	const parked = poll(name, "poller", 30, {
		t: "sub",
		ref: 1,
		ch: "chat",
		at: { epoch: stored[0]?.epoch ?? "", seq: 2 },
	});
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);
	await evict(stub);
	await publish(stub, "chat", 3);
	expect(seqs(await parked)).toEqual([3]);
	const empty = await poll(name, "poller", 30, { t: "sub", ref: 1, ch: "chat" });
	expect(empty.slice(1)).toMatchObject([{ t: "ok", ref: 1, head: 3, after: 3 }]);
	await expect.poll(async () => (await stub.info()).sockets).toBe(0);
});

test("a long-poll is told of a reset, and of a wipe, at once", async () => {
	const { name, stub } = freshSpace();
	await publish(stub, "chat", 1);
	const { epoch } = await stub.info();
	const ahead = await poll(name, "poller", 30, { t: "sub", ref: 1, ch: "chat", at: { epoch, seq: 9 } });
	expect(ahead.slice(1)).toMatchObject([{ t: "reset", ref: 1, reason: "ahead" }]);
	let told: readonly Envelope[] | undefined;
	const purged = poll(name, "poller", 30, { t: "sub", ref: 1, ch: "chat" }).then((envelopes) => {
		told = envelopes;
	});
	// The first purge may come before the subscription.
	while (!told) await stub.purge("chat");
	await purged;
	expect(told.slice(2)).toMatchObject([{ t: "reset", reason: "purged" }]);
	const wiped = poll(name, "poller", 30, { t: "sub", ref: 1, ch: "chat" });
	await expect.poll(async () => (await stub.info()).sockets).toBe(1);
	await stub.wipe();
	expect((await wiped).at(-1)).toMatchObject({ t: "bye", code: "wiped" });
});

test("long-polls of a client neither replace one another nor its socket, also after the object slept", async () => {
	const { name, stub } = freshSpace();
	const socket = await WireClient.connect(name, "same");
	const polls = [1, 2].map(() => poll(name, "same", 30, { t: "sub", ref: 1, ch: "chat", at: "start" }));
	await expect.poll(async () => (await stub.info()).sockets).toBe(3);
	await evict(stub);
	const third = poll(name, "same", 30, { t: "sub", ref: 1, ch: "chat", at: "start" });
	await expect.poll(async () => (await stub.info()).sockets).toBe(4);
	await publish(stub, "chat", 1);
	for (const each of await Promise.all([...polls, third])) expect(seqs(each)).toEqual([1]);
	expect(await socket.ask({ t: "unsub", ref: 1, ch: "chat" })).toEqual({ type: "done", ref: 1 });
});

test.each([
	["wait=31", 400, "bad_request"],
	["wait=-1", 400, "bad_request"],
	["wait=1.5", 400, "bad_request"],
	["wait=soon", 400, "bad_request"],
	["wait=1&connection=x", 400, "bad_request"],
	["client=a/b", 400, "bad_name"],
])("POST with %s is a %i %s", async (query, status, code) => {
	const response = await post(`http://localhost/v1/spaces/${freshSpace().name}/socket?${query}`, []);
	expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
});

test("HEAD of the stream's path says what GET would answer and opens nothing", async () => {
	const { name, stub } = freshSpace();
	const headers = { accept: "text/event-stream" };
	const response = await exports.default.fetch(`http://localhost/v1/spaces/${name}/socket`, {
		method: "HEAD",
		headers,
	});
	expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
	expect((await stub.info()).sockets).toBe(0);
});
