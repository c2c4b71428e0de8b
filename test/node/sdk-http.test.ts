import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Aerogram } from "../../sdk/index.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let client: Aerogram;

beforeAll(async () => {
	server = await serveHere();
	client = new Aerogram(server.url);
});
afterAll(async () => {
	client?.close();
	await server?.stop();
});

/** A server that is no Aerogram, on a port of its own, and a client of it that comes back quickly. */
async function startOther(handle: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
	let count = 0;
	const other = createServer((request, response) => {
		count += 1;
		handle(request, response, count);
	});
	await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
	const { port } = other.address() as AddressInfo;
	const to = new Aerogram(`http://127.0.0.1:${port}`, { durations: { backoffBase: 10, backoffFloor: 1 } });
	onTestFinished(async () => {
		to.close();
		other.closeAllConnections();
		await new Promise((resolve) => other.close(resolve));
	});
	return { http: to.http, count: () => count };
}

describe("client.http reaches every route", () => {
	test("posts, and reads what was posted", async () => {
		const { data } = await client.http.post<{ status: string; position: string }>("/v1/exchange", {
			json: { name: "小飞机", message: "你好,服务器!" },
		});
		expect(data).toMatchObject({ status: "success" });
		const seq = data.position.split(":")[1];
		const read = await client.http.get(`/v1/spaces/default/channels/exchange/messages/${seq}`);
		expect(read).toMatchObject({ status: 200, etag: `"${data.position}"` });
		expect(read.data).toMatchObject({ data: { name: "小飞机", message: "你好,服务器!" } });
	});

	test("a publish and its condition, with the state of the channel when it fails", async () => {
		const path = "/v1/spaces/http/channels/conditions/messages";
		const first = await client.http.post<{ position: string }>(path, { json: { data: 1 } });
		expect(first.status).toBe(201);
		expect(first.headers.get("location")).toMatch(/\/messages\/1$/);
		const headers = { "if-match": `"${first.data.position}"` };
		await client.http.post(path, { json: { data: 2 }, headers });
		await expect(client.http.post(path, { json: { data: 3 }, headers })).rejects.toMatchObject({
			code: "condition_failed",
			status: 412,
			etag: expect.stringMatching(/:2"$/),
			state: { epoch: first.data.position.split(":")[0], floor: 1, head: 2 },
		});
	});

	test("a page by its query, and the text that is no JSON", async () => {
		const path = "/v1/spaces/http/channels/queries/messages";
		await client.http.post(path, { json: [{ data: 1 }, { data: 2 }, { data: 3 }] });
		const page = await client.http.get(path, { query: { limit: 1, order: "desc" } });
		expect(page.data).toMatchObject({ messages: [{ seq: 3, data: 3 }] });
		const script = await client.http.get<string>("/aerogram.js", { headers: { accept: "*/*" } });
		expect(script.data).toContain("export{");
	});

	test("HEAD has the headers of GET and no data; DELETE has none either", async () => {
		const path = "/v1/spaces/http/channels/heads";
		await client.http.post(`${path}/messages`, { json: { data: 1 } });
		expect(await client.http.head(path)).toMatchObject({
			status: 200,
			data: undefined,
			etag: expect.stringMatching(/:1"$/),
		});
		expect(await client.http.delete(path)).toMatchObject({ status: 204, data: undefined });
	});

	test.each([
		["GET", "/v1/spaces/no name/channels", "bad_name", 400],
		["GET", "/v1/nothing", "not_found", 404],
		["PUT", "/v1/exchange", "method_not_allowed", 405],
		["HEAD", "/v1/nothing", "not_found", 404],
		["HEAD", "/v1/exchange", "method_not_allowed", 405],
	])("its refusals carry their code: %s %s", async (method, path, code, status) => {
		await expect(client.http.request(method, path)).rejects.toMatchObject({ code, status });
	});
});

describe("on a network that fails", () => {
	test("a write whose answer is lost is sent again and stored once", async () => {
		const seen: unknown[] = [];
		const { http, count } = await startOther(async (request, response, count) => {
			const body: Buffer[] = [];
			for await (const chunk of request) body.push(chunk as Buffer);
			const answer = await fetch(server.url + request.url, {
				method: request.method ?? "",
				headers: {
					"content-type": String(request.headers["content-type"]),
					"idempotency-key": String(request.headers["idempotency-key"]),
				},
				body: Buffer.concat(body),
			});
			// The first answer never arrives; by then the message is stored.
			if (count === 1) response.destroy();
			else response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
			seen.push(answer.headers.get("idempotency-replayed"));
		});
		const path = "/v1/spaces/http/channels/once/messages";
		const { data } = await http.post<{ seq: number }>(path, { json: { data: "once" } });
		expect(data.seq).toBe(1);
		expect(count()).toBe(2);
		expect(seen).toEqual([null, "true"]);
		const page = await client.http.get(path);
		expect(page.data).toMatchObject({ head: 1 });
	});

	test("a refusal for now is waited out for as long as Retry-After says, and then the same request is sent again", async () => {
		const arrived: { readonly at: number; readonly key: unknown }[] = [];
		const { http } = await startOther((request, response, count) => {
			arrived.push({ at: performance.now(), key: request.headers["idempotency-key"] });
			if (count === 1) response.writeHead(429, { "retry-after": "1" }).end();
			else response.writeHead(201, { "content-type": "application/json" }).end('{"seq":1}');
		});
		const path = "/v1/spaces/http/channels/later/messages";
		expect(await http.post(path, { json: { data: 1 } })).toMatchObject({ status: 201, data: { seq: 1 } });
		const [first, second, ...more] = arrived;
		expect(more).toEqual([]);
		expect(first?.key).toMatch(/^[0-9a-f]{32}$/);
		expect(second?.key).toBe(first?.key);
		// Timers of Node may be a millisecond early.
		expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(999);
	});

	test("a body that is cut is read again", async () => {
		const { http, count } = await startOther((_, response, count) => {
			response.writeHead(200, { "content-type": "application/json", "content-length": "9" });
			response.write('{"a":');
			if (count === 1) setTimeout(() => response.destroy(), 20);
			else response.end('"b"}');
		});
		await expect(http.get("/v1/x")).resolves.toMatchObject({ data: { a: "b" } });
		expect(count()).toBe(2);
	});

	test("a body that does not end in time counts as no answer", async () => {
		const { http, count } = await startOther((_, response) => {
			response.writeHead(200, { "content-type": "application/json" });
			response.write("{");
		});
		const error = await http.get("/v1/x", { timeout: 500, retries: 1 }).catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({ code: "timeout" });
		expect(count()).toBe(2);
	});

	test("where nobody listens it is a network error with its cause", async () => {
		const nobody = new Aerogram("http://127.0.0.1:9", { durations: { backoffBase: 1, backoffFloor: 1 } });
		onTestFinished(() => nobody.close());
		const error = await nobody.http.get("/v1/spaces").catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({ code: "network", status: undefined, cause: expect.any(Error) });
	});
});
