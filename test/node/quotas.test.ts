import { afterAll, beforeAll, expect, test } from "vitest";
import type { ErrorCode } from "../../protocol/errors.ts";
import { type Quotas, quotas } from "../../protocol/limits.ts";
import { buildEdited, editLimit, editQuotas } from "../helpers/edited-build.ts";
import { expectProblem, getJson, headOf, postJson } from "../helpers/http.ts";
import { knock, upgradeHeaders } from "../helpers/knock.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectWire, type Wire } from "../helpers/wire.ts";

const configured = {
	...{ clientRate: 1, clientBurst: 40, principalRate: 1, principalBurst: 301 },
	...{ recordsPerCollection: 3, membersPerChannel: 2, rowsPerDay: 200, spacesPerPrincipal: 20 },
} as const;

let server: LocalServer;
/** Spaces that the principal of HTTP and sockets has begun. */
const begun = new Set<string>();
/** The limits that the server tells. */
let told: Quotas & { readonly inFlight: number; readonly refusals: number };

beforeAll(async () => {
	const edits = [editQuotas(configured), editLimit("inFlight", 50), editLimit("refusals", 20)];
	server = await serveHere({ bundle: await buildEdited(edits) });
	const wire = await connect("told");
	told = wire.welcome.limits as never;
	wire.close();
});
afterAll(() => server.stop());

function connect(space: string, client = "client"): Promise<Wire> {
	begun.add(space);
	return connectWire(server.url, space, client);
}

function urlOf(space: string, path: string): string {
	begun.add(space);
	return `${server.url}/v1/spaces/${space}/${path}`;
}

function put(space: string, id: string): Promise<Response> {
	const headers = { "content-type": "application/json" };
	return fetch(urlOf(space, `collections/things/${id}`), { method: "PUT", headers, body: "{}" });
}

/** Subscribes sockets to a channel. */
async function subscribe(space: string, channel: string, count: number): Promise<readonly Wire[]> {
	const wires = await Promise.all(Array.from({ length: count }, (_, index) => connect(space, `s${index}`)));
	await Promise.all(wires.map((wire) => wire.ask({ t: "sub", ref: 1, ch: channel })));
	return wires;
}

/** What a principal may publish to ten who subscribe, whose first has made the name and paid one for it. */
function affordableByTen(): number {
	return (told.principalBurst - 1) / 10;
}

async function expectRefused(response: Response, code: ErrorCode): Promise<void> {
	const problem = await expectProblem(response, code);
	if (response.status !== 429) return;
	expect(problem.retryAfter).toBeGreaterThanOrEqual(1);
	expect(response.headers.get("retry-after")).toBe(`${problem.retryAfter}`);
}

test("what `limits` in aerogram.config.ts says is told in welcome, and the rest as it ships", () => {
	expect(told).toMatchObject({ ...quotas, ...configured, inFlight: 50, refusals: 20 });
});

test("a publish costs a client one for each subscriber, ephemeral or not, and one that was stored costs nothing again", async () => {
	const wires = await subscribe("fan-out", "chat", 10);
	const publisher = await connect("fan-out", "publisher");
	const publish = (ref: number, more = {}) =>
		publisher.ask({ t: "pub", ref, ch: "chat", n: ref, prev: ref - 1, data: ref, ...more });
	const affordable = told.clientBurst / 10;
	for (let ref = 0; ref < affordable; ref++) expect(await publish(ref)).toMatchObject({ type: "published" });
	const refused = await publish(affordable);
	expect(refused).toMatchObject({ type: "error", code: "rate_limited", retryAfter: expect.any(Number) });
	const passing = { t: "pub", ref: 99, ch: "chat", data: 1, ephemeral: true };
	expect(await publisher.ask(passing)).toMatchObject({ code: "rate_limited" });
	expect(await publish(0)).toMatchObject({ type: "published", duplicate: true });
	expect(await publisher.ask({ t: "pub", ref: 100, ch: "quiet", data: 1 })).toMatchObject({ type: "error" });
	for (const wire of [...wires, publisher]) wire.close();
});

