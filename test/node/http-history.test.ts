import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/limits.ts";
import {
	expectProblem,
	getJson,
	headOf,
	type Page,
	postJson,
	publishAll,
	readMessages,
	walk,
} from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

/** Messages in the channel that all tests of reading share. */
const count = 257;

let server: TestServer;
let channel: string;
let messages: string;
let epoch: string;

beforeAll(async () => {
	server = await startServer();
	channel = channelOf("history", "read");
	messages = `${channel}/messages`;
	const last = await publishAll(messages, numbers(1, count));
	epoch = last.split(":")[0] ?? "";
	expect(last).toBe(`${epoch}:${count}`);
});
afterAll(() => server.stop());

function channelOf(space: string, name: string): string {
	return `${server.url}/v1/spaces/${space}/channels/${name}`;
}

/** The whole numbers from one to another, downwards where the second is less. */
function numbers(from: number, to: number): number[] {
	const step = Math.sign(to - from) || 1;
	return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + index * step);
}

/** One page, and whether it links to a next one; its messages by seq, which is also their data. */
async function read(query: string) {
	const response = await fetch(`${messages}?${query}`);
	expect(response.status).toBe(200);
	const { messages: entries, ...state } = (await response.json()) as Page;
	for (const { seq, data } of entries) expect(data).toBe(seq);
	return { ...state, seqs: entries.map(({ seq }) => seq), link: response.headers.get("link") };
}

