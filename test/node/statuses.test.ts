import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ErrorCode, errorCodes, errorRow } from "../../protocol/errors.ts";
import { buildEdited, type Edit, editLimit } from "../helpers/edited-build.ts";
import { EventReader } from "../helpers/event-reader.ts";
import { checkProblem, expectProblem, getJson, postJson, publishAll } from "../helpers/http.ts";
import { knock } from "../helpers/knock.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { testSecret } from "../helpers/signing.ts";
import { until } from "../helpers/until.ts";

/** A fault that only this build has: what is asked of the space `broken` throws. */
const fault: Edit = {
	file: "worker/space/space.ts",
	find: "\tasync info(): Promise<api.SpaceInfo> {\n",
	replace: '\tasync info(): Promise<SpaceInfo> {\n\t\tif (this.#name === "broken") throw new Error("secret detail");\n',
};
const bytes = 400_000;

let server: LocalServer;
let epoch: string;

beforeAll(async () => {
	const edits = [
		fault,
		editLimit("spaceBytes", bytes),
		editLimit("socketsPerSpace", 2),
		editLimit("publishBurst", 200),
		editLimit("publishRate", 10),
	];
	server = await serveHere({ bundle: await buildEdited(edits), env: { AEROGRAM_KEYS: `main:${testSecret}` } });
	await publishAll(urlOf("log/messages"), ["a", "b", "c"]);
	({ epoch } = await getJson<{ epoch: string }>(`${server.url}/v1/spaces/all`));
});
afterAll(() => server.stop());

/** What is below the channels of a space. */
function urlOf(path: string, space = "all"): string {
	return `${server.url}/v1/spaces/${space}/channels/${path}`;
}

function record(id: string): string {
	return `${server.url}/v1/spaces/all/collections/things/${id}`;
}

function put(url: string, headers: Record<string, string> = {}): Promise<Response> {
	return fetch(url, { method: "PUT", headers: { "content-type": "application/json", ...headers }, body: '{"a":1}' });
}

const successes: readonly (readonly [number, string, () => Promise<Response>])[] = [
	[200, "a message that is read", () => fetch(urlOf("log/messages/1"))],
	[200, "a record that is written again", () => put(record("twice")).then(() => put(record("twice")))],
	[201, "a message that is stored", () => postJson(urlOf("stored/messages"), { data: 1 })],
	[201, "a record that is new", () => put(record("new"))],
	[202, "a message that is only delivered", () => postJson(urlOf("log/messages"), { data: 1, ephemeral: true })],
	[204, "a channel that is purged", () => fetch(urlOf("purged"), { method: "DELETE" })],
	[204, "a question what a path takes", () => fetch(urlOf("log/messages"), { method: "OPTIONS" })],
	[301, "a path that is not canonical", () => fetch(urlOf("log/messages/"), { redirect: "manual" })],
	[
		304,
		"a message that is unchanged",
		() => fetch(urlOf("log/messages/1"), { headers: { "if-none-match": `"${epoch}:1"` } }),
	],
	[308, "a publish to such a path", () => fetch(urlOf("log/messages/"), { method: "POST", redirect: "manual" })],
];

/** Calls a service that is served over HTTP, and whose handler fails. */
async function callFailing(): Promise<Response> {
	const service = `${server.url}/v1/spaces/called/services/fails`;
	const calling = postJson(`${service}/calls`, {});
	const taken = await fetch(`${service}/next?wait=10`, { method: "POST" });
	const { id } = (await taken.json()) as { readonly id: string };
	const headers = { "content-type": "application/json" };
	await fetch(`${service}/calls/${id}/reply`, { method: "PUT", headers, body: '{"error":{"message":"It broke."}}' });
	return calling;
}

const wrongKey = { authorization: "Bearer main.wrong" };