test("a second connection of the client, or another name for where it comes from, is no second budget", async () => {
	for (let connection = 0; connection < 4; connection++) {
		const wire = await connect("again");
		for (let ref = 0; ref < 10; ref++) {
			expect(await wire.ask({ t: "pub", ref, ch: "chat", data: 1 })).toMatchObject({ type: "published" });
		}
		wire.close();
	}
	const wire = await connect("again");
	const answers = [1, 2, 3, 4, 5].map((ref) => wire.ask({ t: "pub", ref, ch: "chat", data: 1 }));
	expect(await Promise.all(answers)).toContainEqual(expect.objectContaining({ code: "rate_limited" }));
	wire.close();
});

test("all clients and requests of a principal share its budget, whatever X-Forwarded-For says", async () => {
	const wires = await subscribe("principal", "chat", 10);
	const messages = urlOf("principal", "channels/chat/messages");
	const statuses: number[] = [];
	for (let index = 0; index < affordableByTen(); index++) {
		const response = await postJson(messages, { data: index }, { "x-forwarded-for": `192.0.2.${index}` });
		statuses.push(response.status);
	}
	expect(new Set(statuses)).toEqual(new Set([201]));
	await expectRefused(await postJson(messages, { data: 1 }, { "x-forwarded-for": "192.0.2.99" }), "rate_limited");
	expect(await wires[0]?.ask({ t: "pub", ref: 2, ch: "chat", data: 1 })).toMatchObject({ code: "rate_limited" });
	const items = [{ op: "publish", channel: "chat", data: 1 }];
	await expectRefused(await postJson(urlOf("principal", "transactions"), { items }), "rate_limited");
	for (const wire of wires) wire.close();
});

test("a write of a record costs one for each who watches its collection", async () => {
	const wires = await Promise.all(Array.from({ length: 10 }, (_, index) => connect("watched", `w${index}`)));
	await Promise.all(wires.map((wire) => wire.ask({ t: "watch", ref: 1, col: "things" })));
	for (let write = 0; write < affordableByTen(); write++) expect((await put("watched", "a")).ok).toBe(true);
	await expectRefused(await put("watched", "a"), "rate_limited");
	for (const wire of wires) wire.close();
});

test("as many publishes as a socket may have unanswered are taken, and those beyond are refused", async () => {
	const wire = await connect("in-flight");
	const all = Array.from({ length: told.inFlight + 10 }, (_, ref) => ({ t: "pub", ref, ch: `c${ref % 40}`, data: 1 }));
	const answers = new Map<number, string>();
	const { promise, resolve } = Promise.withResolvers<void>();
	wire.onEnvelopes = (envelopes) => {
		for (const each of envelopes) {
			if ("ref" in each && each.ref !== undefined)
				answers.set(each.ref, each.type === "error" ? each.message : each.type);
		}
		if (answers.size === all.length) resolve();
	};
	wire.send(all);
	await promise;
	const beyond = [...answers].filter(([, said]) => said.includes("unanswered")).map(([ref]) => ref);
	expect(beyond.sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, index) => told.inFlight + index));
	wire.close();
});

test("a client that is told to wait and does not is closed, with a code that says to come back later", async () => {
	const wire = await connect("deaf");
	const burst = Array.from({ length: 50 }, (_, ref) => ({ t: "pub", ref, ch: "chat", data: 1 }));
	wire.send(burst);
	wire.send(burst);
	wire.send(burst);
	expect(await wire.closed).toBe(4108);
	expect(await headOf(urlOf("deaf", "channels/chat"))).toMatch(new RegExp(`:${told.clientBurst}$`));
});

