import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { type MadeCalls, makeCalls, serveEcho } from "../helpers/calls.ts";
import { contentTypes, type Format, formats, inEachFormat, readAs, send, typeOf } from "../helpers/formats.ts";
import { getJson, postJson } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { testSecret } from "../helpers/signing.ts";
import type { Wire } from "../helpers/wire.ts";

let server: LocalServer;
let ownEpoch: string;
let calls: MadeCalls;
let echo: Wire;
const epoch = expect.stringMatching(/^[a-z0-9]{17}$/);
const position = expect.stringMatching(/^[a-z0-9]{17}:\d+$/);
const data = { text: "你好,服务器!", list: [1, null, true, []], "a b": { "": -0.5 } };

beforeAll(async () => {
	server = await serveHere({ env: { AEROGRAM_KEYS: `main:${testSecret}` } });
	await postJson(`${server.url}${space}/channels/read/messages`, { data, name: "greeting", key: "k", id: "i" });
	({ epoch: ownEpoch } = await getJson<{ epoch: string }>(server.url + space));
	for (const path of ["read/r", "written/put", "written/patched"]) {
		await send(`${server.url}${space}/collections/${path}`, "PUT", data, "JSON", "JSON");
	}
	calls = await makeCalls(`${server.url}${space}/services`, data);
	echo = await serveEcho(server.url, "formats-served", "echo");
});
afterAll(() => {
	echo.close();
	return server.stop();
});

/** A route that answers a value. */
interface ValueRow {
	/** As /openapi.json has it. */
	readonly route: string;
	/** Where it is tried. `N` is another number for each request, `EPOCH` that of the space. */
	readonly path: string;
	readonly body?: Json;
	readonly status?: number;
	/** Only a key may. */
	readonly key?: true;
	/** The root element of its answers in XML. */
	readonly root: string;
	readonly answer: unknown;
}

const space = "/v1/spaces/formats";
const message = { seq: 1, ts: expect.any(Number), id: "i", from: "anonymous", name: "greeting", key: "k", data };
const retention = { age: 86_400_000, messages: 100_000, bytes: 67_108_864 };
const occupancy = { members: 0, subscribers: 0 };
const readChannel = { epoch, floor: 1, head: 1, name: "read", kind: "log", retention, occupancy };
const record = { id: expect.any(String), rev: expect.any(Number), updated: expect.any(Number), data };
const published = { epoch, seq: expect.any(Number), position };

