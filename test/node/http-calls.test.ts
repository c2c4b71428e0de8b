import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { Aerogram } from "../../sdk/index.ts";
import { expectProblem, getJson, postJson } from "../helpers/http.ts";
import { runPython } from "../helpers/python.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";
import { connectWire, type Wire } from "../helpers/wire.ts";

type News = { readonly [key: string]: Json };

let server: LocalServer;
let services: string;
const wires: Wire[] = [];

beforeAll(async () => {
	server = await serveHere({
		env: { AEROGRAM_DURATION_SCALE: "0.1" },
	});
	services = `${server.url}/v1/spaces/calls/services`;
});
afterAll(async () => {
	for (const wire of wires) wire.close();
	await server.stop();
});

/** Serves a service on a socket; `take` gets each call, and may reply with `send`. */
async function serve(service: string, take: (call: News, send: (envelope: Json) => void) => void): Promise<News[]> {
	const wire = await connectWire(server.url, "calls", `server-${service}`);
	wires.push(wire);
	const heard: News[] = [];
	wire.onEnvelopes = (envelopes) => {
		for (const envelope of envelopes) {
			if (envelope.type !== "live") continue;
			heard.push(envelope.fields);
			if (envelope.fields.cancelled !== true) take(envelope.fields, wire.send);
		}
	};
	await wire.ask({ t: "serve", ref: 0, svc: service, concurrency: 50 });
	return heard;
}

const double = ({ id = "", attempt = 0, data = null }: News, send: (envelope: Json) => void) =>
	send({ t: "reply", ref: 1, id, attempt, data: Number(data) * 2 });

test("a call is answered with the reply, in the format that is asked for", async () => {
	await serve("double", double);
	const response = await postJson(`${services}/double/calls`, { data: 21 });
	expect([response.status, await response.json()]).toEqual([200, { id: expect.any(String), data: 42 }]);
	const xml = await fetch(`${services}/double/calls`, {
		method: "POST",
		headers: { "content-type": "application/xml", accept: "application/xml" },
		body: '<call><data type="number">4</data></call>',
	});
	expect(await xml.text()).toMatch(/^<result><id>[^<]+<\/id><data type="number">8<\/data><\/result>\n$/);
});

test("curl calls a function that an SDK client serves", async () => {
	const client = new Aerogram(server.url);
	await client.space("calls").serve<number>("curled", (input) => input * 2).ready;
	const args = ["-s", `${services}/curled/calls`, "-H", "content-type: application/json", "-d", '{"data":4}'];
	const { stdout } = await promisify(execFile)("curl", args);
	client.close();
	expect(JSON.parse(stdout)).toMatchObject({ data: 8 });
});

test("a call that has no reply yet is answered 202 with where its result will be", async () => {
	const response = await postJson(`${services}/later/calls`, { data: 1 }, { prefer: "respond-async" });
	expect(response.status).toBe(202);
	const location = new URL(response.headers.get("location") ?? "", server.url).href;
	expect((await fetch(location)).status).toBe(202);
	const waited = fetch(`${location}?wait=10`);
	await serve("later", double);
	expect(await (await waited).json()).toMatchObject({ data: 2 });
	expect(await getJson(location)).toMatchObject({ data: 2 });
	expect((await postJson(`${services}/nobody/calls?wait=1`, { data: 1 })).status).toBe(202);
});

test("the same Idempotency-Key is the same call, and another request under it is refused", async () => {
	let runs = 0;
	await serve("once", ({ id = "", attempt = 0 }, send) => {
		runs += 1;
		send({ t: "reply", ref: 1, id, attempt, data: runs });
	});
	const headers = { "idempotency-key": "order-1" };
	const [first, second] = [
		await postJson(`${services}/once/calls`, { data: 1 }, headers),
		await postJson(`${services}/once/calls`, { data: 1 }, headers),
	];
	expect(second.headers.get("idempotency-replayed")).toBe("true");
	expect(await second.json()).toEqual(await first.json());
	await expectProblem(await postJson(`${services}/once/calls`, { data: 2 }, headers), "idempotency_mismatch");
	expect(runs).toBe(1);
});

test("what has no reply says why: the handler failed, the deadline passed, it was cancelled", async () => {
	await serve("fails", ({ id = "", attempt = 0 }, send) =>
		send({ t: "reply", ref: 1, id, attempt, error: { message: "Too wide.", data: { most: 640 } } }),
	);
	const failed = await expectProblem(await postJson(`${services}/fails/calls`, {}), "handler_failed");
	expect(failed).toMatchObject({ detail: "Too wide.", data: { most: 640 }, call: expect.any(String) });
	await expectProblem(await postJson(`${services}/nobody/calls`, { timeout: 50 }), "deadline_passed");
	const heard = await serve("slow", () => {});
	const { headers } = await postJson(`${services}/slow/calls`, {}, { prefer: "respond-async" });
	const location = new URL(headers.get("location") ?? "", server.url).href;
	await until(() => heard.length === 1, "the call to be handed over");
	expect((await fetch(location, { method: "DELETE" })).status).toBe(204);
	await until(() => heard.length === 2, "the cancel to be told");
	expect(heard[1]).toMatchObject({ t: "call", cancelled: true });
	await expectProblem(await fetch(location), "cancelled");
	await expectProblem(await fetch(`${services}/other/calls/${location.split("/").at(-1)}`), "not_found");
});

