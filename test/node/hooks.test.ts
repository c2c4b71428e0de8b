import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Message, ServerEnvelope } from "../../protocol/envelopes.ts";
import { Aerogram } from "../../sdk/index.ts";
import { buildEdited, editHooks } from "../helpers/edited-build.ts";
import { expectProblem, getJson, headOf, postJson, readMessages } from "../helpers/http.ts";
import { knock, upgradeHeaders } from "../helpers/knock.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp, exchangeText, readLine } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

let server: LocalServer;
let client: Aerogram;

const hooks = `
	onPublish({ space, channel, principal, ephemeral, name, data }) {
		if (channel === "exchange") return data.message === "spam" ? { reject: "No spam, please." } : undefined;
		if (data === "throw") throw new Error("a hook throws, as a test has it");
		if (data === "promise") return Promise.reject(new Error("a hook rejects, as a test has it"));
		if (data === "odd") return "odd";
		if (data === "cycle") { const cycle = {}; cycle.cycle = cycle; return { data: cycle }; }
		if (data === "huge") return { data: "x".repeat(70_000) };
		if (data === "deep") return { data: JSON.parse("[".repeat(40) + "]".repeat(40)) };
		if (data === "no") return { reject: "Not this one." };
		if (data === "change") return { data: { space, channel, principal, ephemeral, name: name ?? null } };
		if (data?.list) data.list.push("in place");
	},
	onRecordWrite({ space, collection, id, principal, before, data }) {
		if (collection !== "guarded") return;
		if (data === null) return before.locked ? { reject: "It is locked." } : before.odd ? { data: {} } : undefined;
		if (data.throw) throw new Error("a hook throws, as a test has it");
		if (data.list) return { data: [] };
		if ((before?.version ?? 0) > data.version) return { reject: "It has a later version." };
		return { data: { ...data, by: principal, at: space + "/" + collection + "/" + id } };
	},
	async onConnect({ space, principal, client, door, headers }) {
		await new Promise((resolve) => setTimeout(resolve, 1));
		if (space === "closed") return { reject: "Only members may connect by " + door + "." };
		if (space === "named" && client !== "friend") return { reject: "Who is " + client + "?" };
		if (space === "headers" && headers.get("x-secret") !== "open") return { reject: principal + " has no secret." };
		if (space === "calls") {
			if (headers.get("x-hook") === "rejects") return { reject: "Enough of waiting." };
			if (headers.get("x-hook") === "throws") throw new Error("a hook throws, as a test has it");
			if (headers.get("x-hook") === "hangs") await new Promise(() => {});
		}
		if (space === "broken") throw new Error("a hook throws, as a test has it");
		if (space === "slow") await new Promise(() => {});
	},
`;

beforeAll(async () => {
	// The longest that a hook may take for a connect is a tenth of a second here.
	const env = { AEROGRAM_DURATION_SCALE: "0.01" };
	server = await serveHere({ bundle: await buildEdited([editHooks(hooks)]), env });
	client = new Aerogram(server.url);
});
afterAll(async () => {
	client?.close();
	await server?.stop();
});

function urlOf(path: string): string {
	return `${server.url}/v1/spaces/${path}`;
}

async function dataOf(channel: string): Promise<unknown[]> {
	return (await readMessages(urlOf(`${channel}/messages`))).map(({ data }: Message) => data);
}

