import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json, Message } from "../../protocol/envelopes.ts";
import { Aerogram, type AerogramOptions } from "../../sdk/index.ts";
import { messagePack } from "../../sdk/msgpack.ts";
import { buildEdited, editContract } from "../helpers/edited-build.ts";
import { formats, readAs, send } from "../helpers/formats.ts";
import { expectProblem, getJson, headOf, postJson, readMessages } from "../helpers/http.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { connectTcp, exchangeText, readLine } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";
import { connectWire } from "../helpers/wire.ts";

let server: TestServer;

const contract = `
	channels: {
		"chat:*": z.object({ text: z.string(), mood: z.enum(["calm", "loud"]).default("calm") }),
		"chat:**": v.strictObject({ lines: v.array(v.object({ n: v.number() })) }),
		exchange: z.object({ name: z.string(), message: z.string().max(5) }),
		late: { "~standard": { version: 1, vendor: "test", validate: (value) => value === "late" ? Promise.resolve({ value }) : { value } } },
		thrown: { "~standard": { version: 1, vendor: "test", validate: (value) => { if (value === "x") throw new Error("a schema throws, as a test has it"); return { value }; } } },
		date: z.unknown().transform((value) => value === "now" ? new Date() : value),
		grows: z.unknown().transform((value) => value === "grow" ? "x".repeat(70_000) : value),
	},
	collections: {
		carts: v.object({ item: v.string(), count: v.optional(v.pipe(v.number(), v.minValue(1)), 1) }),
		"list:*": z.unknown().transform((value) => value.list ? [] : value),
	},
	services: { resize: { input: z.object({ width: z.number() }), output: z.object({ url: z.string() }) } },
`;

beforeAll(async () => {
	server = await startServer({ bundle: await buildEdited([...editContract(contract)]) });
});
afterAll(() => server?.stop());

function urlOf(path: string): string {
	return `${server.url}/v1/spaces/${path}`;
}

const transports: [name: string, options: AerogramOptions][] = [
	["a WebSocket", { transport: "websocket" }],
	["a WebSocket in MessagePack", { transport: "websocket", codec: messagePack }],
	["an event stream", { transport: "sse" }],
	["long-poll", { transport: "long-poll" }],
];

describe("a message that violates its contract is refused with the path, and the head stays", () => {
	test.each(transports)("over %s", async (name, options) => {
		const client = new Aerogram(server.url, options);
		const space = `by-${name.replaceAll(" ", "-")}`;
		const channel = client.space(space).channel<Json>("chat:1");
		const good = await channel.publish({ text: "hello", other: 1 });
		const wrong: [data: Json, path: string][] = [
			[{ text: 1 }, "/text"],
			[{ text: "a", mood: "angry" }, "/mood"],
			[{}, "/text"],
			["hello", ""],
		];
		for (const [data, path] of wrong) {
			const refusal = { code: "contract_violated", path, retryable: false };
			await expect(channel.publish(data)).rejects.toMatchObject(refusal);
			await expect(channel.publish(data, { ephemeral: true })).rejects.toMatchObject(refusal);
		}
		const deep = client.space(space).channel<Json>("chat:1:log");
		await expect(deep.publish({ lines: [{ n: 1 }, { n: "2" }] })).rejects.toMatchObject({ path: "/lines/1/n" });
		expect(await headOf(urlOf(`${space}/channels/chat:1`))).toBe(`${good.epoch}:1`);
		expect(await channel.publish({ text: "again", mood: "loud" })).toMatchObject({ seq: 2, duplicate: false });
		const stored = await readMessages(urlOf(`${space}/channels/chat:1/messages`));
		expect(stored.map(({ data }: Message) => data)).toEqual([
			{ text: "hello", mood: "calm" },
			{ text: "again", mood: "loud" },
		]);
		client.close();
	});

	test.each(formats)("over HTTP in %s, alone and in a list", async (format) => {
		const url = urlOf(`http-${format}/channels/chat:1/messages`);
		const ask = (value: Json) => send(url, "POST", value, format, format);
		const alone = await ask({ data: { text: 1 } });
		expect(alone.status).toBe(422);
		const one = await readProblem(alone, format);
		expect(one).toMatchObject({ code: "contract_violated", status: 422, path: "/text" });
		expect(one.detail).toMatch(/^The contract does not take this at \/text: .+\.$/);
		const many = await ask([
			{ data: { text: "a" } },
			{ data: { text: "b" }, ephemeral: true },
			{ data: { text: null } },
		]);
		expect([many.status, await readProblem(many, format)]).toMatchObject([422, { path: "/text", index: 2 }]);
		expect(await headOf(urlOf(`http-${format}/channels/chat:1`))).toMatch(/:0$/);
		expect((await ask([{ data: { text: "a" } }, { data: { text: "b" } }])).status).toBe(201);
	});

	test("over raw TCP and the exchange", async () => {
		using tcp = await connectTcp(server.tcp);
		await tcp.send(exchangeText("a", "too long"));
		expect(readLine(await tcp.read())).toMatchObject({ status: "error", code: "contract_violated", path: "/message" });
		const list = [
			{ name: "a", message: "short" },
			{ name: "b", message: "too long" },
		];
		await tcp.send(JSON.stringify(list));
		expect(readLine(await tcp.read())).toMatchObject({ status: "error", path: "/message" });
		const response = await postJson(`${server.url}/v1/exchange`, list);
		expect(await expectProblem(response, "contract_violated")).toMatchObject({ path: "/message", index: 1 });
		expect(await headOf(urlOf("default/channels/exchange"))).toMatch(/:0$/);
		await tcp.send(exchangeText("a", "short"));
		expect(readLine(await tcp.read())).toMatchObject({ status: "success" });
	});
});