const refusals: readonly (readonly [ErrorCode, string, () => Promise<Response>])[] = [
	["unauthorized", "a key that nobody knows", () => fetch(`${server.url}/v1/spaces`, { headers: wrongKey })],
	["handler_failed", "a call whose handler fails", callFailing],
	[
		"deadline_passed",
		"a call that nobody serves",
		() => postJson(`${server.url}/v1/spaces/called/services/nobody/calls`, { timeout: 50 }),
	],
	["bad_request", "a publish without data", () => postJson(urlOf("log/messages"), {})],
	["not_found", "a message that is not there", () => fetch(urlOf("log/messages/99"))],
	["method_not_allowed", "a method that a path does not take", () => fetch(urlOf("log/messages"), { method: "PUT" })],
	["not_acceptable", "a format that is not served", () => fetch(urlOf("log"), { headers: { accept: "image/png" } })],
	["position_expired", "a position that is ahead", () => fetch(urlOf(`log/messages?after=${epoch}:99`))],
	[
		"condition_failed",
		"a head that is another",
		() => postJson(urlOf("log/messages"), { data: 1 }, { "if-match": `"${epoch}:0"` }),
	],
	["too_big", "a message that is too large", () => postJson(urlOf("log/messages"), { data: "x".repeat(70_000) })],
	[
		"unsupported_media_type",
		"a body that is not read here",
		() => fetch(urlOf("log/messages"), { method: "POST", headers: { "content-type": "text/csv" }, body: "1" }),
	],
	[
		"not_json",
		"a number that nothing can carry",
		() =>
			fetch(urlOf("log/messages"), {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: '{"data":1e400}',
			}),
	],
	[
		"idempotency_mismatch",
		"a key that stands for another request",
		async () => {
			const headers = { "idempotency-key": "used" };
			await postJson(urlOf("log/messages"), { data: 1 }, headers);
			return postJson(urlOf("log/messages"), { data: 2 }, headers);
		},
	],
	[
		"rate_limited",
		"too many messages in a short time",
		async () => {
			const url = urlOf("log/messages", "busy");
			await publishAll(url, Array(200).fill(1));
			return postJson(url, Array(100).fill({ data: 1 }));
		},
	],
	["replaced", "a frame for a connection that another took over from", replacedFrame],
	["space_full", "one connection too many", () => thirdConnection()],
	[
		"storage_full",
		"a message that a full space cannot store",
		async () => {
			const url = urlOf("log/messages", "full");
			await publishAll(url, Array(8).fill("x".repeat(60_000)));
			return postJson(url, { data: 1 });
		},
	],
];

function connect(space: string, client: string): Promise<Response> {
	const url = `${server.url}/v1/spaces/${space}/socket?client=${client}`;
	return fetch(url, { headers: { accept: "text/event-stream" } });
}

async function replacedFrame(): Promise<Response> {
	const readers = [];
	for (let times = 0; times < 2; times++) readers.push(new EventReader((await connect("taken", "same")).body));
	const { connection } = JSON.parse((await readers[0]?.next())?.data ?? "") as { connection: string };
	await readers[1]?.next();
	const url = `${server.url}/v1/spaces/taken/socket?client=same&connection=${connection}`;
	const answer = await postJson(url, { t: "unsub", ref: 1, ch: "a" });
	await readers[1]?.cancel();
	return answer;
}

async function thirdConnection(): Promise<Response> {
	const standing = [await connect("crowded", "a"), await connect("crowded", "b")];
	const answer = await connect("crowded", "c");
	for (const { body } of standing) await body?.cancel();
	return answer;
}

describe("every status is seen on the wire", () => {
	test.each(successes)("%i: %s", async (status, _, ask) => {
		const response = await ask();
		expect(response.status).toBe(status);
		await response.arrayBuffer();
	});

	test.each(refusals)("%s: %s", async (code, _, ask) => {
		const response = await ask();
		const problem = await expectProblem(response, code);
		if (code === "method_not_allowed") expect(response.headers.get("allow")).toBe("POST, GET, HEAD, OPTIONS");
		if (code === "rate_limited") expect(response.headers.get("retry-after")).toBe(`${problem.retryAfter}`);
	});

	test("internal: a fault of this build, whose words and place stay in the log under the id of the request", async () => {
		const response = await fetch(`${server.url}/v1/spaces/broken`);
		const problem = await expectProblem(response, "internal");
		expect(JSON.stringify(problem)).not.toMatch(/secret|space\.ts|\bat\b .*:\d/);
		await until(() => server.log().includes(problem.request), "the id of the request in the log");
		expect(server.log()).toContain("secret detail");
		expect((await fetch(`${server.url}/v1/spaces/all`)).status).toBe(200);
	});

	test("not_configured: a Host that is not this machine", async () => {
		const { status, body } = await knock(`${server.url}/v1/spaces`, { host: "example.com" });
		expect(status).toBe(503);
		checkProblem(body, "not_configured");
	});

	test("forbidden: a page of an origin that may not connect", async () => {
		const { status, body } = await knock(`${server.url}/v1/spaces`, { origin: "https://evil.example" });
		expect(status).toBe(403);
		checkProblem(body, "forbidden");
	});

	test("and none of the error table is left out here", () => {
		const seen = new Set([...refusals.map(([code]) => errorRow(code).status), 500, 503, 403]);
		expect([...new Set(errorCodes.map((code) => errorRow(code).status))].filter((status) => !seen.has(status))).toEqual(
			[],
		);
	});
});
