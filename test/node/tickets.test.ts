import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintToken } from "../../sdk/server.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { expectProblem, postJson } from "../helpers/http.ts";
import { type Knock, knock, upgradeHeaders } from "../helpers/knock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { testSecret } from "../helpers/signing.ts";
import { until } from "../helpers/until.ts";

const keys = `main:${testSecret}`;
const messages = "/v1/spaces/team/channels/news/messages";
const socket = "/v1/spaces/team/socket";
const capabilities = [{ allow: ["subscribe", "history"], on: "team/channels/news" }] as const;
/** A ticket for a socket counts 60 s; a hundredth of that here. */
const scale = 0.01;
const streams = { accept: "text/event-stream" };

let server: TestServer;

beforeAll(async () => {
	server = await startServer({ env: { AEROGRAM_KEYS: keys, AEROGRAM_DURATION_SCALE: `${scale}` } });
});
afterAll(() => server?.stop());

interface Made {
	readonly ticket: string;
	readonly url: string;
	readonly expires: number;
}

function ask(path: unknown, token: string): Promise<Response> {
	return postJson(`${server.url}/v1/tickets`, { path }, { authorization: `Bearer ${token}` });
}

async function make(path: string, token?: string): Promise<Made> {
	const response = await ask(path, token ?? (await mintToken(keys, { sub: "ada", capabilities, ttl: 600 })));
	expect(response.status).toBe(200);
	return (await response.json()) as Made;
}

function open(url: string): Promise<Knock> {
	return knock(`${server.url}${url}`, upgradeHeaders);
}

function publish(data: unknown): Promise<Response> {
	return postJson(`${server.url}${messages}`, { data }, { authorization: `Bearer main.${testSecret}` });
}

describe("a ticket for a socket", () => {
	test("opens it once", async () => {
		const { url, expires } = await make(socket);
		expect(expires - Date.now()).toBeLessThanOrEqual(60_000 * scale);
		expect((await open(url)).status).toBe(101);
		for (let again = 0; again < 3; again++) expect((await open(url)).status).toBe(401);
	});

	test("opens it for one of many who show it at the same time", async () => {
		const { url } = await make(socket);
		const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await open(url)).status));
		expect(statuses.sort()).toEqual([101, ...Array.from({ length: 9 }, () => 401)]);
	});

	test("has ended after its time", async () => {
		const { url } = await make(socket);
		await sleep(60_000 * scale + 50);
		expect((await open(url)).status).toBe(401);
	});

	test("opens nothing else: no other space, no stream, no request", async () => {
		const { ticket } = await make(socket);
		expect((await open(`/v1/spaces/other/socket?ticket=${ticket}`)).status).toBe(401);
		const second = await make(socket);
		await expectProblem(await fetch(`${server.url}${messages}?ticket=${second.ticket}`), "unauthorized");
		const third = await make(socket);
		const stream = await fetch(`${server.url}${messages}?ticket=${third.ticket}`, { headers: streams });
		await expectProblem(stream, "unauthorized");
	});
});

describe("a ticket for an event stream", () => {
	test("opens it again and again, across three crashes of the server, when one for a socket is long gone", async () => {
		const old = await make(socket);
		const { url } = await make(messages);
		const seen: unknown[] = [];
		let lastId: string | undefined;
		let stopped = false;
		// As an EventSource does it: the same URL, again whenever the stream ends.
		const reading = (async () => {
			while (!stopped) {
				try {
					const resume = lastId === undefined ? {} : { "last-event-id": lastId };
					const response = await fetch(`${server.url}${url}`, { headers: { ...streams, ...resume } });
					if (response.status !== 200) throw new Error(`answered ${response.status}`);
					const reader = new EventReader(response.body);
					while (reader.ended === undefined && !stopped) {
						const moved = () => reader.lastId !== (lastId ?? "") || reader.events.length > 0;
						await reader.until(() => moved() || reader.ended !== undefined || stopped, "an event");
						for (const event of reader.events.splice(0)) seen.push((JSON.parse(event.data) as { data: unknown }).data);
						lastId = reader.lastId || lastId;
					}
					await reader.cancel();
				} catch {
					await sleep(50);
				}
			}
		})();
		await until(() => lastId !== undefined, "the stream to open");
		expect((await publish(0)).status).toBe(201);
		for (let round = 1; round <= 3; round++) {
			await until(() => seen.length === round, `message ${round - 1}`);
			await server.restart();
			expect((await publish(round)).status).toBe(201);
		}
		await until(() => seen.length === 4, "the last message");
		stopped = true;
		await reading;
		expect(seen).toEqual([0, 1, 2, 3]);
		expect((await open(old.url)).status).toBe(401);
	});

	test("is bound to its path, to streams and to the rights of whom it was made for", async () => {
		const { ticket, expires } = await make(messages);
		expect(expires - Date.now()).toBeGreaterThan(500_000);
		const other = "/v1/spaces/team/channels/secret/messages";
		await expectProblem(await fetch(`${server.url}${other}?ticket=${ticket}`, { headers: streams }), "unauthorized");
		await expectProblem(await fetch(`${server.url}${messages}?ticket=${ticket}`), "unauthorized");
		const post = await postJson(`${server.url}${messages}?ticket=${ticket}`, { data: 1 });
		await expectProblem(post, "unauthorized");
		const foreign = await make(other);
		await expectProblem(await fetch(`${server.url}${foreign.url}`, { headers: streams }), "forbidden");
	});

	test("ends with the token of who made it", async () => {
		const token = await mintToken(keys, { sub: "ada", capabilities, ttl: 1 });
		const { url } = await make(messages, token);
		await sleep(1_100);
		await expectProblem(await fetch(`${server.url}${url}`, { headers: streams }), "unauthorized");
	});
});

test.each([
	["none", undefined],
	["that is no path of a space", "/v1/tokens"],
	["that leads elsewhere", "/v1/spaces/../../health"],
	["of another server", "https://evil.example/v1/spaces/a/socket"],
	["with another server in it", "//evil.example/v1/spaces/a/socket"],
	["with a ticket", `${socket}?ticket=x`],
	["with a line break", "/v1/spaces/a\nb/socket"],
	["with a fragment", `${socket}#x`],
])("no ticket is made for a path %s", async (_, path) => {
	await expectProblem(await ask(path, `main.${testSecret}`), "bad_request");
});

test("no ticket opens anything that nobody made, or beside a token; and none is in the log", async () => {
	for (const ticket of ["", "x", "A".repeat(43), "A".repeat(44), "' OR 1=1 --", "%00"]) {
		expect([ticket, (await open(`${socket}?ticket=${encodeURIComponent(ticket)}`)).status]).toEqual([ticket, 401]);
	}
	const { url, ticket } = await make(socket);
	const both = await knock(`${server.url}${url}`, { ...upgradeHeaders, authorization: `Bearer main.${testSecret}` });
	expect(both.status).toBe(401);
	expect((await open(`${url}&ticket=${ticket}`)).status).toBe(401);
	expect(server.log()).not.toContain(ticket);
});