const byName = [
	["sub", (name: string) => ({ t: "sub", ch: name })],
	["watch of records", (name: string) => ({ t: "watch", col: name })],
	["watch of members", (name: string) => ({ t: "watch", ch: name, of: "members" })],
	["watch of occupancy", (name: string) => ({ t: "watch", ch: name, of: "occupancy" })],
	["enter", (name: string) => ({ t: "enter", ch: name, data: 1 })],
] as const;

test.each(byName)("a new name costs a client one where it only says %s, and a known one nothing", async (how, say) => {
	const space = `names-${byName.findIndex(([each]) => each === how)}`;
	const wire = await connect(space);
	const until = async (ref: number): Promise<unknown> => {
		const answer = await wire.ask({ ...say(`n${ref}`), ref });
		if (answer.type === "error" || ref > 2 * told.clientBurst) return answer;
		return until(ref + 1);
	};
	expect(await until(1)).toMatchObject({ code: "rate_limited", retryAfter: expect.any(Number) });
	const again = Array.from({ length: told.clientBurst }, (_, index) => wire.ask({ ...say("n1"), ref: 1_000 + index }));
	expect(await Promise.all(again)).not.toContainEqual(expect.objectContaining({ type: "error" }));
	wire.close();
});

test("who makes more names than it may and does not wait is closed, and what a socket may not have makes no row", async () => {
	const rows = async (space: string) => {
		return (await getJson<{ rowsWritten: number }>(`${server.url}/v1/spaces/${space}`)).rowsWritten;
	};
	const wire = await connect("names-deaf");
	for (let from = 0; from < 200; from += 100) {
		wire.send(Array.from({ length: 100 }, (_, ref) => ({ t: "sub", ref, ch: `n${from + ref}` })));
	}
	expect(await wire.closed).toBe(4108);
	const watcher = await connect("names-most");
	const watch = (ref: number) => watcher.ask({ t: "watch", ref, col: "things", id: `i${ref}` });
	for (let ref = 1; ref <= 50; ref++) await watch(ref);
	const before = await rows("names-most");
	for (let ref = 51; ref < 60; ref++) {
		const watched = ref % 2 ? { col: `n${ref}` } : { ch: `n${ref}`, of: "members" };
		expect(await watcher.ask({ t: "watch", ref, ...watched })).toMatchObject({ code: "too_big" });
	}
	expect(await rows("names-most")).toBe(before);
	watcher.close();
});

test("a collection takes as many records as it may hold, then changes and deletes them", async () => {
	for (let id = 0; id < told.recordsPerCollection; id++) expect((await put("records", `${id}`)).status).toBe(201);
	await expectRefused(await put("records", "more"), "collection_full");
	await expectRefused(await postJson(urlOf("records", "collections/things"), {}), "collection_full");
	const items = [{ op: "put", collection: "things", id: "more", data: {} }];
	await expectRefused(await postJson(urlOf("records", "transactions"), { items }), "collection_full");
	expect((await put("records", "0")).status).toBe(200);
	await fetch(urlOf("records", "collections/things/0"), { method: "DELETE" });
	expect((await put("records", "more")).status).toBe(201);
});

test("a channel takes as many members as it may have", async () => {
	const wires = await Promise.all(["a", "b", "c"].map((client) => connect("members", client)));
	const answers = [];
	for (const wire of wires) answers.push(await wire.ask({ t: "enter", ref: 1, ch: "room", data: 1 }));
	expect(answers.map(({ type }) => type)).toEqual(["done", "done", "error"]);
	expect(answers.at(told.membersPerChannel)).toMatchObject({ code: "channel_full" });
	for (const wire of wires) wire.close();
});