describe("history", () => {
	test("gives the oldest hundred first, with the state of the channel and where to go on", async () => {
		expect(await read("")).toEqual({
			epoch,
			floor: 1,
			head: count,
			seqs: numbers(1, 100),
			next: `${epoch}:100`,
			link: `</v1/spaces/history/channels/read/messages?after=${epoch}%3A100&order=asc>; rel="next"`,
		});
	});

	test.each([
		["order=desc", numbers(257, 158), 158],
		["order=desc&limit=3", [257, 256, 255], 255],
		["limit=1", [1], 1],
		["limit=1000", numbers(1, 257), 257],
		["after=EPOCH:255", [256, 257], 257],
		["after=255", [256, 257], 257],
		["after=0&limit=2", [1, 2], 2],
		["before=EPOCH:4", [3, 2, 1], 1],
		["before=4&order=asc", [1, 2, 3], 3],
		["before=EPOCH:258&limit=2", [257, 256], 256],
		["after=EPOCH:10&before=EPOCH:14", [11, 12, 13], 13],
		["after=EPOCH:10&before=EPOCH:14&order=desc", [13, 12, 11], 11],
		["after=EPOCH:10&before=EPOCH:11", [], 10],
		["before=1", [], 1],
		["after=EPOCH:257", [], 257],
		["after=300", [], 257],
		["since=0&limit=2", [1, 2], 2],
	])("by %s", async (query, seqs, next) => {
		const page = await read(query.replaceAll("EPOCH", epoch));
		expect([page.seqs, page.next]).toEqual([seqs, `${epoch}:${next}`]);
	});

	test.each([
		["forwards", "limit=50", numbers(1, count), 6],
		["backwards", "limit=50&order=desc", numbers(count, 1), 6],
		["forwards, one page exactly", `limit=${count}`, numbers(1, count), 1],
		["backwards, one page exactly", `limit=${count}&order=desc`, numbers(count, 1), 1],
		["backwards from the middle", "limit=50&before=129", numbers(128, 1), 3],
		["between two places", "limit=7&after=100&before=151", numbers(101, 150), 8],
		["between two places, backwards", "limit=7&after=100&before=151&order=desc", numbers(150, 101), 8],
	])("is walked to its end by its links: %s", async (_, query, seqs, pages) => {
		const walked = await walk(`${messages}?${query}`);
		expect(walked.flatMap((page) => page.messages.map(({ seq }) => seq))).toEqual(seqs);
		expect(walked).toHaveLength(pages);
	});

	test("goes on from the same next when more comes", async () => {
		const own = `${channelOf("history", "grows")}/messages`;
		await publishAll(own, [1, 2, 3]);
		const { next } = await getJson<Page>(`${own}?limit=1000`);
		const poll = `${own}?after=${next}`;
		expect(await getJson(poll)).toMatchObject({ messages: [], next });
		await publishAll(own, [4]);
		expect(await getJson(poll)).toMatchObject({ messages: [{ data: 4 }], next: `${epoch}:4` });
	});

	test("starts at a time by since", async () => {
		const own = `${channelOf("history", "since")}/messages`;
		await publishAll(own, ["early"]);
		const { ts } = (await readMessages(own))[0] ?? { ts: 0 };
		await until(() => Date.now() > ts, "the clock to move on");
		await publishAll(own, ["late", "later"]);
		const late = (await readMessages(own)).slice(1);
		expect(await getJson(`${own}?since=${ts + 1}`)).toMatchObject({ messages: [{ data: "late" }, { data: "later" }] });
		expect(await getJson(`${own}?since=${ts}`)).toMatchObject({ messages: [{ data: "early" }, {}, {}] });
		expect(await getJson(`${own}?since=${(late[1]?.ts ?? 0) + 60_000}`)).toMatchObject({ messages: [] });
		const walked = await walk(`${own}?since=${ts + 1}&limit=1`);
		expect(walked.flatMap((page) => page.messages.map(({ data }) => data))).toEqual(["late", "later"]);
	});

	test("of large messages comes in pages that stay near a megabyte, and nothing is missing", async () => {
		const own = `${channelOf("history", "large")}/messages`;
		const text = "x".repeat(60_000);
		await publishAll(
			own,
			numbers(1, 10).map((number) => `${number}${text}`),
		);
		for (let times = 0; times < 4; times++)
			await publishAll(
				own,
				numbers(1, 10).map((number) => `${number}${text}`),
			);
		for (const order of ["asc", "desc"]) {
			const pages = await walk(`${own}?limit=1000&order=${order}`);
			expect(pages.flatMap((page) => page.messages)).toHaveLength(50);
			expect(pages.length).toBeGreaterThan(2);
			for (const page of pages) {
				expect(JSON.stringify(page).length).toBeLessThan(limits.bodyBytes + 2 * limits.messageBytes);
			}
		}
	});

	test("of a channel that nobody has used is empty, and reading creates nothing", async () => {
		const own = channelOf("history", "unused");
		const page = { epoch, floor: 1, head: 0, messages: [], next: `${epoch}:0` };
		expect(await getJson(`${own}/messages`)).toEqual(page);
		const { channels } = await getJson<{ channels: string[] }>(`${server.url}/v1/spaces/history/channels`);
		expect(channels).not.toContain("unused");
	});

	test.each([
		["limit=1001", "bad_request"],
		["limit=-1", "bad_request"],
		["limit=ten", "bad_request"],
		["limit=1.5", "bad_request"],
		["limit=0", "bad_request"],
		["limit=", "bad_request"],
		["limit=5&limit=6", "bad_request"],
		["after=EPOCH:1&after=EPOCH:2", "bad_request"],
		["order=", "bad_request"],
		["order=asc&ordre=desc", "bad_request"],
		["%00=1", "bad_request"],
		["order=up", "bad_request"],
		["since=yesterday", "bad_request"],
		["since=-1", "bad_request"],
		["after=x", "bad_position"],
		["after=", "bad_position"],
		["after=-1", "bad_position"],
		["before=EPOCH:", "bad_position"],
		["before=EPOCH:1e3", "bad_position"],
		["after=9007199254740993", "bad_position"],
	] as const)("refuses %s", async (query, code) => {
		await expectProblem(await fetch(`${messages}?${query.replace("EPOCH", epoch)}`), code);
	});
});

describe("one message", () => {
	test("is read by its seq, with its position as ETag", async () => {
		const response = await fetch(`${messages}/200`);
		expect(response.headers.get("etag")).toBe(`"${epoch}:200"`);
		expect(response.headers.get("content-type")).toMatch(/^application\/json/);
		const [listed] = await readMessages(messages, `${epoch}:199`);
		expect(await response.json()).toEqual(listed);
	});

	test.each(["258", "9007199254740991"])("that is not there is not found: %s", async (seq) => {
		await expectProblem(await fetch(`${messages}/${seq}`), "not_found");
	});

	test.each(["0", "-1", "x", "1.5", "9007199254740993", "%31%zz"])(
		"by a seq that is none is refused: %s",
		async (seq) => {
			await expectProblem(await fetch(`${messages}/${seq}`), "bad_request");
		},
	);
});

