import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import { expectProblem, getJson, headOf, type Page, postJson, readMessages } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

interface Published {
	readonly epoch: string;
	readonly seq: number;
	readonly position: string;
	readonly positions?: readonly string[];
}

let server: TestServer;
let epoch: string;

beforeAll(async () => {
	server = await startServer();
	({ epoch } = await getJson<{ epoch: string }>(`${server.url}/v1/spaces/publish`));
});
afterAll(() => server.stop());

/** A channel that no other test uses, by the name it has in this one. */
function channelOf(name: string, space = "publish"): string {
	return `${server.url}/v1/spaces/${space}/channels/${name}`;
}

describe("POST /v1/exchange", () => {
	test("answers status, message and position, and stores the message in default/exchange", async () => {
		const response = await postJson(`${server.url}/v1/exchange`, { name: "小飞机", message: "你好,服务器!" });
		expect(response.status).toBe(200);
		expect(response.headers.get("content-type")).toMatch(/^application\/json/);
		expect(response.headers.get("idempotency-replayed")).toBeNull();
		const { position, ...answer } = (await response.json()) as { position: string };
		expect(answer).toEqual({ status: "success", message: "Hello, 小飞机! Your message is stored." });
		expect(position).toBe(await headOf(channelOf("exchange", "default")));
		const stored = await getJson(`${channelOf("exchange", "default")}/messages/${position.split(":")[1]}`);
		expect(stored).toMatchObject({ from: "anonymous", data: { name: "小飞机", message: "你好,服务器!" } });
	});

	test("stores a request with an idempotency key once", async () => {
		const exchange = { name: "once", message: "a" };
		const headers = { "idempotency-key": "exchange once" };
		const first = await postJson(`${server.url}/v1/exchange`, exchange, headers);
		const second = await postJson(`${server.url}/v1/exchange`, exchange, headers);
		expect(second.status).toBe(200);
		expect(second.headers.get("idempotency-replayed")).toBe("true");
		expect(await second.json()).toEqual(await first.json());
		const other = await postJson(`${server.url}/v1/exchange`, { ...exchange, message: "b" }, headers);
		await expectProblem(other, "idempotency_mismatch");
	});

	test.each([
		["no message", { name: "a" }],
		["a list with one that is none", [{ name: "a", message: "b" }, { name: "a" }]],
		["a name that is empty", { name: "", message: "b" }],
		["a name that is too long", { name: "x".repeat(257), message: "b" }],
	])("refuses %s", async (_, body) => {
		const before = await headOf(channelOf("exchange", "default"));
		await expectProblem(await postJson(`${server.url}/v1/exchange`, body), "bad_request");
		expect(await headOf(channelOf("exchange", "default"))).toBe(before);
	});
});

describe("publishing one message", () => {
	test("answers 201, where it is and its position, and stores every field", async () => {
		const channel = channelOf("one");
		const draft = { data: { text: "hi", list: [1, null, true] }, name: "greeting", key: "user:7", id: "my-id" };
		const started = Date.now();
		const response = await postJson(`${channel}/messages`, draft);
		expect(response.status).toBe(201);
		expect(await response.json()).toEqual({ epoch, seq: 1, position: `${epoch}:1` });
		expect(response.headers.get("location")).toBe("/v1/spaces/publish/channels/one/messages/1");
		const stored = await getJson<{ ts: number }>(new URL(response.headers.get("location") ?? "", server.url).href);
		expect(stored).toEqual({ seq: 1, ts: stored.ts, from: "anonymous", ...draft });
		expect(stored.ts).toBeGreaterThanOrEqual(started);
		expect(stored.ts).toBeLessThanOrEqual(Date.now());
	});

	test.each([
		["null", null],
		["false", false],
		["an empty string", ""],
		["a number", -1.5e-7],
		["the largest whole number", 9007199254740991],
		["an empty list", []],
		["text with line ends and separators", "a\nb\r\u2028\u0000\ud800\\n"],
	])("takes %s as data", async (name, data) => {
		const messages = `${channelOf(`data-${name.replaceAll(" ", "-")}`)}/messages`;
		expect((await postJson(messages, { data })).status).toBe(201);
		expect(await readMessages(messages)).toMatchObject([{ seq: 1, data }]);
	});

	test("gives each message an id of its own where none is given", async () => {
		const messages = `${channelOf("ids")}/messages`;
		await postJson(messages, [{ data: 1 }, { data: 2 }]);
		const ids = (await readMessages(messages)).map(({ id }) => id);
		expect(new Set(ids).size).toBe(2);
		for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
	});

	test("counts each channel and each space for itself", async () => {
		for (const channel of [channelOf("counted-a"), channelOf("counted-b"), channelOf("counted-a", "other")]) {
			const answer = (await (await postJson(`${channel}/messages`, { data: 1 })).json()) as Published;
			expect(answer.seq).toBe(1);
		}
	});
});