const values: readonly ValueRow[] = [
	{ route: "GET /", path: "/", root: "service", answer: expect.objectContaining({ name: "aerogram" }) },
	{ route: "GET /health", path: "/health", root: "health", answer: { status: "ok", mode: "dev" } },
	{
		route: "POST /v1/exchange",
		path: "/v1/exchange",
		body: { name: "小飞机", message: "你好" },
		root: "exchange",
		answer: { status: "success", message: expect.stringContaining("小飞机"), position },
	},
	{
		route: "POST /v1/tokens",
		path: "/v1/tokens",
		key: true,
		body: { sub: "ada", capabilities: [{ allow: ["subscribe", "history"], on: "formats/channels/**" }], ttl: 60 },
		root: "token",
		answer: {
			token: expect.stringMatching(/^[^.]+\.[^.]+\.[^.]+$/),
			jti: expect.any(String),
			expires: expect.any(Number),
		},
	},
	{
		route: "POST /v1/tickets",
		path: "/v1/tickets",
		body: { path: `${space}/socket` },
		root: "ticket",
		answer: { ticket: expect.any(String), url: expect.stringMatching(/\?ticket=/), expires: expect.any(Number) },
	},
	{
		route: "POST /v1/revocations",
		path: "/v1/revocations",
		body: { jti: "of-no-token" },
		root: "revocation",
		answer: { kind: "jti", name: "of-no-token" },
	},
	{
		route: "POST /v1/erasures",
		path: "/v1/erasures",
		body: { sub: "nobody", space: "formats" },
		root: "erasure",
		answer: { sub: "nobody", spaces: 1, messages: 0, members: 0, records: 0, kept: 0 },
	},
	{
		route: "GET /v1/spaces",
		path: "/v1/spaces?after=form",
		root: "spaces",
		answer: { spaces: expect.arrayContaining(["formats"]) },
	},
	{
		route: "GET /v1/spaces/{space}",
		path: space,
		root: "space",
		answer: {
			name: "formats",
			epoch,
			sockets: 0,
			bytes: expect.any(Number),
			rowsWritten: expect.any(Number),
		},
	},
	{
		route: "GET /v1/spaces/{space}/channels",
		path: `${space}/channels?after=rea`,
		root: "channels",
		answer: { channels: ["read"] },
	},
	{
		route: "GET /v1/spaces/{space}/channels/{channel}",
		path: `${space}/channels/read`,
		root: "channel",
		answer: readChannel,
	},
	{
		route: "POST /v1/spaces/{space}/channels/{channel}/messages",
		path: `${space}/channels/posted/messages`,
		body: { data, name: "greeting" },
		status: 201,
		root: "published",
		answer: published,
	},
	{
		route: "POST /v1/spaces/{space}/channels/{channel}/messages",
		path: `${space}/channels/posted/messages`,
		body: [{ data }, { data: null, ephemeral: true }],
		status: 201,
		root: "published",
		answer: { ...published, positions: [position, null] },
	},
	{
		route: "GET /v1/spaces/{space}/channels/{channel}/messages",
		path: `${space}/channels/read/messages`,
		root: "page",
		answer: { epoch, floor: 1, head: 1, messages: [message], next: position },
	},
	{
		route: "GET /v1/spaces/{space}/channels/{channel}/messages/{seq}",
		path: `${space}/channels/read/messages/1`,
		root: "message",
		answer: message,
	},
	{
		route: "POST /v1/spaces/{space}/transactions",
		path: `${space}/transactions`,
		body: {
			items: [
				{ op: "publish", channel: "posted", data },
				{ op: "put", collection: "written", id: "tx", data },
			],
		},
		root: "transaction",
		answer: {
			epoch,
			tx: expect.stringMatching(/^[a-z0-9]{17}$/),
			results: [
				{ channel: "posted", seq: expect.any(Number), position },
				{ collection: "written", id: "tx", rev: expect.any(Number), created: expect.any(Boolean) },
			],
		},
	},
	{
		route: "GET /v1/spaces/{space}/channels/{channel}/presence",
		path: `${space}/channels/read/presence`,
		root: "members",
		answer: { epoch, count: 0, members: [], next: null },
	},
	{
		route: "POST /v1/spaces/{space}/services/{service}/calls",
		path: `${space}/services/translate/calls?wait=0`,
		body: { data },
		status: 202,
		root: "call",
		answer: { id: expect.any(String), service: "translate" },
	},
	{
		route: "GET /v1/spaces/{space}/services/{service}/calls/{call}",
		path: `${space}/services/translate/calls/OPEN`,
		status: 202,
		root: "call",
		answer: { id: expect.any(String), service: "translate" },
	},
	{
		route: "POST /v1/spaces/{space}/services/{service}/calls",
		path: "/v1/spaces/formats-served/services/echo/calls",
		body: { data },
		root: "result",
		answer: { id: expect.any(String), data },
	},
	{
		route: "GET /v1/spaces/{space}/services/{service}/calls/{call}",
		path: `${space}/services/translate/calls/REPLIED`,
		root: "result",
		answer: { id: expect.any(String), data },
	},
	{
		route: "POST /v1/spaces/{space}/services/{service}/next",
		path: `${space}/services/taken/next?lease=3600`,
		root: "call",
		answer: { id: expect.any(String), attempt: 1, from: "anonymous", deadline: expect.any(Number), data },
	},
	{
		route: "PUT /v1/spaces/{space}/services/{service}/calls/{call}/reply",
		path: `${space}/services/translate/calls/DONE/reply`,
		body: { data },
		root: "replied",
		answer: { id: expect.any(String), duplicate: expect.any(Boolean) },
	},
	{
		route: "GET /v1/spaces/{space}/events",
		path: `${space}/events?channel=read&after=EPOCH:read=0`,
		root: "events",
		answer: {
			epoch,
			messages: [{ channel: "read", ...message }],
			next: expect.stringMatching(/^[a-z0-9]{17}:read=1$/),
		},
	},
	{
		route: "GET /v1/spaces/{space}/collections",
		path: `${space}/collections?after=q`,
		root: "collections",
		answer: { epoch, collections: expect.arrayContaining([{ name: "read", rev: 1 }]) },
	},
	{
		route: "GET /v1/spaces/{space}/collections/{collection}",
		path: `${space}/collections/read`,
		root: "records",
		answer: { epoch, rev: 1, records: [{ ...record, id: "r", rev: 1 }], next: null },
	},
	{
		route: "POST /v1/spaces/{space}/collections/{collection}",
		path: `${space}/collections/written?ttl=60`,
		body: data,
		status: 201,
		root: "record",
		answer: { ...record, expires: expect.any(Number) },
	},
	{
		route: "GET /v1/spaces/{space}/collections/{collection}/{id}",
		path: `${space}/collections/read/r`,
		root: "record",
		answer: { ...record, id: "r", rev: 1 },
	},
	{
		route: "PUT /v1/spaces/{space}/collections/{collection}/{id}",
		path: `${space}/collections/written/put`,
		body: data,
		root: "record",
		answer: { ...record, id: "put" },
	},
	{
		route: "PATCH /v1/spaces/{space}/collections/{collection}/{id}",
		path: `${space}/collections/written/patched`,
		body: { list: null, text: "改" },
		root: "record",
		answer: { ...record, id: "patched", data: { text: "改", "a b": data["a b"] } },
	},
];