test("in a frame of many, only what violates the contract is refused, each with its path", async () => {
	const wire = await connectWire(server.url, "frame", "client");
	const texts: Json[] = ["a", 1, "b", null, "c"];
	let previous = -1;
	const asked = texts.map((text, n) => {
		const envelope = { t: "pub", ref: n + 1, ch: "chat:1", n, prev: previous, data: { text } };
		if (typeof text === "string") previous = n;
		return wire.ask(envelope);
	});
	expect((await Promise.all(asked)).map((each) => (each.type === "error" ? each.path : each.type))).toEqual([
		"published",
		"/text",
		"published",
		"/text",
		"published",
	]);
	wire.close();
});

test("a schema that fails when it is used stores nothing, is told as the server's failure, and why only in the log", async () => {
	const cases: [channel: string, data: string, logged: RegExp][] = [
		["late", "late", /contract of channel late .*it is asynchronous/],
		["thrown", "x", /contract of channel thrown .*a schema throws, as a test has it/],
		["date", "now", /contract of channel date .*not JSON/],
	];
	for (const [channel, data, logged] of cases) {
		const problem = await expectProblem(
			await postJson(urlOf(`fails/channels/${channel}/messages`), { data }),
			"application_failed",
		);
		expect(problem.detail).not.toMatch(/as a test has it/);
		expect(await headOf(urlOf(`fails/channels/${channel}`))).toMatch(/:0$/);
		await until(() => logged.test(server.log()), `${logged} in the log`);
		expect((await postJson(urlOf(`fails/channels/${channel}/messages`), { data: "fine" })).status).toBe(201);
	}
	await expectProblem(await postJson(urlOf("fails/channels/grows/messages"), { data: "grow" }), "too_big");
});

test("a record is checked whole: put, create, and what a patch makes of it; what the schema gives out is stored", async () => {
	const client = new Aerogram(server.url);
	const carts = client.space("records").collection<{ [key: string]: Json }>("carts");
	const put = await carts.put("c1", { item: "plane", other: 1 });
	expect(put.data).toEqual({ item: "plane", count: 1 });
	const violates = (path: string) => ({ code: "contract_violated", status: 422, path });
	await expect(carts.put("c1", { item: 1 })).rejects.toMatchObject(violates("/item"));
	await expect(carts.put("c2", {})).rejects.toMatchObject(violates("/item"));
	await expect(carts.create({ item: "a", count: 0 })).rejects.toMatchObject(violates("/count"));
	await expect(carts.patch("c1", { count: "2" })).rejects.toMatchObject(violates("/count"));
	await expect(carts.patch("c1", { item: null })).rejects.toMatchObject(violates("/item"));
	// What would be refused without a condition is refused so with one (RFC 9110, section 13.2.1).
	await expect(carts.put("c1", { item: 1 }, { ifMatch: '"other"' })).rejects.toMatchObject(violates("/item"));
	expect((await carts.patch("c1", { count: 2 })).data).toEqual({ item: "plane", count: 2 });
	expect((await carts.list()).rev).toBe(2);
	const list = client.space("records").collection<{ [key: string]: Json }>("list:1");
	await expect(list.put("a", { list: true })).rejects.toMatchObject({ code: "application_failed" });
	expect(await carts.delete("c1")).toBe(true);
	const url = urlOf("records/collections/carts/c9");
	for (const format of formats) {
		const refused = await send(url, "PUT", { item: 1 }, format, format);
		expect([refused.status, await readProblem(refused, format)]).toMatchObject([422, { path: "/item" }]);
	}
	expect((await fetch(url)).status).toBe(404);
	client.close();
});