describe("publishing a list", () => {
	test("gives a hundred messages adjacent seqs, also while others publish", async () => {
		const messages = `${channelOf("adjacent")}/messages`;
		const lists = Array.from({ length: 8 }, (_, list) =>
			Array.from({ length: limits.batchMessages }, (_, index) => ({ data: [list, index] })),
		);
		const answers = await Promise.all(lists.map(async (list) => (await postJson(messages, list)).json()));
		const stored = await readMessages(messages);
		expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 800 }, (_, index) => index + 1));
		for (const [list, answer] of (answers as Published[]).entries()) {
			const { seq, positions } = answer;
			expect(positions).toEqual(Array.from({ length: 100 }, (_, index) => `${epoch}:${seq + index}`));
			expect(stored.slice(seq - 1, seq + 99).map(({ data }) => data)).toEqual(lists[list]?.map(({ data }) => data));
		}
	});

	test("answers a list of one with positions, and where its first message is", async () => {
		const response = await postJson(`${channelOf("list-of-one")}/messages`, [{ data: 1 }]);
		expect(response.headers.get("location")).toMatch(/\/channels\/list-of-one\/messages\/1$/);
		expect(await response.json()).toEqual({ epoch, seq: 1, position: `${epoch}:1`, positions: [`${epoch}:1`] });
	});

	test.each([
		["101 messages", Array.from({ length: 101 }, () => ({ data: 1 })), "too_big"],
		["no message", [], "bad_request"],
		["99 good ones and one without data", [...Array.from({ length: 99 }, () => ({ data: 1 })), {}], "bad_request"],
		["a good one and one with a bad name", [{ data: 1 }, { data: 2, name: "a/b" }], "bad_name"],
		["a good one and one whose data is too big", [{ data: 1 }, { data: "x".repeat(limits.messageBytes) }], "too_big"],
		["a list in a list", [[{ data: 1 }]], "bad_request"],
	] as const)("stores nothing of %s", async (name, list, code) => {
		const channel = channelOf(`refused-${name.replaceAll(/\W/g, "-")}`);
		await expectProblem(await postJson(`${channel}/messages`, list), code);
		expect(await headOf(channel)).toBe(`${epoch}:0`);
	});
});