/** Routes without a body in the answer: what is accepted is all the same to them. `made`: a PUT makes what they delete. */
const silent: readonly { route: string; path: string; body?: Json; made?: true; status: number }[] = [
	{
		route: "DELETE /v1/spaces/{space}/services/{service}/calls/{call}",
		path: `${space}/services/translate/calls/DONE`,
		status: 204,
	},
	{ route: "POST /v1/spaces/{space}/services/{service}/next", path: `${space}/services/idle/next`, status: 204 },
	...["progress", "nack"].map((what) => ({
		route: `POST /v1/spaces/{space}/services/{service}/calls/{call}/${what}`,
		path: `${space}/services/translate/calls/OPEN/${what}`,
		body: { attempt: 1, data },
		status: 204,
	})),
	{ route: "DELETE /v1/spaces/{space}", path: "/v1/spaces/formats-N", status: 204 },
	{ route: "DELETE /v1/spaces/{space}/channels/{channel}", path: `${space}/channels/purged-N`, status: 204 },
	{
		route: "DELETE /v1/spaces/{space}/collections/{collection}/{id}",
		path: `${space}/collections/written/deleted-N`,
		made: true,
		status: 204,
	},
];

/** Routes that answer what is no value, or the wire, in a type of their own, whatever is accepted. */
const fixed = [
	{ route: "GET /aerogram.js", path: "/aerogram.js", type: "text/javascript" },
	{ route: "GET /aerogram-http.js", path: "/aerogram-http.js", type: "text/javascript" },
	{ route: "GET /aerogram-live.js", path: "/aerogram-live.js", type: "text/javascript" },
	{ route: "GET /openapi.json", path: "/openapi.json", type: "application/json" },
	{ route: "GET /docs", path: "/docs", type: "text/html" },
	{ route: "POST /v1/spaces/{space}/socket", path: `${space}/socket`, type: "application/json", body: [] },
];