test("what onPublish says holds for each item of one flush alone, and nothing that it does not want is stored", async () => {
	const wire = await connectWire(server.url, "flush", "client");
	const heard: ServerEnvelope[] = [];
	wire.onEnvelopes = (envelopes) => heard.push(...envelopes.filter(({ type }) => type === "messages"));
	await wire.ask({ t: "sub", ref: 0, ch: "chat" });
	const data = ["a", "no", "throw", "b", "promise", "change", "odd", "cycle", "huge", "deep", { list: [1] }];
	let previous = -1;
	const answers = data.map((each, n) => {
		const asked = wire.ask({ t: "pub", ref: n + 1, ch: "chat", n, prev: previous, data: each });
		if (["a", "b", "change"].includes(String(each))) previous = n;
		return asked;
	});
	const told = (await Promise.all(answers)).map((answer) => (answer.type === "error" ? answer.code : answer.type));
	expect(told).toEqual([
		"published",
		"rejected",
		"application_failed",
		"published",
		"application_failed",
		"published",
		"application_failed",
		"application_failed",
		"application_failed",
		"application_failed",
		"published",
	]);
	const changed = { space: "flush", channel: "chat", principal: "anonymous", ephemeral: false, name: null };
	expect(await dataOf("flush/channels/chat")).toEqual(["a", "b", changed, { list: [1] }]);
	await until(() => heard.length > 0, "the messages");
	expect(server.log()).toMatch(/onPublish of aerogram\.config\.ts threw".*a hook throws, as a test has it/);
	expect(server.log()).toMatch(/onPublish of aerogram\.config\.ts returned a promise/);
	expect(server.log()).not.toMatch(/nhandled/);
	wire.close();
});

test("over HTTP a refusal has its sentence, a list is refused whole, and an ephemeral message is changed as well", async () => {
	const messages = urlOf("http/channels/chat/messages");
	const problem = await expectProblem(await postJson(messages, { data: "no" }), "rejected");
	expect(problem.detail).toBe("Not this one.");
	await expectProblem(await postJson(messages, [{ data: 1 }, { data: "no" }]), "rejected");
	const failed = await expectProblem(await postJson(messages, { data: "throw" }), "application_failed");
	expect(failed.detail).not.toMatch(/as a test has it/);
	expect(await headOf(urlOf("http/channels/chat"))).toMatch(/:0$/);
	const seen: Message[] = [];
	const live = client
		.space("http")
		.channel("chat")
		.subscribe((message) => seen.push(message));
	await live.ready;
	const both = [{ data: "change", ephemeral: true, name: "cursor" }, { data: "change" }];
	expect((await postJson(messages, both)).status).toBe(201);
	await until(() => seen.length === 2, "both messages");
	expect(seen.map(({ data }) => data)).toMatchObject([{ ephemeral: false }, { ephemeral: true, name: "cursor" }]);
	live.unsubscribe();
});

test("the SDK rejects for good what a hook refuses, and goes on with what follows", async () => {
	const channel = client.space("sdk").channel("chat");
	const outcomes = await Promise.allSettled(["a", "no", "b", "throw", "c"].map((data) => channel.publish(data)));
	expect(outcomes.map((each) => (each.status === "rejected" ? each.reason.code : each.value.seq))).toEqual([
		1,
		"rejected",
		2,
		"application_failed",
		3,
	]);
	expect(await dataOf("sdk/channels/chat")).toEqual(["a", "b", "c"]);
});

test("a repetition of what is stored is answered as such, whatever the hook says now", async () => {
	const headers = { "idempotency-key": "once" };
	const messages = urlOf("again/channels/chat/messages");
	expect((await postJson(messages, { data: "change" }, headers)).status).toBe(201);
	const again = await postJson(messages, { data: "change" }, headers);
	expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
	expect((await dataOf("again/channels/chat")).length).toBe(1);
});

test("onRecordWrite changes, rejects and fails single writes: put, patch, create and delete", async () => {
	const guarded = client.space("records").collection<Record<string, unknown>>("guarded");
	const put = await guarded.put("a", { version: 2 });
	expect(put.data).toEqual({ version: 2, by: "anonymous", at: "records/guarded/a" });
	expect((await guarded.patch("a", { note: "x" })).data).toMatchObject({ version: 2, note: "x" });
	await expect(guarded.patch("a", { version: 1 })).rejects.toMatchObject({ code: "rejected", status: 422 });
	await expect(guarded.put("a", { throw: true })).rejects.toMatchObject({ code: "application_failed", status: 500 });
	await expect(guarded.put("a", { version: 9, list: true })).rejects.toMatchObject({ code: "application_failed" });
	const created = await guarded.create({ version: 1 });
	expect(created.data.at).toBe(`records/guarded/${created.id}`);
	await guarded.put("locked", { locked: true });
	await expect(guarded.delete("locked")).rejects.toMatchObject({ code: "rejected" });
	await guarded.put("odd", { odd: true });
	await expect(guarded.delete("odd")).rejects.toMatchObject({ code: "application_failed" });
	expect(await guarded.delete("a")).toBe(true);
	const list = await guarded.list();
	expect(list.records.map(({ id }) => id)).toEqual([created.id, "locked", "odd"].sort());
	expect(list.rev).toBe(6);
	const url = urlOf("records/collections/guarded/locked");
	const init = { method: "PUT", headers: { "content-type": "application/json" }, body: '{"version":1}' };
	expect((await fetch(url, init)).status).toBe(200);
	expect(await getJson(url)).toMatchObject({ data: { version: 1, by: "anonymous" } });
});

test("raw TCP and the exchange tell what a hook says", async () => {
	await expectProblem(await postJson(`${server.url}/v1/exchange`, { name: "a", message: "spam" }), "rejected");
	using tcp = await connectTcp(server.tcp);
	await tcp.send(exchangeText("a", "spam"));
	expect(readLine(await tcp.read())).toMatchObject({ status: "error", code: "rejected", message: "No spam, please." });
	await tcp.send(exchangeText("a", "ham"));
	expect(readLine(await tcp.read())).toMatchObject({ status: "success" });
});

test("onConnect refuses sockets, streams and long-polls before they are opened, and no plain request", async () => {
	const { status, body } = await knock(urlOf("closed/socket?client=c"), upgradeHeaders);
	expect([status, JSON.parse(body)]).toMatchObject([
		403,
		{ code: "forbidden", detail: "Only members may connect by socket." },
	]);
	const events = { headers: { accept: "text/event-stream" } };
	await expectProblem(await fetch(urlOf("closed/socket?client=c"), events), "forbidden");
	await expectProblem(await fetch(urlOf("closed/channels/chat/messages"), events), "forbidden");
	await expectProblem(await fetch(urlOf("closed/events?channel=chat"), events), "forbidden");
	const poll = await postJson(urlOf("closed/socket?client=c&wait=0"), []);
	expect((await expectProblem(poll, "forbidden")).detail).toBe("Only members may connect by poll.");
	await expectProblem(await fetch(urlOf("closed/channels/chat/messages?wait=1")), "forbidden");
	await expectProblem(await fetch(urlOf("closed/events?channel=chat&wait=1")), "forbidden");
	expect((await fetch(urlOf("closed/channels/chat/messages"))).status).toBe(200);
	expect((await postJson(urlOf("closed/channels/chat/messages"), { data: 1 })).status).toBe(201);
	expect(await getJson(urlOf("closed"))).toMatchObject({ sockets: 0 });
});

test("whatever the document says waits or streams is asked of onConnect, and stores nothing where that refuses", async () => {
	const { paths, components } = inject("openapi");
	const asked: string[] = [];
	for (const [path, operations] of Object.entries(paths)) {
		for (const [method, { parameters, requestBody, responses }] of Object.entries(operations)) {
			const known = parameters.flatMap(({ $ref }) => components.parameters[$ref.split("/").at(-1) ?? ""] ?? []);
			const url = new URL(path.replace("{space}", "closed"), server.url);
			for (const { name, in: place, required, example } of known) {
				if (place === "path") url.pathname = decodeURI(url.pathname).replace(`{${name}}`, `${example}`);
				if (place === "query" && required) url.searchParams.set(name, `${example}`);
			}
			const body = JSON.stringify(requestBody?.content["application/json"]?.example);
			const init = { method: method.toUpperCase(), ...(requestBody && { body }) };
			const refusal = async (accept: string) => {
				const headers = { "content-type": "application/json", accept };
				return (await expectProblem(await fetch(url, { ...init, headers }), "forbidden")).detail;
			};
			const { 200: answer } = responses;
			if (answer && "content" in answer && answer.content?.["text/event-stream"]) {
				asked.push(`${method} ${path} streams`);
				expect(await refusal("text/event-stream")).toBe("Only members may connect by stream.");
			}
			if (known.some(({ name }) => name === "wait")) {
				asked.push(`${method} ${path} waits`);
				url.searchParams.set("wait", "1");
				expect(await refusal("application/json")).toBe("Only members may connect by poll.");
			}
		}
	}
	expect(asked.length).toBeGreaterThanOrEqual(12);
	expect(await getJson(urlOf("closed"))).toMatchObject({ sockets: 0 });
	const services = urlOf("closed/services/resize");
	expect((await fetch(`${services}/next`, { method: "POST" })).status).toBe(204);
	expect((await postJson(`${services}/calls`, { data: 1 }, { prefer: "respond-async" })).status).toBe(202);
	const head = { method: "HEAD", headers: { accept: "text/event-stream" } };
	expect((await fetch(urlOf("closed/collections/carts"), head)).status).toBe(200);
});

/** A call that outlives its test, and asking for no reply to it. */
const asked = { data: 1, timeout: 600_000 };
const soon = { prefer: "respond-async" };

test("a call that is stored is answered as it stands, whatever onConnect says of waiting for it now", async () => {
	const calls = urlOf("calls/services/resize/calls");
	const once = { "idempotency-key": "once" };
	const first = await postJson(calls, asked, { ...once, ...soon });
	const { id } = (await first.json()) as { id: string };
	expect(first.status).toBe(202);
	const moods = ["rejects", "throws", "hangs"].map((mood) => ({ "x-hook": mood }));
	const again = async () => {
		const answers = await Promise.all(moods.map((mood) => postJson(calls, asked, { ...once, ...mood })));
		return answers.map(({ status, headers }) => [status, headers.get("idempotency-replayed")]);
	};
	expect(await again()).toEqual(moods.map(() => [202, "true"]));
	const failures = () => server.log().split("onConnect of aerogram.config.ts").length;
	await until(() => failures() > 2, "the log of the hooks that failed");
	const rejects = { headers: { "x-hook": "rejects" } };
	await expectProblem(await fetch(`${calls}/${id}?wait=1`, rejects), "forbidden");
	expect((await fetch(`${calls}/${id}`, rejects)).status).toBe(202);
	const headers = { "content-type": "application/json" };
	expect((await fetch(`${calls}/${id}/reply`, { method: "PUT", headers, body: '{"data":2}' })).status).toBe(200);
	// A hook that fails when it is asked is in the log: for what has its result it is not asked.
	const before = failures();
	expect(await again()).toEqual(moods.map(() => [200, "true"]));
	for (const mood of moods) expect(await getJson(`${calls}/${id}?wait=1`, { headers: mood })).toEqual({ id, data: 2 });
	expect(failures()).toBe(before);
	// Another request by the same key is not that call.
	await expectProblem(
		await postJson(calls, { ...asked, data: 3 }, { ...once, "x-hook": "rejects" }),
		"idempotency_mismatch",
	);
});

test("a call that onConnect lets nobody wait for is not stored, with a key as without, and may be made later", async () => {
	const calls = urlOf("calls/services/shrink/calls");
	const once = { "idempotency-key": "shrink" };
	for (const key of [{}, once]) {
		await expectProblem(await postJson(calls, asked, { ...key, "x-hook": "rejects" }), "forbidden");
		await expectProblem(await postJson(calls, asked, { ...key, "x-hook": "throws" }), "application_failed");
	}
	await expectProblem(await fetch(`${calls}/none?wait=1`, { headers: { "x-hook": "rejects" } }), "forbidden");
	expect((await fetch(urlOf("calls/services/shrink/next"), { method: "POST" })).status).toBe(204);
	const made = await postJson(calls, asked, { ...once, ...soon });
	expect([made.status, made.headers.get("idempotency-replayed")]).toEqual([202, null]);
});

test("onConnect knows the client and the headers; one that throws or never answers lets nobody in", async () => {
	expect((await knock(urlOf("named/socket?client=friend"), upgradeHeaders)).status).toBe(101);
	expect((await knock(urlOf("named/socket?client=foe"), upgradeHeaders)).status).toBe(403);
	expect((await knock(urlOf("headers/socket"), { ...upgradeHeaders, "x-secret": "open" })).status).toBe(101);
	expect((await knock(urlOf("headers/socket"), upgradeHeaders)).status).toBe(403);
	for (const space of ["broken", "slow"]) {
		const { status, body } = await knock(urlOf(`${space}/socket`), upgradeHeaders);
		expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([500, "application_failed"]);
	}
});