test("a space that has written its rows of the day stores nothing more, says until when, and goes on with the rest", async () => {
	const transact = () => {
		const items = Array.from({ length: 20 }, (_, index) => ({ op: "publish", channel: `c${index}`, data: 1 }));
		return postJson(urlOf("rows", "transactions"), { items });
	};
	const rows = async () => (await getJson<{ rowsWritten: number }>(`${server.url}/v1/spaces/rows`)).rowsWritten;
	let written = 0;
	for (let response = await transact(); response.status === 200; response = await transact()) written = await rows();
	console.log(`${written} rows written of ${told.rowsPerDay}`);
	expect(written).toBeGreaterThanOrEqual(told.rowsPerDay);
	expect(written).toBeLessThan(told.rowsPerDay + 50);
	const midnight = 86_400 - ((Date.now() / 1_000) % 86_400);
	const refused = await postJson(urlOf("rows", "channels/c1/messages"), { data: 1 });
	await expectRefused(refused.clone(), "budget_spent");
	expect(Math.abs(Number(refused.headers.get("retry-after")) - midnight)).toBeLessThan(10);
	await expectRefused(await transact(), "budget_spent");
	await expectRefused(await put("rows", "a"), "budget_spent");
	await expectRefused(await postJson(urlOf("rows", "services/s/calls"), { data: 1 }), "budget_spent");
	const wire = await connect("rows");
	const retryAfter = expect.any(Number);
	for (const said of [
		{ t: "pub", ch: "c1", data: 1 },
		{ t: "call", svc: "s", id: "a", data: 1 },
		{ t: "enter", ch: "c1", data: 1 },
		...byName.map(([, say]) => say("new")),
	]) {
		expect(await wire.ask({ ...said, ref: 1 })).toMatchObject({ code: "budget_spent", retryAfter });
	}
	expect(await wire.ask({ t: "pub", ref: 2, ch: "c1", data: 1, ephemeral: true })).toMatchObject({ type: "done" });
	for (const path of [
		"channels/unheard/messages",
		"events?channel=unheard",
		"collections/unheard",
		"collections/unheard/a",
	]) {
		const refused = await fetch(urlOf("rows", path), { headers: { accept: "text/event-stream" } });
		await expectRefused(refused, "budget_spent");
	}
	const known = [{ t: "sub", ch: "c1" } as const, { t: "watch", ch: "c1", of: "members" } as const];
	for (const said of known) expect(await wire.ask({ ...said, ref: 3 })).not.toMatchObject({ type: "error" });
	expect(await headOf(urlOf("rows", "channels/c1"))).toMatch(/:\d+$/);
	wire.close();
});

test("a principal begins as many spaces as it may, over every door, and one more when one is wiped", async () => {
	const publish = (space: string) => postJson(urlOf(space, "channels/chat/messages"), { data: 1 });
	while (begun.size < told.spacesPerPrincipal) expect((await publish(`own-${begun.size}`)).status).toBe(201);
	const more = `${server.url}/v1/spaces/more`;
	const post = () => postJson(`${more}/channels/chat/messages`, { data: 1 });
	await expectRefused(await post(), "too_many_spaces");
	await expectRefused(
		await postJson(`${more}/transactions`, { items: [{ op: "publish", channel: "a", data: 1 }] }),
		"too_many_spaces",
	);
	await expectRefused(await postJson(`${more}/services/s/calls`, { data: 1 }), "too_many_spaces");
	const record = { method: "PUT", headers: { "content-type": "application/json" }, body: "{}" };
	await expectRefused(await fetch(`${more}/collections/a/b`, record), "too_many_spaces");
	const events = { headers: { accept: "text/event-stream" } };
	await expectRefused(await fetch(`${more}/channels/chat/messages`, events), "too_many_spaces");
	await expectRefused(await fetch(`${more}/socket`, events), "too_many_spaces");
	const { status, body } = await knock(`${more}/socket`, upgradeHeaders);
	expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([507, "too_many_spaces"]);
	expect((await publish("again")).status).toBe(201);
	await fetch(`${server.url}/v1/spaces/again`, { method: "DELETE" });
	expect((await post()).status).toBe(201);
	await expectRefused(await publish("again"), "too_many_spaces");
});