/** Routes that are streams, which have tests of their own. */
const streams = ["GET /v1/spaces/{space}/socket"];

test("every route of the server stands in this table", async () => {
	const { paths } = await getJson<{ paths: Record<string, object> }>(`${server.url}/openapi.json`);
	const routes = Object.entries(paths).flatMap(([path, item]) =>
		Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
	);
	const rows = [...[...values, ...silent, ...fixed].map(({ route }) => route), ...streams];
	expect([...new Set(rows)].sort()).toEqual(routes.sort());
});

let number = 0;
function pathOf(path: string): string {
	const { open, done, replied } = calls;
	const known = path.replace("OPEN", open).replace("DONE", done).replace("REPLIED", replied);
	const filled = known.replace("EPOCH", ownEpoch);
	return server.url + filled.replace(/N$/, () => `${number++}`);
}

function methodOf(route: string): string {
	return route.split(" ")[0] ?? "";
}

const cases = inEachFormat(values);

describe("a route that carries values", () => {
	test.each(cases)("$title answers $accepted", async ({ key, status, root, answer, ...row }) => {
		const { route, path, body, sent, accepted } = row;
		const headers = key && { authorization: `Bearer main.${testSecret}` };
		const response = await send(pathOf(path), methodOf(route), body, sent, accepted, headers);
		const text = await response.clone().text();
		expect([response.status, text]).toEqual([status ?? 200, text]);
		expect(response.headers.get("vary")).toBe("Accept, Origin, Prefer");
		expect(await readAs(response, accepted)).toEqual(answer);
		if (accepted === "XML") expect(text).toMatch(new RegExp(`^<${root}[ >].*\\n$`));
		if (accepted === "JSON") expect(text).toMatch(/^\{.*\}\n$/s);
	});

	test.each(cases)("$title refuses in $accepted", async ({ route, path, body, sent, accepted }) => {
		// Each refuses a parameter that it does not know; outside of /v1 there is nothing to refuse but the method.
		const versioned = path.startsWith("/v1/");
		const url = pathOf(`${path}${path.includes("?") ? "&" : "?"}nonsense=1`);
		const response = await send(
			url,
			versioned ? methodOf(route) : "PUT",
			body ?? (versioned ? undefined : 1),
			sent,
			accepted,
		);
		expect(response.status).toBe(versioned ? 400 : 405);
		expect(typeOf(response)).toBe(
			accepted === "MessagePack" ? contentTypes[accepted] : `application/problem+${accepted.toLowerCase()}`,
		);
		expect(await readProblem(response, accepted)).toMatchObject({
			type: "about:blank",
			status: response.status,
			code: versioned ? "bad_request" : "method_not_allowed",
		});
	});
});

async function readProblem(response: Response, format: Format): Promise<Json> {
	const text = await response.clone().text();
	if (format === "XML") expect(text).toMatch(/^<problem xmlns="urn:ietf:rfc:7807"><type>about:blank<\/type>/);
	return readAs(new Response(response.body, { headers: { "content-type": contentTypes[format] } }), format);
}

describe("a route without a value", () => {
	test.each(inEachFormat(silent))(
		"$title answers nothing to who accepts $accepted",
		async ({ route, path, body, made, status, sent, accepted }) => {
			const url = pathOf(path);
			if (made) expect((await send(url, "PUT", data, "JSON", "JSON")).status).toBe(201);
			const response = await send(url, methodOf(route), body, sent, accepted);
			expect([response.status, await response.text(), typeOf(response)]).toEqual([status, "", undefined]);
		},
	);

	test.each(fixed.flatMap((row) => formats.map((accepted) => ({ ...row, accepted }))))(
		"$route answers $type to who accepts $accepted",
		async ({ route, path, type, body, accepted }) => {
			const response = await send(pathOf(path), methodOf(route), body, "JSON", accepted);
			expect([response.status, typeOf(response)]).toEqual([200, type]);
			await response.body?.cancel();
		},
	);
});
