import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { mintToken } from "../../sdk/server.ts";
import { runCli } from "../helpers/cli.ts";
import { buildEdited, type Edit, editLimit, editQuotas } from "../helpers/edited-build.ts";
import { formats, send } from "../helpers/formats.ts";
import { checkProblem, expectProblem, postJson } from "../helpers/http.ts";
import { knock, upgradeHeaders } from "../helpers/knock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { otherSecret, publicJwk, signToken, signWithKey, testSecret } from "../helpers/signing.ts";

// Of no server.
const ciSecret = "1b9f6c3e8a2d7054f1c9e36b8d40a7f25e3c8b1d9067fa42c5e8b3d71f60a924";
const keys = `main:${testSecret}, next:${otherSecret}\nci:${ciSecret}`;
const capabilities = [{ allow: ["publish", "subscribe", "history"], on: "team/channels/chat:*" }] as const;
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });

let server: TestServer;
let issuer: Server;
let issuerUrl: string;
let answers = true;

beforeAll(async () => {
	issuer = createServer((_, response) => {
		if (!answers) response.writeHead(500).end();
		else response.end(JSON.stringify({ keys: [publicJwk(pair.publicKey, { kid: "e1" })] }));
	});
	await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
	issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`;
	const limited = [editQuotas({ spacesPerPrincipal: 20 }), editLimit("socketsUnknown", 3)];
	const bundle = await buildEdited([...configure(issuerUrl), ...limited]);
	server = await startServer({ bundle, env: { AEROGRAM_KEYS: keys }, args: ["--closed"] });
});
afterAll(async () => {
	issuer?.close();
	await server?.stop();
});

/** Says in the configuration what the key `ci` may do, and whose tokens are taken; the second issuer is never there. */
function configure(url: string): readonly Edit[] {
	const file = "aerogram.config.ts";
	const issuers = ["here", "away"].map(
		(name) =>
			`{ issuer: "https://${name}.example", algorithm: "ES256", url: "${url}${name === "away" ? "/away" : ""}" }`,
	);
	const ci = '{ capabilities: [{ allow: ["publish", "history"], on: "builds/channels/**" }] }';
	return [
		{ file, find: "keys: {},", replace: `keys: { ci: ${ci} },` },
		{ file, find: "issuers: [],", replace: `issuers: [${issuers.join()}], origins: ["https://app.example.com"],` },
		{ file, find: "origins: [],", replace: "" },
	];
}

function bearer(credential: string): Record<string, string> {
	return { authorization: `Bearer ${credential}` };
}

function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
	return fetch(`${server.url}${path}`, { headers });
}

const main = `main.${testSecret}`;
const publishing = "/v1/spaces/team/channels/chat:1/messages";

async function mintOverHttp(key: string, request: unknown): Promise<Response> {
	return postJson(`${server.url}/v1/tokens`, request, bearer(key));
}

describe("a server with keys", () => {
	test("lets in whoever shows one, either of two while they change", async () => {
		expect((await ask("/v1/spaces", bearer(main))).status).toBe(200);
		expect((await ask("/v1/spaces", bearer(`next.${otherSecret}`))).status).toBe(200);
		expect((await ask("/v1/spaces", { authorization: `bearer   ${main}` })).status).toBe(200);
	});

	test.each([
		["nothing", {}],
		["a wrong secret", bearer(`main.${otherSecret}`)],
		["an unknown key", bearer(`x.${testSecret}`)],
		["another scheme", { authorization: `Basic ${main}` }],
		["two at once", { authorization: `Bearer ${main}, Bearer ${main}` }],
		["a token of nobody", bearer(signToken({ secret: "x".repeat(43) }))],
	])("refuses who shows %s with 401, and says by what to come in", async (_, headers) => {
		const response = await ask("/v1/spaces", headers);
		await expectProblem(response, "unauthorized");
		expect(response.headers.get("www-authenticate")).toBe("Bearer");
		expect(response.headers.get("cache-control")).toBe("no-store");
	});

	test("tells a token that has ended from one that never counted", async () => {
		const seconds = Math.floor(Date.now() / 1_000);
		const ended = signToken({ claims: { iat: seconds - 100, exp: seconds - 32 } });
		await expectProblem(await ask("/v1/spaces", bearer(ended)), "token_expired");
	});

	test("shows its pages, its SDK and its health to everybody", async () => {
		for (const path of ["/", "/docs", "/health", "/openapi.json", "/aerogram.js"]) {
			expect([path, (await ask(path)).status]).toEqual([path, 200]);
		}
		for (const path of ["/v1/spaces", "/%761/spaces", "/v1//spaces", "/v1/spaces/team/channels"]) {
			const { status } = await knock(`${server.url}${path}`, {});
			expect([path, [301, 401].includes(status)]).toEqual([path, true]);
		}
	});

	test("lets a page of a listed origin read why it was refused, and no other page come in", async () => {
		const origin = "https://app.example.com";
		const preflight = await fetch(`${server.url}/v1/tokens`, {
			method: "OPTIONS",
			headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
		});
		expect(preflight.status).toBe(204);
		const refused = await knock(`${server.url}/v1/spaces`, { origin });
		expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([401, origin]);
		for (const other of [
			"https://app.example.com.evil.example",
			"http://app.example.com",
			"null",
			"http://localhost:3000",
		]) {
			const { status, body } = await knock(`${server.url}/v1/spaces`, { origin: other, ...bearer(main) });
			expect([other, status]).toEqual([other, 403]);
			checkProblem(body, "forbidden");
		}
	});
});

describe("a token", () => {
	test("that a program minted opens a socket and requests, and is who it says", async () => {
		const token = () => mintToken(keys, { sub: "user:42", capabilities, ttl: 60 });
		const client = new Aerogram(server.url, { token });
		const channel = client.space("team").channel<string>("chat:1");
		const subscription = channel.subscribe({ from: "start" })[Symbol.asyncIterator]();
		await channel.publish("over a socket");
		const { value } = await subscription.next();
		expect(value).toMatchObject({ data: "over a socket", from: "user:42" });
		await subscription.return?.();
		client.close();
		const plain = await postJson(`${server.url}${publishing}`, { data: 1 }, bearer(await token()));
		expect(plain.status).toBe(201);
		const history = await ask(`${publishing}?order=desc&limit=1`, bearer(await token()));
		expect(await history.json()).toMatchObject({ messages: [{ from: "user:42" }] });
	});

	test("goes with an upgrade as a subprotocol, and what is wrong with it is told where a browser sees it", async () => {
		const open = (protocols: string, headers: Record<string, string> = {}) =>
			knock(`${server.url}/v1/spaces/team/socket`, {
				...upgradeHeaders,
				"sec-websocket-protocol": protocols,
				...headers,
			});
		const token = await mintToken(keys, { sub: "ada", capabilities });
		const { status, headers } = await open(`aerogram.v1, bearer.${token}`);
		expect([status, headers["sec-websocket-protocol"]]).toEqual([101, "aerogram.v1"]);
		for (const bad of [[`bearer.${token}x`], [`bearer.${token}`, `bearer.${token}a`]]) {
			const socket = new WebSocket(`${server.socketUrl}/v1/spaces/team/socket`, ["aerogram.v1", ...bad]);
			const said: string[] = [];
			socket.onmessage = ({ data }) => said.push(data);
			const { code } = await new Promise<CloseEvent>((resolve) => {
				socket.onclose = resolve;
			});
			expect([code, said.map((text) => JSON.parse(text))]).toMatchObject([4001, [{ t: "bye", code: "unauthorized" }]]);
		}
		checkProblem((await open(`aerogram.v1, bearer.${token}`, bearer(token))).body, "unauthorized");
	});

	test("is said by a first envelope where nothing else is, on a space that is there", async () => {
		const open = async (space: string) => {
			const socket = new WebSocket(`${server.socketUrl}/v1/spaces/${space}/socket?client=later`, "aerogram.v1");
			const said: Record<string, unknown>[] = [];
			socket.onmessage = ({ data }) => said.push(JSON.parse(data));
			await new Promise((resolve) => {
				socket.onopen = resolve;
				socket.onerror = resolve;
			});
			return { socket, said };
		};
		expect((await postJson(`${server.url}${publishing}`, { data: 1 }, bearer(main))).status).toBe(201);
		const { socket, said } = await open("team");
		await expect.poll(() => said.length).toBe(1);
		expect(said[0]).not.toHaveProperty("epoch");
		socket.send(JSON.stringify({ t: "sub", ref: 1, ch: "chat:1" }));
		const token = await mintToken(keys, { sub: "ada", capabilities });
		await expect.poll(() => said.length).toBe(2);
		socket.send(JSON.stringify({ t: "auth", ref: 2, token }));
		await expect.poll(() => said.length).toBe(4);
		socket.send(JSON.stringify({ t: "sub", ref: 3, ch: "chat:1" }));
		await expect.poll(() => said.length).toBe(5);
		expect(said.slice(1)).toMatchObject([
			{ t: "err", ref: 1, code: "unauthorized" },
			{ t: "ok", ref: 2, endsIn: expect.any(Number) },
			{ t: "welcome", epoch: expect.any(String), connection: expect.any(String) },
			{ t: "ok", ref: 3, recovered: false },
		]);
		socket.close();
		const nowhere = await open("nowhere");
		expect([nowhere.socket.readyState, nowhere.said]).toEqual([WebSocket.CLOSED, []]);
		const { status } = await knock(`${server.url}/v1/spaces/nowhere/socket`, upgradeHeaders);
		expect(status).toBe(401);
		const { spaces } = (await (await ask("/v1/spaces", bearer(main))).json()) as { spaces: string[] };
		expect(spaces).not.toContain("nowhere");
	});

	test("may be said later on so many sockets of a space and no more, while who says one at once comes in", async () => {
		const space = `${server.socketUrl}/v1/spaces/crowded/socket`;
		const crowded = `${server.url}/v1/spaces/crowded/channels/a/messages`;
		expect((await postJson(crowded, { data: 1 }, bearer(main))).status).toBe(201);
		const sockets: WebSocket[] = [];
		/** The limit that a socket is told; undefined where it is not let in. */
		const open = (credentials: readonly string[] = []) =>
			new Promise<number | undefined>((resolve) => {
				const socket = new WebSocket(space, ["aerogram.v1", ...credentials]);
				sockets.push(socket);
				socket.onmessage = ({ data }) => resolve(JSON.parse(data).limits.socketsUnknown);
				socket.onerror = () => resolve(undefined);
			});
		const most = (await open()) ?? 0;
		expect(most).toBe(3);
		for (let count = 1; count < most; count++) expect(await open()).toBe(most);
		expect(await open()).toBeUndefined();
		const token = await mintToken(keys, {
			sub: "ada",
			capabilities: [{ allow: ["subscribe"], on: "crowded/channels/a" }],
		});
		expect(await open([`bearer.${token}`])).toBe(most);
		for (const socket of sockets) socket.close();
	});

	test("is asked which spaces it began once it is said by a first envelope, and not before", async () => {
		const all = [{ allow: ["publish"], on: "**/channels/**" }] as const;
		const [hoarder, guest] = await Promise.all(
			["hoarder", "guest"].map((sub) => mintToken(keys, { sub, capabilities: all })),
		);
		const publish = (space: string, credential: string, headers: Record<string, string> = {}) =>
			postJson(
				`${server.url}/v1/spaces/${space}/channels/a/messages`,
				{ data: 1 },
				{ ...bearer(credential), ...headers },
			);
		// Who may not publish there begins nothing, also where it has to be looked whether that is stored already.
		const none = await mintToken(keys, { sub: "hoarder", capabilities });
		await expectProblem(await publish("hoard-0", none, { "idempotency-key": "k" }), "forbidden");
		for (let index = 0; index < 20; index++) expect((await publish(`hoard-${index}`, hoarder ?? "")).status).toBe(201);
		await expectProblem(await publish("attic", hoarder ?? ""), "too_many_spaces");
		// A key begins any number, and a wipe leaves the space known and nobody's.
		expect((await publish("attic", main)).status).toBe(201);
		expect((await fetch(`${server.url}/v1/spaces/attic`, { method: "DELETE", headers: bearer(main) })).status).toBe(
			204,
		);
		const socket = new WebSocket(`${server.socketUrl}/v1/spaces/attic/socket`, "aerogram.v1");
		const said: Record<string, unknown>[] = [];
		socket.onmessage = ({ data }) => said.push(...[JSON.parse(data)].flat());
		await expect.poll(() => said.length).toBe(1);
		socket.send(JSON.stringify({ t: "auth", ref: 1, token: hoarder }));
		await expect.poll(() => said.length).toBe(2);
		socket.send(JSON.stringify({ t: "auth", ref: 2, token: guest }));
		await expect.poll(() => said.length).toBe(4);
		expect(said).toMatchObject([
			{ t: "welcome", limits: { spacesPerPrincipal: 20 } },
			{ t: "err", ref: 1, code: "too_many_spaces" },
			{ t: "ok", ref: 2 },
			{ t: "welcome", epoch: expect.any(String) },
		]);
		socket.close();
		expect((await publish("attic", hoarder ?? "")).status).toBe(201);
	});

	test("of an issuer is taken by its key set, and is unavailable where that is", async () => {
		const seconds = Math.floor(Date.now() / 1_000);
		const claims = { iss: "https://here.example", sub: "auth0|7", iat: seconds, exp: seconds + 60, caps: capabilities };
		const header = { alg: "ES256", kid: "e1" };
		const token = signWithKey(header, claims, pair.privateKey);
		expect((await postJson(`${server.url}${publishing}`, { data: 1 }, bearer(token))).status).toBe(201);
		answers = false;
		const away = signWithKey(header, { ...claims, iss: "https://away.example" }, pair.privateKey);
		const response = await ask("/v1/spaces", bearer(away));
		expect(response.headers.get("retry-after")).toBe("30");
		await expectProblem(response, "keys_unavailable");
	});

	test("is nowhere in the log", async () => {
		expect(server.log()).not.toMatch(/eyJ/);
		expect(server.log()).not.toContain(testSecret);
	});
});

describe("minting over HTTP", () => {
	test.each(formats)("reads and answers %s", async (format) => {
		const request = { sub: "user:7", ttl: 60, capabilities: [{ allow: ["publish"], on: "team/channels/chat:*" }] };
		const response = await send(`${server.url}/v1/tokens`, "POST", request, format, "JSON", bearer(main));
		expect(response.status).toBe(200);
		const { token, expires } = (await response.json()) as { token: string; expires: number };
		expect(Math.abs(expires - Date.now() - 60_000)).toBeLessThan(5_000);
		expect((await postJson(`${server.url}${publishing}`, { data: format }, bearer(token))).status).toBe(201);
		const told = await send(`${server.url}/v1/tokens`, "POST", request, "JSON", format, bearer(main));
		expect(told.status).toBe(200);
	});

	test("never goes beyond what the key may do", async () => {
		const within = { sub: "bot", capabilities: [{ allow: ["publish"], on: "builds/channels/main" }] };
		expect((await mintOverHttp(`ci.${ciSecret}`, within)).status).toBe(200);
		for (const capability of [
			{ allow: ["publish", "subscribe"], on: "builds/channels/main" },
			{ allow: ["publish"], on: "**/channels/main" },
			{ allow: ["publish"], on: "builds/*/main" },
		]) {
			const response = await mintOverHttp(`ci.${ciSecret}`, { sub: "bot", capabilities: [capability] });
			await expectProblem(response, "forbidden");
		}
		// A program that has the secret can sign what it likes; the server does not take it.
		const beyond = await mintToken(`ci:${ciSecret}`, { sub: "bot", capabilities });
		await expectProblem(await ask("/v1/spaces", bearer(beyond)), "unauthorized");
	});

	test("is for keys: a token mints nothing", async () => {
		const token = await mintToken(keys, { sub: "ada", capabilities: [{ allow: ["admin"], on: "**/*/**" }] });
		await expectProblem(await mintOverHttp(token, { sub: "eve", capabilities: [] }), "forbidden");
	});

	test.each([
		["no object", []],
		["no sub", { capabilities: [] }],
		["a sub of the server's own", { sub: "key:main", capabilities: [] }],
		["no capabilities", { sub: "a" }],
		["an unknown operation", { sub: "a", capabilities: [{ allow: ["fly"], on: "a/channels/b" }] }],
		["a life of more than a day", { sub: "a", capabilities: [], ttl: 86_401 }],
		["a life of nothing", { sub: "a", capabilities: [], ttl: 0 }],
		["two ends", { sub: "a", capabilities: [], ttl: 5, exp: 5 }],
		["an end long ago", { sub: "a", capabilities: [], exp: 5 }],
		["more than a token holds", { sub: "a", capabilities: many(100, "x".repeat(150)) }],
		["more capabilities than go together", { sub: "a", capabilities: many(101, "x") }],
	])("refuses %s", async (_, request) => {
		await expectProblem(await mintOverHttp(main, request), "bad_request");
	});

	function many(count: number, name: string) {
		return Array.from({ length: count }, (_, index) => ({ allow: ["publish"], on: `s/channels/${name}${index}` }));
	}
});

describe("the command line", () => {
	test("mints a token, says what it says, and uses it", async () => {
		const options = { url: server.url, env: { AEROGRAM_KEYS: `main:${testSecret}` } };
		const args = ["--sub", "user:9", "--allow", "publish,history", "--on", "team/channels/chat:*", "--ttl", "90"];
		const minted = await runCli(["token", "mint", ...args], options);
		expect(minted).toMatchObject({ code: 0, stderr: "" });
		const token = minted.stdout.trim();
		const inspected = await runCli(["token", "inspect", token]);
		expect(inspected.code).toBe(0);
		expect(inspected.stderr).toMatch(/^It ends at \d{4}-.*Z, in 1 min \d+ s\.\n$/);
		expect(JSON.parse(inspected.stdout)).toMatchObject({
			header: { alg: "HS256", kid: "main" },
			claims: { sub: "user:9", caps: [{ allow: ["publish", "history"], on: "team/channels/chat:*" }] },
		});
		const published = await runCli(["pub", "team/chat:1", '"by the command line"', "--token", token], {
			url: server.url,
		});
		expect(published).toMatchObject({ code: 0, stderr: "" });
		const refused = await runCli(["get", "team/carts/c1"], { url: server.url, env: { AEROGRAM_TOKEN: `${token}x` } });
		expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^unauthorized: /)]);
	});

	test("says what is wrong with a token", async () => {
		const seconds = Math.floor(Date.now() / 1_000);
		const ended = await runCli([
			"token",
			"inspect",
			signToken({ claims: { iat: seconds - 9_999, exp: seconds - 3_725 } }),
		]);
		expect(ended.code).toBe(1);
		expect(ended.stderr).toMatch(/^It ended at .*, 1 h 2 min ago\.\ntoken_expired: /);
		const odd = await runCli(["token", "inspect", "-"], { input: `Bearer ${signToken({ header: { jku: "x" } })}\n` });
		expect([odd.code, odd.stderr]).toEqual([1, expect.stringMatching(/^unauthorized: .*jku/)]);
		const key = await runCli(["token", "inspect", main]);
		expect([key.code, key.stdout, key.stderr]).toEqual([1, "", expect.not.stringContaining(testSecret)]);
		expect((await runCli(["token", "mint", "--sub", "a", "--allow", "publish", "--on", "x/channels/y"])).code).toBe(2);
	});
});