describe("a channel", () => {
	test("tells its state, with its head as ETag, and is listed with the others in order", async () => {
		const response = await fetch(channel);
		expect(await response.json()).toEqual({
			...{ name: "read", kind: "log", epoch, floor: 1, head: count },
			retention: { age: 86_400_000, messages: 100_000, bytes: 67_108_864 },
			occupancy: { members: 0, subscribers: 0 },
		});
		expect(response.headers.get("etag")).toBe(`"${epoch}:${count}"`);
		const space = `${server.url}/v1/spaces/listed/channels`;
		for (const name of ["b", "a", "a:1"]) await publishAll(`${space}/${name}/messages`, [1]);
		expect(await getJson(space)).toEqual({ channels: ["a", "a:1", "b"] });
		expect(await getJson(`${space}?after=a`)).toEqual({ channels: ["a:1", "b"] });
	});

	test("tells how many are subscribed to it at this moment", async () => {
		const own = channelOf("occupied", "own");
		const subscribers = async () => (await getJson<{ occupancy: unknown }>(own)).occupancy;
		const [one, other] = [
			await connectWire(server.url, "occupied", "a"),
			await connectWire(server.url, "occupied", "b"),
		];
		for (const wire of [one, other]) for (const ch of ["own", "another"]) await wire.ask({ t: "sub", ref: 1, ch });
		expect(await subscribers()).toEqual({ members: 0, subscribers: 2 });
		await one.ask({ t: "sub", ref: 2, ch: "own", at: "start" });
		expect(await subscribers()).toEqual({ members: 0, subscribers: 2 });
		await one.ask({ t: "unsub", ref: 3, ch: "own" });
		expect(await subscribers()).toEqual({ members: 0, subscribers: 1 });
		other.close();
		await until(
			async () => JSON.stringify(await subscribers()) === '{"members":0,"subscribers":0}',
			"the closed socket to be gone",
		);
		one.close();
	});

	test("that is purged keeps its head: what is published next has the next seq", async () => {
		const own = channelOf("history", "purged");
		await publishAll(`${own}/messages`, numbers(1, 150));
		const purged = await fetch(own, { method: "DELETE" });
		expect([purged.status, await purged.text()]).toEqual([204, ""]);
		const empty = { epoch, floor: 151, head: 150 };
		expect(await getJson(own)).toMatchObject(empty);
		expect(await getJson(`${own}/messages`)).toEqual({ ...empty, messages: [], next: `${epoch}:150` });
		await expectProblem(await fetch(`${own}/messages/150`), "not_found");
		await publishAll(`${own}/messages`, ["after"]);
		expect(await readMessages(`${own}/messages`)).toMatchObject([{ seq: 151, data: "after" }]);
		expect(await readMessages(`${own}/messages`, `${epoch}:150`)).toMatchObject([{ seq: 151 }]);
		for (const query of [`after=${epoch}:149`, `before=${epoch}:10`]) {
			const response = await fetch(`${own}/messages?${query}`);
			const problem = await expectProblem(response, "position_expired");
			expect(problem).toMatchObject({ epoch, floor: 151, head: 151 });
			expect(response.headers.get("etag")).toBe(`"${epoch}:151"`);
		}
	});

	test("is purged again and while it is empty without harm", async () => {
		const own = channelOf("history", "purged-twice");
		for (const head of [0, 2]) {
			for (let times = 0; times < 2; times++) {
				expect((await fetch(own, { method: "DELETE" })).status).toBe(204);
				expect(await getJson(own)).toMatchObject({ floor: head + 1, head });
			}
			if (head === 0) await publishAll(`${own}/messages`, [1, 2]);
		}
	});
});