describe("an Idempotency-Key", () => {
	const headers = { "idempotency-key": "key-1" };

	test("answers the same request again without storing it again, also after the server was killed", async () => {
		const channel = channelOf("keys");
		const first = await postJson(`${channel}/messages`, [{ data: "a" }, { data: "b" }], headers);
		expect(first.headers.get("idempotency-replayed")).toBeNull();
		const answer = (await first.json()) as Published;
		await postJson(`${channel}/messages`, { data: "between" });
		const replay = async () => {
			const second = await postJson(`${channel}/messages`, [{ data: "a" }, { data: "b" }], headers);
			expect(second.status).toBe(201);
			expect(second.headers.get("idempotency-replayed")).toBe("true");
			expect(second.headers.get("location")).toBe(first.headers.get("location"));
			expect(await second.json()).toEqual(answer);
		};
		await replay();
		await server.kill();
		await server.restart();
		await replay();
		expect(await headOf(channel)).toBe(`${epoch}:3`);
	});

	test("refuses another body, another channel and the same body as one message", async () => {
		const channel = channelOf("keys");
		const before = await headOf(channel);
		for (const body of [[{ data: "a" }, { data: "c" }], { data: "a" }]) {
			await expectProblem(await postJson(`${channel}/messages`, body, headers), "idempotency_mismatch");
		}
		const other = channelOf("keys-other");
		const response = await postJson(`${other}/messages`, [{ data: "a" }, { data: "b" }], headers);
		await expectProblem(response, "idempotency_mismatch");
		expect(await headOf(channel)).toBe(before);
		expect(await headOf(other)).toBe(`${epoch}:0`);
	});

	test("sent ten times at once is stored once", async () => {
		const channel = channelOf("keys-at-once");
		const answers = await Promise.all(
			Array.from({ length: 10 }, () => postJson(`${channel}/messages`, { data: 1 }, { "idempotency-key": "at once" })),
		);
		expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
		expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true")).toHaveLength(9);
		expect(await headOf(channel)).toBe(`${epoch}:1`);
	});

	test("is not used up by a request that is refused", async () => {
		const channel = channelOf("keys-refused");
		const key = { "idempotency-key": "refused" };
		await expectProblem(await postJson(`${channel}/messages`, {}, key), "bad_request");
		await expectProblem(await postJson(`${channel}/messages`, { data: "x".repeat(70_000) }, key), "too_big");
		expect((await postJson(`${channel}/messages`, { data: 1 }, key)).status).toBe(201);
	});

	test.each([
		["too long", "x".repeat(129)],
		["empty", ""],
		["beyond ASCII", "schl\u00fcssel"],
		["with a tab", "a\tb"],
	])("that is %s is refused", async (_, key) => {
		const channel = channelOf("keys-bad");
		await expectProblem(await postJson(`${channel}/messages`, { data: 1 }, { "idempotency-key": key }), "bad_request");
		expect(await headOf(channel)).toBe(`${epoch}:0`);
	});
});

describe("a condition by If-Match", () => {
	test("stores while the head is as expected, from the empty channel on", async () => {
		const channel = channelOf("condition");
		for (const seq of [0, 1, 2]) {
			const head = `"${epoch}:${seq}"`;
			expect((await fetch(channel)).headers.get("etag")).toBe(head);
			expect((await postJson(`${channel}/messages`, { data: seq }, { "if-match": head })).status).toBe(201);
		}
	});

	test("answers 412 with the head otherwise, and stores nothing", async () => {
		const channel = channelOf("condition");
		for (const position of [`${epoch}:2`, `${epoch}:0`, `${epoch}:4`, "0mws8cs1x68xynmjz:3"]) {
			const response = await postJson(`${channel}/messages`, { data: 1 }, { "if-match": `"${position}"` });
			const problem = await expectProblem(response, "condition_failed");
			expect(problem).toMatchObject({ epoch, floor: 1, head: 3 });
			expect(response.headers.get("etag")).toBe(`"${epoch}:3"`);
		}
		expect(await headOf(channel)).toBe(`${epoch}:3`);
	});

	test("lets exactly one of ten rivals win each round", async () => {
		const channel = channelOf("rivals");
		for (let head = 0; head < 5; head++) {
			const rivals = await Promise.all(
				Array.from({ length: 10 }, (_, rival) =>
					postJson(`${channel}/messages`, { data: rival }, { "if-match": `"${epoch}:${head}"` }),
				),
			);
			expect(rivals.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(412)]);
		}
		expect((await getJson<Page>(`${channel}/messages`)).head).toBe(5);
	});

	test.each(["1", '"1"', "*", 'W/"a:1"', '""'])("that reads %s is refused", async (header) => {
		const response = await postJson(`${channelOf("condition")}/messages`, { data: 1 }, { "if-match": header });
		await expectProblem(response, "bad_position");
	});
});
