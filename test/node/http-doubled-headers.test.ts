import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ErrorCode, errorRow } from "../../protocol/errors.ts";
import { askByHand } from "../helpers/by-hand.ts";
import { checkProblem, getJson, publishAll } from "../helpers/http.ts";
import { type RecordsBody, sendJson, writeRecord } from "../helpers/records.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { signToken, testSecret } from "../helpers/signing.ts";

let server: LocalServer;
let epoch: string;
const path = "/v1/spaces/doubled";
const messages = `${path}/channels/log/messages`;
const docs = `${path}/collections/docs`;
const json = "Content-Type: application/json";
const events = "Accept: text/event-stream";

beforeAll(async () => {
	server = await serveHere({ env: { AEROGRAM_KEYS: `main:${testSecret}` } });
	await publishAll(server.url + messages, [1, 2, 3]);
	({ epoch } = await getJson<{ epoch: string }>(server.url + path));
	for (const id of ["a", "b"]) await writeRecord("PUT", `${server.url}${docs}/${id}`, { here: "before" });
	await sendJson("PUT", `${server.url}${path}/collections/locks/door`, {});
	await sendJson("PUT", `${server.url}${path}/collections/locks/gate`, {});
});
afterAll(() => server.stop());

/** Sends what must be refused, and do nothing. */
async function expectRefused(
	method: string,
	target: string,
	lines: readonly string[],
	code: ErrorCode,
	body = "",
): Promise<void> {
	const answer = await askByHand(server.url, method, target, lines, body);
	expect([method, target, lines, answer.status]).toEqual([method, target, lines, errorRow(code).status]);
	checkProblem(answer.body, code);
	if (code === "unauthorized") expect(answer.head).toMatch(/^www-authenticate: Bearer$/im);
}

async function stored(): Promise<readonly unknown[]> {
	const { spaces } = await getJson<{ readonly spaces: readonly string[] }>(`${server.url}/v1/spaces`);
	const paths = [`${path}/channels`, `${path}/channels/log`, `${path}/collections`, docs, `${path}/collections/locks`];
	return [spaces, ...(await Promise.all(paths.map((each) => getJson(server.url + each))))];
}

/** Runs what must leave everything as it is. */
async function changingNothing(work: () => Promise<void>): Promise<void> {
	const before = await stored();
	await work();
	expect(await stored()).toEqual(before);
}

describe("two Authorization headers", () => {
	const key = `Authorization: Bearer main.${testSecret}`;
	const token = () => `Authorization: Bearer ${signToken()}`;

	test.each<[string, () => readonly string[]]>([
		["the same key", () => [key, key]],
		["a key and a token", () => [key, token()]],
		["a token and a key", () => [token(), key]],
		["a key and nothing", () => [key, "Authorization:"]],
		["a key and what is none", () => [key, "Authorization: Basic YTpi"]],
	])("speak for nobody: %s, at every route below /v1, reads too", async (_, lines) => {
		const { paths } = await getJson<{ readonly paths: Readonly<Record<string, object>> }>(`${server.url}/openapi.json`);
		const routes = Object.entries(paths).flatMap(([template, item]) =>
			Object.keys(item).map((method) => [method.toUpperCase(), template] as const),
		);
		const names: Readonly<Record<string, string>> = {
			...{ space: "doubled", channel: "log", seq: "1", collection: "docs", id: "a", service: "asked", call: "one" },
		};
		const below = routes.filter(([, template]) => template.startsWith("/v1/"));
		expect(below.length).toBeGreaterThan(25);
		await changingNothing(async () => {
			for (const [method, template] of below) {
				const target = template.replace(/\{(\w+)\}/g, (_match, name: string) => names[name] ?? "");
				const reads = method === "GET" || method === "DELETE";
				await expectRefused(method, target, [...lines(), json], "unauthorized", reads ? "" : '{"data":1}');
			}
		});
	});

	test("open no event stream and no socket", async () => {
		const upgrade = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
		for (const target of [messages, docs, `${docs}/a`, `${path}/events?channel=log`, `${path}/socket`]) {
			await expectRefused("GET", target, [key, key, events], "unauthorized");
		}
		await expectRefused("GET", `${path}/socket`, [key, key, "Connection: Upgrade", ...upgrade], "unauthorized");
	});

	test("are one where the first is empty, which the runtime passes over: for whom the other speaks", async () => {
		const body = '{"sub":"ada","capabilities":[{"allow":["read"],"on":"doubled/collections/**"}]}';
		const minted = await askByHand(server.url, "POST", "/v1/tokens", ["Authorization:", key, json], body);
		expect(minted.status).toBe(200);
		// Only a key mints tokens, and nobody showed one.
		await expectRefused("POST", "/v1/tokens", ["Authorization:", "Authorization:", json], "forbidden", body);
	});

	test("mean nothing where nobody is asked who they are", async () => {
		for (const target of ["/health", "/openapi.json"]) {
			expect((await askByHand(server.url, "GET", target, [key, key])).status).toBe(200);
		}
	});
});

