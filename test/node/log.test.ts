import { afterAll, beforeAll, expect, test } from "vitest";
import { readLogLine } from "../../protocol/log.ts";
import { Aerogram } from "../../sdk/index.ts";
import { mintToken } from "../../sdk/server.ts";
import { buildEdited, type Edit, editHooks } from "../helpers/edited-build.ts";
import { formats, send } from "../helpers/formats.ts";
import { getJson } from "../helpers/http.ts";
import { knock, upgradeHeaders } from "../helpers/knock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { signToken, testSecret } from "../helpers/signing.ts";
import { connectTcp } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";

const keys = `main:${testSecret}`;
/** What nobody but whom it is for may read. */
const payload = "Kanarie é/+&=7";
const fault: Edit = {
	file: "worker/space/space.ts",
	find: "\tasync info(): Promise<api.SpaceInfo> {\n",
	replace:
		'\tasync info(): Promise<SpaceInfo> {\n\t\tif (this.#name === "broken") throw new TypeError("as a test has it");\n',
};
// An application that parses what it was sent: the runtime's own words would quote it.
const hook = editHooks(`onPublish: ({ channel, data }) => {
	if (channel === "parsed") JSON.parse(data);
}`);

let server: TestServer;
let token: string;
/** Every ticket that was made. */
const tickets: string[] = [];
/** How many requests were sent to the port of HTTP. */
let requests = 0;

beforeAll(async () => {
	server = await startServer({
		bundle: await buildEdited([fault, hook]),
		env: { AEROGRAM_KEYS: keys },
		args: ["--log"],
	});
	const capabilities = [{ allow: ["publish", "subscribe", "history", "write", "read"], on: "s/*/**" }] as const;
	token = await mintToken(keys, { sub: "ada", capabilities, ttl: 600 });
});
afterAll(() => server?.stop());

const messages = "/v1/spaces/s/channels/c/messages";
const bearer = () => ({ authorization: `Bearer ${token}` });

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<number> {
	requests += 1;
	const sent = body === undefined ? headers : { "content-type": "application/json", ...headers };
	const { status } = await knock(`${server.url}${path}`, sent, { method, ...(body !== undefined && { body }) });
	return status;
}

async function makeTicket(path: string): Promise<string> {
	requests += 1;
	const made = await getJson<{ ticket: string; url: string }>(`${server.url}/v1/tickets`, {
		method: "POST",
		headers: { "content-type": "application/json", ...bearer() },
		body: JSON.stringify({ path }),
	});
	tickets.push(made.ticket);
	return made.url;
}

/** Sends frames on a socket that was opened with a token, and waits for as many answers. */
async function overSocket(protocols: readonly string[], frames: readonly string[], answers: number): Promise<void> {
	requests += 1;
	const socket = new WebSocket(`${server.socketUrl}/v1/spaces/s/socket`, [...protocols]);
	let got = 0;
	let over = false;
	socket.addEventListener("message", () => {
		got += 1;
	});
	socket.addEventListener("close", () => {
		over = true;
	});
	socket.addEventListener("open", () => {
		for (const frame of frames) socket.send(frame);
	});
	await until(() => got >= answers || over, "the answers of a socket");
	socket.close();
}

const json = JSON.stringify(payload);
const draft = JSON.stringify({ data: payload, id: "m1" });

/** Knocks at each door with what it takes, and with what it refuses. */
async function knockEverywhere(): Promise<void> {
	const key = { authorization: `Bearer main.${testSecret}` };
	expect(await ask("POST", messages, bearer(), draft)).toBe(201);
	expect(await ask("POST", messages, { ...bearer(), "idempotency-key": payload.slice(0, 7) }, draft)).toBe(201);
	expect(await ask("GET", `${messages}?limit=${encodeURIComponent(payload)}`, bearer())).toBe(400);
	expect(await ask("GET", `/v1/spaces/${encodeURIComponent(`a\n{"event":"request"}${payload}`)}`, key)).toBe(400);
	expect(await ask("POST", "/v1/exchange", key, JSON.stringify({ name: payload, message: payload }))).toBe(200);
	expect(await ask("PUT", "/v1/spaces/s/collections/r/one", bearer(), `{"secret":${json}}`)).toBe(201);
	expect(await ask("PATCH", "/v1/spaces/s/collections/r/one", bearer(), `{"secret":${json}`)).toBe(400);
	expect(await ask("POST", "/v1/spaces/s/transactions", bearer(), `{"items":[{"op":${json}}]}`)).toBe(400);
	expect(await ask("POST", "/v1/spaces/s/services/none/calls", key, `{"data":${json},"timeout":20}`)).toBe(504);
	// What is wrong with a credential, in whatever place it is shown.
	const wrong = { authorization: `Bearer ${signToken({ secret: testSecret.toLowerCase() })}` };
	expect(await ask("GET", messages, wrong)).toBe(401);
	expect(await ask("GET", messages, { authorization: `Basic ${token}` })).toBe(401);
	expect(await ask("GET", messages, { authorization: `Bearer main.${testSecret}x` })).toBe(401);
	expect(await ask("GET", `${messages}?token=${token}&key=${testSecret}`, bearer())).toBe(400);
	expect(await ask("GET", "/nothing", bearer())).toBe(404);
	expect(await ask("POST", "/v1/spaces/other/channels/c/messages", bearer(), draft)).toBe(403);
	expect(await ask("DELETE", "/health", bearer())).toBe(405);
	expect(await ask("GET", "/v1/spaces", { ...key, host: "evil.example" })).toBe(503);
	expect(await ask("GET", "/v1/spaces", { ...key, origin: "https://evil.example" })).toBe(403);
	expect(await ask("GET", "/health/")).toBe(301);
	// What fails in the server, and in the application.
	expect(await ask("GET", "/v1/spaces/broken", key)).toBe(500);
	expect(await ask("POST", "/v1/spaces/s/channels/parsed/messages", bearer(), `{"data":${json}}`)).toBe(500);
	// Tickets: one that is used, used again, and one for a stream.
	const opening = await makeTicket("/v1/spaces/s/socket");
	expect(await ask("GET", opening, upgradeHeaders)).toBe(101);
	expect(await ask("GET", opening, upgradeHeaders)).toBe(401);
	expect(await ask("GET", await makeTicket(`${messages}?after=000000000:1`), { accept: "text/event-stream" })).toBe(
		410,
	);
	// Sockets: the token as a subprotocol, in a first envelope, and one that does not count.
	const frames = [`{"t":"pub","ref":1,"ch":"c","data":${json}}`, `{"t":"${payload}","ref":2}`, `{"data":${json}`];
	await overSocket(["aerogram.v1", `bearer.${token}`], frames, 4);
	await overSocket(["aerogram.v1"], [`{"t":"auth","ref":1,"token":"${token}"}`, ...frames], 5);
	await overSocket(["aerogram.v1", `bearer.${token}x`], [], 2);
	for (const format of formats) {
		requests += 1;
		expect((await send(`${server.url}${messages}`, "POST", { data: payload }, format, format, bearer())).status).toBe(
			201,
		);
	}
	using tcp = await connectTcp(server.tcp);
	await tcp.send(`{"name":"a","message":${json}}\n{"name":${json}}\n<a>${payload.replace("&", "&amp;")}</b>\n`);
	tcp.end();
	expect(await tcp.rest()).toMatch(/success/);
}

