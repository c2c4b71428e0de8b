import { createConnection, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { buildEdited, type Edit } from "../helpers/edited-build.ts";
import { getJson, type Page, postJson, publishAll } from "../helpers/http.ts";
import { residentMemory } from "../helpers/processes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const limits = { timeout: 120_000 };

/** Publishes so many megabytes, four messages a request. */
async function flood(messages: string, megabytes: number): Promise<void> {
	const drafts = Array.from({ length: 4 }, () => ({ data: "x".repeat(62_500) }));
	for (let sent = 0; sent < megabytes * 4; sent++) {
		const response = await postJson(messages, drafts);
		expect(response.status).toBe(201);
		await response.arrayBuffer();
	}
}

/** Asks for a stream and never reads a byte of it. */
function openAndStop(server: TestServer, path: string): Socket {
	const socket = createConnection({ host: "127.0.0.1", port: Number(new URL(server.url).port) });
	socket.pause();
	socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n`);
	return socket;
}

/** Tells, as `rowsWritten` of a space, how often it was asked for anything that a long-poll asks for. */
const counting: readonly Edit[] = [
	["export class Space extends", "let asked = 0;\nexport class Space extends"],
	["...this.#database.usage };", "...this.#database.usage, rowsWritten: asked };"],
	...[
		"\tasync history(request: api.HistoryRequest): Promise<api.HistoryPage | api.Refusal> {",
		"\toverride async fetch(request: Request): Promise<Response> {",
		"\toverride webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {",
	].map((method) => [method, `${method} asked += 1;`]),
].map(([find = "", replace = ""]) => ({ file: "worker/space/space.ts", find, replace }));

test("a parked long-poll answers within 100 ms of a publish, over one channel and over many", limits, async () => {
	await using server = await startServer();
	const messages = `${server.url}/v1/spaces/prompt/channels/chat/messages`;
	const events = `${server.url}/v1/spaces/prompt/events?channel=chat&channel=other`;
	const times: number[] = [];
	let next = await publishAll(messages, ["the first"]);
	for (let round = 0; round < 25; round++) {
		const [epoch, seq] = next.split(":");
		const answered: number[] = [];
		const parked = [`${messages}?after=${next}&wait=30`, `${events}&after=${epoch}:chat=${seq},other=0&wait=30`].map(
			async (url) => {
				const page = await getJson<Page>(url);
				answered.push(performance.now());
				return page;
			},
		);
		await until(async () => (await subscribersOf(messages)) === 2, "the long-polls");
		const published = performance.now();
		[next] = await Promise.all([publishAll(messages, [round]), ...parked]);
		times.push(...answered.map((at) => at - published));
		for (const page of await Promise.all(parked)) expect(page.messages.map(({ data }) => data)).toEqual([round]);
	}
	// The first ones meet a server that has compiled nothing yet.
	times.splice(0, 10);
	times.sort((a, b) => a - b);
	expect(times.length).toBe(40);
	console.log(
		`from a publish to the answer of a long-poll: ${times[20]?.toFixed(1)} ms, at most ${times.at(-1)?.toFixed(1)} ms`,
	);
	expect(times.at(-1)).toBeLessThanOrEqual(100);
});

// Both leave the machine idle for most of their time.
describe.concurrent("for as long as it takes", () => {
	test("100 parked long-polls end empty at 30 s ± 1 s, and ask the object for nothing meanwhile", limits, async () => {
		await using server = await startServer({ bundle: await buildEdited(counting) });
		const messages = `${server.url}/v1/spaces/parked/channels/chat/messages`;
		const next = await publishAll(messages, ["the first"]);
		const cursor = `${next.replace(":", ":chat=")},other=0`;
		const events = `${server.url}/v1/spaces/parked/events?channel=chat&channel=other`;
		// Half of them over one channel, half over many.
		const polls = Array.from({ length: 100 }, async (_, index) => {
			const place = index % 2 === 0 ? next : cursor;
			const parked = performance.now();
			const page = await getJson<Page>(`${index % 2 === 0 ? `${messages}?` : `${events}&`}after=${place}&wait=30`);
			return { page, place, took: performance.now() - parked };
		});
		await until(async () => (await subscribersOf(messages)) === 100, "the long-polls");
		const { rowsWritten: asked } = await spaceOf(server, "parked");
		// A page where there is one, a socket and a frame of subscriptions each.
		expect(asked).toBe(50 * 3 + 50 * 2);
		await new Promise((resolve) => setTimeout(resolve, 27_000));
		const later = await spaceOf(server, "parked");
		console.log(`100 parked long-polls asked the object ${later.rowsWritten - asked} times in 27 s`);
		expect(later).toMatchObject({ rowsWritten: asked, sockets: 100 });
		const ended = await Promise.all(polls);
		const times = ended.map(({ took }) => took / 1_000);
		console.log(`they ended after ${Math.min(...times).toFixed(2)} to ${Math.max(...times).toFixed(2)} s`);
		for (const { page, place, took } of ended) {
			expect(page).toMatchObject({ messages: [], next: place });
			expect(Math.abs(took - 30_000)).toBeLessThanOrEqual(1_000);
		}
		await until(async () => (await spaceOf(server, "parked")).sockets === 0, "the end of their sockets");
	});

	test.runIf(process.platform === "linux")(
		"readers that stop reading cost no memory while 100 MB pass them",
		limits,
		async () => {
			await using server = await startServer();
			const channel = "/v1/spaces/flood/channels/chat/messages";
			const messages = `${server.url}${channel}`;
			// Publishing alone fills the runtime's heap to what it keeps.
			await flood(messages, 150);
			const before = residentMemory(server.pid);
			const readers = [channel, "/v1/spaces/flood/events?channel=chat&channel=other"].map((path) =>
				openAndStop(server, path),
			);
			await until(async () => (await subscribersOf(messages)) === readers.length, "the readers");
			await flood(messages, 100);
			const growth = residentMemory(server.pid) - before;
			console.log(
				`${before.toFixed(0)} MiB, and ${growth.toFixed(1)} MiB more for ${readers.length} stopped readers and 100 MB`,
			);
			expect((await spaceOf(server, "flood")).sockets).toBe(readers.length);
			expect(growth).toBeLessThanOrEqual(30);
			for (const reader of readers) reader.destroy();
		},
	);
});

async function subscribersOf(messages: string): Promise<number> {
	const channel = await getJson<{ readonly occupancy: { readonly subscribers: number } }>(
		messages.replace(/\/messages$/, ""),
	);
	return channel.occupancy.subscribers;
}

async function spaceOf(
	server: TestServer,
	space: string,
): Promise<{ readonly sockets: number; readonly rowsWritten: number }> {
	return getJson(`${server.url}/v1/spaces/${space}`);
}