describe("a position that is void", () => {
	const other = "0mws8cs1x68xynmjz";

	test.each([
		["of another life of the space", `after=${other}:5`],
		["of another life of the space", `before=${other}:5`],
		["of another life of the space, at its very start", `after=${other}:0`],
		["of another life, beside a good one", `after=EPOCH:5&before=${other}:9`],
		["ahead of the log", `after=EPOCH:${count + 1}`],
		["ahead of the log", `before=EPOCH:${count + 2}`],
		["far ahead of the log", "after=EPOCH:9007199254740991"],
	])("(%s: %s) is 410, with where reading stands now", async (_, query) => {
		const response = await fetch(`${messages}?${query.replace("EPOCH", epoch)}`);
		const problem = await expectProblem(response, "position_expired");
		expect(problem).toMatchObject({ epoch, floor: 1, head: count });
		expect(response.headers.get("etag")).toBe(`"${epoch}:${count}"`);
	});

	test.each(["", "&wait=1"])(
		"is never what a page gives as next, also where a bare seq is ahead of the log%s",
		async (wait) => {
			const own = channelOf("history", `ahead${wait.length}`);
			await publishAll(`${own}/messages`, [1, 2]);
			const page = await getJson<Page>(`${own}/messages?after=99${wait}`);
			expect(page).toEqual({ epoch, floor: 1, head: 2, messages: [], next: `${epoch}:2` });
			await publishAll(`${own}/messages`, [3]);
			expect(await readMessages(`${own}/messages`, page.next)).toMatchObject([{ seq: 3 }]);
		},
	);

	test("below the floor is 410 with the floor; the ones beside it are read, and so is one of an untouched log", async () => {
		const own = channelOf("history", "floor");
		await publishAll(`${own}/messages`, numbers(1, 5));
		await fetch(own, { method: "DELETE" });
		await publishAll(`${own}/messages`, numbers(6, 8));
		for (const query of ["after=EPOCH:4", "after=EPOCH:0", "before=EPOCH:5", "before=EPOCH:1"]) {
			const response = await fetch(`${own}/messages?${query.replace("EPOCH", epoch)}`);
			expect(await expectProblem(response, "position_expired")).toMatchObject({ epoch, floor: 6, head: 8 });
		}
		for (const [query, seqs] of [
			["after=EPOCH:5", [6, 7, 8]],
			["after=EPOCH:8", []],
			["before=EPOCH:9", [8, 7, 6]],
			["before=EPOCH:6", []],
			["after=0", [6, 7, 8]],
			["before=2", []],
		] as const) {
			const page = await getJson<Page>(`${own}/messages?${query.replace("EPOCH", epoch)}`);
			expect([query, page.messages.map(({ seq }) => seq)]).toEqual([query, seqs]);
		}
		expect((await read(`before=${epoch}:0`)).seqs).toEqual([]);
	});

	test("is 410 for HEAD too, without a body", async () => {
		const response = await fetch(`${messages}?after=${other}:5`, { method: "HEAD" });
		expect([response.status, await response.text()]).toEqual([410, ""]);
	});
});

test("HEAD says what GET would, and sends no body", async () => {
	for (const url of [messages, `${messages}?limit=3`, `${messages}/7`, channel]) {
		const [got, head] = [await fetch(url), await fetch(url, { method: "HEAD" })];
		expect([head.status, await head.text()]).toEqual([got.status, ""]);
		for (const name of ["content-type", "etag", "link", "cache-control", "vary"]) {
			expect([url, name, head.headers.get(name)]).toEqual([url, name, got.headers.get(name)]);
		}
	}
});

describe("a space that is wiped", () => {
	test("starts again with a later epoch and seq 1, and closes its sockets", async () => {
		const space = `${server.url}/v1/spaces/wiped`;
		await publishAll(`${space}/channels/a/messages`, [1, 2, 3]);
		const before = await headOf(`${space}/channels/a`);
		const wire = await connectWire(server.url, "wiped", "reader");
		expect(await wire.ask({ t: "sub", ref: 1, ch: "a" })).toMatchObject({ type: "subscribed", head: 3 });
		const wiped = await fetch(space, { method: "DELETE" });
		expect([wiped.status, await wiped.text()]).toEqual([204, ""]);
		expect(await wire.closed).toBe(4202);
		const { epoch: later } = await getJson<{ epoch: string }>(space);
		expect(later > (before.split(":")[0] ?? "")).toBe(true);
		const problem = await expectProblem(
			await fetch(`${space}/channels/a/messages?after=${before}`),
			"position_expired",
		);
		expect(problem).toMatchObject({ epoch: later, floor: 1, head: 0 });
		expect(await getJson(`${space}/channels`)).toEqual({ channels: [] });
		const response = await postJson(`${space}/channels/a/messages`, { data: "new" });
		expect(await response.json()).toEqual({ epoch: later, seq: 1, position: `${later}:1` });
		await expectProblem(
			await postJson(`${space}/channels/a/messages`, { data: 1 }, { "if-match": `"${before}"` }),
			"condition_failed",
		);
	});

	test("stays wiped when the server was killed right after", async () => {
		const space = `${server.url}/v1/spaces/wiped-and-killed`;
		await publishAll(`${space}/channels/a/messages`, [1]);
		await fetch(space, { method: "DELETE" });
		const { epoch: later } = await getJson<{ epoch: string }>(space);
		await server.kill();
		await server.restart();
		expect(await getJson(`${space}/channels/a`)).toMatchObject({ epoch: later, head: 0 });
	});
});