/** A text as it stands, URL-encoded in full, and as base64 wherever in a longer text it may stand. */
function spellings(text: string): readonly string[] {
	const bytes = Buffer.from(text);
	const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
	const base64 = [0, 1, 2].map((shift) => {
		const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
		// Without the characters that what stands before and after has a part in.
		return shifted.slice(shift === 0 ? 0 : 4, -4);
	});
	const url = base64.map((each) => each.replaceAll("+", "-").replaceAll("/", "_"));
	return [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), escaped, ...base64, ...url];
}

function found(log: string, canaries: readonly string[]): readonly string[] {
	const folded = log.toLowerCase();
	// The log is ASCII: a character beyond it stands there as an escape.
	const read = JSON.parse(
		`"${folded
			.replace(/\\(?!u[0-9a-f]{4})/g, "\\\\")
			.replaceAll('"', '\\"')
			.replaceAll("\n", "\\n")}"`,
	);
	return canaries.flatMap(spellings).filter((each) => `${folded}${read}`.includes(each.toLowerCase()));
}

test("a whole run writes one line a request, and no token, secret, ticket or payload, however it is written", async () => {
	await knockEverywhere();
	const lines = () => server.log().trimEnd().split("\n");
	const entries = () => lines().map(readLogLine);
	const logged = () => entries().filter((entry) => entry?.event === "request");
	await until(() => logged().length >= requests, `${requests} lines`);
	expect(logged().length).toBe(requests);
	// Nothing but lines of this form is written, whatever failed; the runtime tells by itself of what an object threw.
	const runtime = ["Uncaught (in promise): TypeError: as a test has it", expect.stringMatching(/^ {4}at Space\.info /)];
	expect(lines().filter((line) => readLogLine(line) === undefined)).toEqual(runtime);
	expect(server.log()).toMatch(/^[\x20-\x7e\n]+$/);
	for (const entry of logged()) {
		expect(entry).toMatchObject({ request: expect.stringMatching(/^[0-9a-f-]{36}$/), ms: expect.any(Number) });
		expect(Object.keys(entry ?? {}).join()).toMatch(
			/^event,request,method,route(,space)?,status(,code)?,ms(,principal)?$/,
		);
	}
	expect(logged()).toContainEqual(
		expect.objectContaining({ route: "/v1/spaces/{space}/channels/{channel}/messages", space: "s", principal: "ada" }),
	);
	const failures = entries().filter((entry) => entry?.event === "failure");
	expect(failures.map((entry) => [entry?.what, entry?.error])).toEqual([
		["a request", "TypeError: as a test has it"],
		["onPublish of aerogram.config.ts threw", "SyntaxError"],
	]);
	expect(logged()).toContainEqual(expect.objectContaining({ request: failures[0]?.request, status: 500 }));

	expect(tickets.length).toBe(2);
	const [, claims = "", signature = ""] = token.split(".");
	const canaries = [token, claims, signature, testSecret, ...tickets, payload];
	expect(found(server.log(), canaries)).toEqual([]);
	// The search finds each of them in a log that holds them.
	for (const canary of canaries) {
		for (const each of spellings(`${canary}`)) expect(found(`{"a":"${each}"}`, [canary])).not.toEqual([]);
	}
});

test("a socket writes one line when it opens, and none for a message", async () => {
	const before = server.log();
	const client = new Aerogram(server.url, { token });
	const channel = client.space("s").channel("quiet");
	for (let each = 0; each < 50; each++) await channel.publish({ each });
	client.close();
	const added = server.log().slice(before.length).trimEnd().split("\n");
	expect(added.map(readLogLine)).toMatchObject([{ route: "/v1/spaces/{space}/socket", status: 101, principal: "ada" }]);
});