test("what is no call is refused: its body, its timeout, its lease", async () => {
	for (const body of [[1], { timeout: 0 }, { timeout: 86_400_001 }, { timeout: "1" }]) {
		await expectProblem(await postJson(`${services}/double/calls`, body), "bad_request");
	}
	await expectProblem(await postJson(`${services}/double/calls`, { data: "x".repeat(65_535) }), "too_big");
	await expectProblem(await fetch(`${services}/double/next?lease=0`, { method: "POST" }), "bad_request");
	await expectProblem(await fetch(`${services}/a%2Fb/next`, { method: "POST" }), "bad_name");
	await expectProblem(await fetch(`${services}/double/calls/never`), "not_found");
});

test("a hundred updates come as events in order, before the result, which ends the stream", async () => {
	const { headers } = await postJson(`${services}/steps/calls`, {}, { prefer: "respond-async" });
	const location = new URL(headers.get("location") ?? "", server.url).href;
	const response = await fetch(location, { headers: { accept: "text/event-stream" } });
	const reading = response.text();
	await serve("steps", ({ id = "", attempt = 0 }, send) => {
		for (let step = 1; step <= 100; step++) send({ t: "progress", id, attempt, data: step });
		send({ t: "reply", ref: 1, id, attempt, data: "done" });
	});
	const events = [...(await reading).matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event, data]) => [event, data]);
	expect(events.slice(0, -1)).toEqual(Array.from({ length: 100 }, (_, index) => ["progress", `${index + 1}`]));
	expect(events.at(-1)?.[0]).toBe("result");
	expect(JSON.parse(events.at(-1)?.[1] ?? "")).toMatchObject({ data: "done" });
});

test("a Python program of twenty lines serves calls over plain HTTP", async () => {
	const serving = runPython("serve.py", [`${services}/reverse`, 5]);
	const replies = await Promise.all(
		["one", "two", "三四", "", "five"].map(async (data) =>
			(await postJson(`${services}/reverse/calls`, { data })).json(),
		),
	);
	expect(replies.map((reply) => (reply as { data: string }).data)).toEqual(["eno", "owt", "四三", "", "evif"]);
	expect(await serving).toBe("served 5\n");
});

test("a call taken over HTTP is its taker's for the lease, which progress prolongs, and then the next one's", async () => {
	const path = `${services}/leased/calls`;
	const take = async (wait: number, lease: number) => {
		const response = await fetch(`${services}/leased/next?wait=${wait}&lease=${lease}&client=taker`, {
			method: "POST",
		});
		return response.status === 204 ? undefined : ((await response.json()) as { id: string; attempt: number });
	};
	expect(await take(0, 1)).toBeUndefined();
	const called = postJson(path, { data: 1, timeout: 20_000 });
	const first = await take(30, 1);
	expect(first).toMatchObject({ attempt: 1, data: 1, from: "anonymous" });
	const { id = "" } = first ?? {};
	await new Promise((resolve) => setTimeout(resolve, 600));
	expect((await postJson(`${path}/${id}/progress?lease=1`, { attempt: 1 })).status).toBe(204);
	const started = performance.now();
	const second = await take(30, 10);
	expect(performance.now() - started).toBeGreaterThan(700);
	expect(second).toMatchObject({ id, attempt: 2 });
	expect((await postJson(`${path}/${id}/nack`, { attempt: 2 })).status).toBe(204);
	expect(await take(0, 10)).toMatchObject({ id, attempt: 3 });
	const reply = (data: Json) => {
		const init = { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ data }) };
		return getJson(`${path}/${id}/reply`, init);
	};
	expect(await reply("first")).toEqual({ id, duplicate: false });
	expect(await reply("second")).toEqual({ id, duplicate: true });
	await expectProblem(await postJson(`${path}/${id}/progress`, { attempt: 3 }), "cancelled");
	expect(await (await called).json()).toEqual({ id, data: "first" });
	expect(await getJson(`${path}/${id}`)).toEqual({ id, data: "first" });
});

test("more calls than may wait are refused with calls_full, over a socket and over HTTP", async () => {
	const wire = await connectWire(server.url, "full", "caller");
	wires.push(wire);
	let answered = 0;
	wire.onEnvelopes = (envelopes) => {
		answered += envelopes.filter(({ type }) => type === "done").length;
	};
	for (let from = 0; from < limits.callsPerSpace; from += 100) {
		wire.send(
			Array.from({ length: 100 }, (_, index) => {
				return { t: "call", ref: from + index, svc: "nobody", id: `call.${from + index}`, timeout: 60_000 };
			}),
		);
	}
	await until(() => answered === limits.callsPerSpace, "every call to be stored", 30_000);
	const more = await wire.ask({ t: "call", ref: 1_000_000, svc: "nobody", id: "more" });
	expect(more).toMatchObject({ type: "error", code: "calls_full" });
	await expectProblem(await postJson(`${server.url}/v1/spaces/full/services/nobody/calls`, {}), "calls_full");
});