test("a repetition of what is stored is answered as such, also where it would violate the contract of today", async () => {
	const url = urlOf("again/channels/chat:1/messages");
	const headers = { "idempotency-key": "once" };
	expect((await postJson(url, { data: { text: "a" } }, headers)).status).toBe(201);
	const again = await postJson(url, { data: { text: "a" } }, headers);
	expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
});

test("the contract stands in /openapi.json, as JSON Schema where its library says it", async () => {
	const document = await getJson<{ "x-contract": { [section: string]: { [name: string]: Json } } }>(
		`${server.url}/openapi.json`,
	);
	expect(document["x-contract"]).toMatchObject({
		channels: {
			"chat:*": { type: "object", properties: { text: { type: "string" }, mood: { enum: ["calm", "loud"] } } },
			"chat:**": { description: expect.stringContaining("valibot") },
		},
		collections: { carts: { description: expect.stringContaining("valibot") } },
		services: { resize: { input: { properties: { width: { type: "number" } } } } },
	});
});

test("a server does not start on a contract with an asynchronous schema, and says which it is", async () => {
	const later = 'channels: { "chat:*": z.object({ text: z.string().refine(async () => true) }) }';
	const bundle = await buildEdited([...editContract(later)]);
	// The last line, whatever the runtime itself has to say before it.
	await expect(startServer({ bundle })).rejects.toThrow(
		/\n(?:.* )?aerogram\.config\.ts: contract, channels, "chat:\*": this schema is asynchronous[^\n]*\n$/,
	);
});

/** Reads problem details in a format. */
async function readProblem(response: Response, format: (typeof formats)[number]): Promise<{ [field: string]: Json }> {
	const type = { JSON: "application/json", XML: "application/xml", MessagePack: "application/msgpack" }[format];
	const plain = new Response(await response.arrayBuffer(), { headers: { "content-type": type } });
	return (await readAs(plain, format)) as { [field: string]: Json };
}

test("a transaction of which one part violates its contract stores nothing, and says which part and where", async () => {
	const client = new Aerogram(server.url);
	const space = client.space("parts");
	const publish = space.transaction((tx) => {
		tx.put("carts", "c1", { item: "plane" });
		tx.publish("chat:1", { text: "good" });
		tx.publish("chat:1", { text: 1 });
	});
	await expect(publish).rejects.toMatchObject({ code: "contract_violated", item: 2, path: "/text" });
	const put = space.transaction((tx) => {
		tx.publish("chat:1", { text: "good" });
		tx.put("carts", "c1", { item: "plane", count: 0 });
	});
	await expect(put).rejects.toMatchObject({ code: "contract_violated", item: 1, path: "/count" });
	expect(await headOf(urlOf("parts/channels/chat:1"))).toMatch(/:0$/);
	expect(await space.collection("carts").get("c1")).toBeUndefined();
	client.close();
});

describe("a service with a contract", () => {
	test.each(transports.slice(0, 3))("is asked and answers only what fits it, over %s", async (name, options) => {
		const client = new Aerogram(server.url, options);
		const space = client.space(`services-${name.replaceAll(" ", "-")}`);
		space.on("error", () => {});
		const seen: Json[] = [];
		const serving = space.serve<{ width: number }>("resize", (input) => {
			seen.push(input);
			return input.width > 100 ? { url: 7 } : { url: `small-${input.width}`, more: 1 };
		});
		await serving.ready;
		const wrong = space.call("resize", { width: "wide" });
		await expect(wrong).rejects.toMatchObject({ code: "contract_violated", path: "/width" });
		expect(await space.call("resize", { width: 10, dropped: true })).toEqual({ url: "small-10" });
		await expect(space.call("resize", { width: 101 })).rejects.toMatchObject({ code: "handler_failed" });
		expect(seen).toEqual([{ width: 10 }, { width: 101 }]);
		client.close();
	});

	test("is refused what does not fit over HTTP, too", async () => {
		const response = await postJson(urlOf("services/services/resize/calls"), { data: { width: "wide" } });
		expect(await expectProblem(response, "contract_violated")).toMatchObject({ path: "/width" });
	});
});