describe("two Last-Event-IDs", () => {
	const streams: readonly { readonly target: string; readonly ids: readonly [string, string] }[] = [
		{ target: messages, ids: ["EPOCH:1", "EPOCH:2"] },
		{ target: `${path}/events?channel=log`, ids: ["EPOCH:log=1", "EPOCH:log=2"] },
		{ target: `${path}/events?channel=log&channel=other`, ids: ["EPOCH:log=1", "EPOCH:other=0"] },
		{ target: docs, ids: ["EPOCH:1", "EPOCH:2:a"] },
		{ target: `${docs}?prefix=a`, ids: ["EPOCH:1:a", "EPOCH:1:b"] },
		{ target: `${docs}/a`, ids: ["EPOCH:2:", "EPOCH:1"] },
	];

	test.each(streams)("open no stream at $target: nobody could say which of them counts", async ({ target, ids }) => {
		const [one = "", other = ""] = ids.map((id) => id.replace("EPOCH", epoch));
		for (const pair of [
			[one, other],
			[other, one],
			[one, one],
			[one, ""],
			["", one],
			[one, "x"],
		] as const) {
			const lines = pair.map((id) => `Last-Event-ID: ${id}`);
			await expectRefused("GET", target, [events, ...lines], "bad_position");
			const after = `${target}${target.includes("?") ? "&" : "?"}after=${one}`;
			await expectRefused("GET", after, [events, ...lines], "bad_position");
		}
	});

	test("mean nothing to a page, as one does", async () => {
		for (const target of [messages, docs, `${docs}/a`]) {
			const answer = await askByHand(server.url, "GET", target, ["Last-Event-ID: a", "Last-Event-ID: b"]);
			expect([target, answer.status]).toEqual([target, 200]);
		}
	});
});

describe("two If-Locks", () => {
	const hold = (name: string, token: string) => `If-Lock: ${name} ${token}`;
	const writes: readonly (readonly [method: string, target: string, body: string])[] = [
		["POST", messages, '{"data":1}'],
		["POST", docs, "{}"],
		["PUT", `${docs}/a`, "{}"],
		["PATCH", `${docs}/a`, '{"here":"after"}'],
		["DELETE", `${docs}/a`, ""],
	];

	test.each(writes)(
		"do nothing at %s %s: no lock is held by two tokens, whichever of them is right",
		async (method, target, body) => {
			const { records } = await getJson<RecordsBody>(`${server.url}${path}/collections/locks`);
			const [door = "", gate = ""] = records.map(({ rev }) => `${epoch}:${rev}`);
			await changingNothing(async () => {
				for (const lines of [
					[hold("door", door), hold("door", door)],
					[hold("door", door), hold("gate", gate)],
					[hold("gate", `${epoch}:99`), hold("door", door)],
					[hold("door", door), "If-Lock:"],
					["If-Lock:", hold("door", door)],
				]) {
					await expectRefused(
						method,
						target,
						[json, ...lines],
						lines[0] === "If-Lock:" ? "bad_name" : "bad_position",
						body,
					);
				}
				for (const lines of [
					["If-Lock: door", `If-Lock: ${door}`],
					["If-Lock: door", "If-Lock: door"],
				]) {
					await expectRefused(method, target, [json, ...lines], "bad_name", body);
				}
			});
		},
	);

	test("are refused by what knows none, as one is", async () => {
		await changingNothing(async () => {
			const lines = [json, hold("door", `${epoch}:1`), hold("door", `${epoch}:1`)];
			await expectRefused("DELETE", `${path}/channels/log`, lines, "bad_request");
			await expectRefused("POST", "/v1/exchange", lines, "bad_request", '{"name":"a","message":"b"}');
			await expectRefused("POST", `${path}/transactions`, lines, "bad_request", '{"items":[]}');
		});
	});

	test("while one of them is taken", async () => {
		const { etag } = await writeRecord("PUT", `${server.url}${path}/collections/locks/free`, {});
		const lines = [json, hold("free", etag.replaceAll('"', ""))];
		expect((await askByHand(server.url, "PUT", `${docs}/c`, lines, "{}")).status).toBe(201);
	});
});

test("of two If-Match, a publish takes neither; a record takes either, as one list says it", async () => {
	const lines = [json, `If-Match: "${epoch}:900"`, `If-Match: "${epoch}:901"`];
	await changingNothing(async () => {
		await expectRefused("POST", messages, lines, "bad_position", '{"data":1}');
		await expectRefused("PUT", `${docs}/a`, lines, "condition_failed", "{}");
	});
	const { etag } = await writeRecord("PUT", `${server.url}${docs}/listed`, { here: "before" });
	expect((await askByHand(server.url, "PUT", `${docs}/listed`, [...lines, `If-Match: ${etag}`], "{}")).status).toBe(
		200,
	);
});

test("after all of it the server has failed nowhere", () => {
	expect(server.log()).not.toMatch(/"failure"|"internal"|Error/);
});
