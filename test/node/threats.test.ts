/** One test for each row of the threat table that what comes in could break: `test/threats/threats.ts` names them. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Limits } from "../../protocol/limits.ts";
import { buildEdited } from "../helpers/edited-build.ts";
import { expectProblem, getJson, headOf, postJson } from "../helpers/http.ts";
import { knock, upgradeHeaders } from "../helpers/knock.ts";
import { Random } from "../helpers/random.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectWire } from "../helpers/wire.ts";

const seed = Number(process.env.AEROGRAM_TEST_SEED ?? 20_261_126);

let server: LocalServer;
let limits: Limits;

beforeAll(async () => {
	server = await serveHere({ bundle: await buildEdited([]) });
	const wire = await connectWire(server.url, "told", "client");
	limits = wire.welcome.limits;
	wire.close();
});
afterAll(() => server.stop());

const types = { json: "application/json", xml: "application/xml", msgpack: "application/msgpack" } as const;
type Body = string | Uint8Array<ArrayBuffer>;

/** Publishes a body as it is. */
function publish(type: keyof typeof types, body: Body, headers: Record<string, string> = {}): Promise<Response> {
	const url = `${server.url}/v1/spaces/threats/channels/log/messages`;
	return fetch(url, { method: "POST", headers: { "content-type": types[type], ...headers }, body });
}

/** Publishes bodies that must all be refused so, soon, and none of which is stored. */
async function expectRefused(type: keyof typeof types, bodies: readonly Body[], code: ErrorCode): Promise<void> {
	const log = `${server.url}/v1/spaces/threats/channels/log`;
	const before = await headOf(log);
	for (const body of bodies) {
		const response = await publish(type, body);
		expect([response.status, String(body).slice(0, 60)]).not.toEqual([500, expect.anything()]);
		await expectProblem(response, code);
	}
	expect(await headOf(log)).toBe(before);
	expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
}

test("T6: a write that is caught and sent again, with its Idempotency-Key, is answered again and done once", async () => {
	const space = `${server.url}/v1/spaces/again`;
	const record = `${space}/collections/kept/a`;
	const log = `${space}/channels/log`;
	const publish = (data: unknown) => ({ op: "publish", channel: "log", data });
	const writes: readonly (readonly [method: string, url: string, body: unknown])[] = [
		["POST", `${log}/messages`, { data: 1 }],
		["POST", `${log}/messages`, [{ data: 2 }, { data: 3 }]],
		["PUT", record, { a: 1 }],
		["PATCH", record, { b: 2 }],
		["POST", `${space}/transactions`, { items: [publish(4), publish(5)] }],
		["DELETE", record, undefined],
		["POST", `${server.url}/v1/exchange`, { name: "ada", message: "hello" }],
	];
	const state = async () => [await headOf(log), await headOf(`${server.url}/v1/spaces/default/channels/exchange`)];
	for (const [index, [method, url, body]] of writes.entries()) {
		const type = method === "PATCH" ? "application/merge-patch+json" : types.json;
		const headers = { "content-type": type, "idempotency-key": `again-${index}` };
		const send = async () => {
			const response = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
			const replayed = response.headers.get("idempotency-replayed");
			return { replayed, status: response.status, etag: response.headers.get("etag"), text: await response.text() };
		};
		const first = await send();
		expect([method, first]).toEqual([method, { ...first, replayed: null, status: expect.toSatisfy((it) => it < 300) }]);
		const after = await state();
		expect([method, await send()]).toEqual([method, { ...first, replayed: "true" }]);
		expect(await state()).toEqual(after);
	}
	expect(await headOf(log)).toMatch(/:5$/);
});

test("T7: 5,000 random names on a socket, and those that hide something in a path, are names or are refused", async () => {
	const random = new Random(seed);
	// Said another way than the server says it.
	const isGood = (name: string) =>
		name.length <= limits.nameLength &&
		name !== "." &&
		name !== ".." &&
		name.split(":").every((part) => part !== "" && [...part].every((one) => /[0-9A-Za-z._~-]/.test(one)));
	const pieces = [..."aZ09._~-::", "/", "%", "%2f", " ", "\0", "\r\n", "*", "а", "é", "..", "a".repeat(80)];
	const names = Array.from({ length: 5_000 }, () => random.list(7, () => random.pick(pieces)).join(""));
	const wire = await connectWire(server.url, "names", "client");
	let good = 0;
	for (let from = 0; from < names.length; from += 100) {
		const answers = names.slice(from, from + 100).map((ch, index) => wire.ask({ t: "unsub", ref: from + index, ch }));
		for (const [index, answer] of (await Promise.all(answers)).entries()) {
			const name = names[from + index] ?? "";
			if (isGood(name)) good += 1;
			expect([name, answer.type === "error" ? answer.code : "ok"]).toEqual([name, isGood(name) ? "ok" : "bad_name"]);
		}
	}
	console.log(`seed ${seed}: ${good} of ${names.length} are names`);
	expect(good).toBeGreaterThan(500);
	expect(good).toBeLessThan(4_500);
	for (const hidden of ["a%2Fb", "a%252Fb", "a%00", "a%0D%0Ab", "a%20b", "%D0%B0", "a%3A", "%C0%AF"]) {
		const { status } = await knock(`${server.url}/v1/spaces/names/channels/${hidden}`, {});
		expect([hidden, status]).toEqual([hidden, 400]);
	}
	wire.close();
});

test("T7: a colon in the name of a space or a channel never leads into another", async () => {
	await postJson(`${server.url}/v1/spaces/a/channels/b:c/messages`, { data: 1 });
	await postJson(`${server.url}/v1/spaces/a:b/channels/c/messages`, { data: 2 });
	const read = async (path: string) =>
		(await getJson<{ messages: { data: number }[] }>(`${server.url}/v1/spaces/${path}/messages`)).messages.map(
			({ data }) => data,
		);
	expect([await read("a/channels/b:c"), await read("a:b/channels/c")]).toEqual([[1], [2]]);
});

test("T8: a patch with the names of the prototype gives a record those members, and nobody else anything", async () => {
	const record = `${server.url}/v1/spaces/threats/collections/patched/a`;
	const send = (method: string, body: string, type: string) =>
		fetch(record, { method, headers: { "content-type": type }, body });
	await send("PUT", '{"a":{"b":1}}', types.json);
	const polluted =
		'{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"a":{"__proto__":{"polluted":3}}}';
	expect((await send("PATCH", polluted, "application/merge-patch+json")).status).toBe(200);
	const text = await (await fetch(record)).text();
	expect(text).toContain('"a":{"b":1,"__proto__":{"polluted":3}}');
	expect(text).toContain('"__proto__":{"polluted":1}');
	await fetch(record.replace(/a$/, "b"), { method: "PUT", headers: { "content-type": types.json }, body: "{}" });
	expect(await getJson(record.replace(/a$/, "b"))).toMatchObject({ data: {} });
	expect(await (await fetch(record.replace(/a$/, "b"))).text()).not.toContain("polluted");
});

test("T9: XML with a DTD is refused: entities of files and pages, and those that grow", async () => {
	const body = "<a><data>x</data></a>";
	const entity = (level: number) => `<!ENTITY l${level} "${`&l${level - 1};`.repeat(10)}">`;
	const laughs = Array.from({ length: 9 }, (_, level) => entity(level + 1)).join("");
	const documents = [
		`<!DOCTYPE a>${body}`,
		`<!DOCTYPE a SYSTEM "file:///etc/passwd">${body}`,
		`<!DOCTYPE a PUBLIC "x" "http://127.0.0.1/x.dtd">${body}`,
		`<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a><data>&b;</data></a>`,
		`<!DOCTYPE a [<!ENTITY l0 "lol">${laughs}]><a><data>&l9;</data></a>`,
		`<!DOCTYPE a [<!ENTITY b "${"x".repeat(20_000)}">]><a><data>${"&b;".repeat(10_000)}</data></a>`,
		`<a><data><!ENTITY b "c"></data></a>`,
		`<!ELEMENT a ANY>${body}`,
	];
	await expectRefused("xml", documents, "malformed");
	const deep = "<a>".repeat(16_000);
	const started = performance.now();
	await expectRefused("xml", [`<a><data>${deep}`], "too_deep");
	console.log(`64 KiB of nesting refused in ${(performance.now() - started).toFixed(1)} ms`);
});

test("T10: JSON that is too deep, or whose numbers nobody can carry, is refused before it is parsed; a member twice is the last", async () => {
	const data = (inner: string) => `{"data":${inner}}`;
	const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
	await expectRefused(
		"json",
		[data(nested(limits.depth + 1)), data("[".repeat(100_000)), '{"data":'.repeat(30_000)],
		"too_deep",
	);
	await expectRefused("json", [data("9007199254740993"), data("1e400")], "not_json");
	expect((await publish("json", data(nested(limits.depth)))).status).toBe(201);
	const wire = await connectWire(server.url, "threats", "client");
	const depths = [limits.depth, limits.depth + 1].map((depth) => JSON.parse(nested(depth)));
	expect(await wire.ask({ t: "pub", ref: 1, ch: "deep", data: depths[0] })).toMatchObject({ type: "published" });
	expect(await wire.ask({ t: "pub", ref: 2, ch: "deep", data: depths[1] })).toMatchObject({ code: "too_deep" });
	wire.close();
	const location = (await publish("json", '{"data":1,"data":2}')).headers.get("location");
	expect(await getJson(server.url + location)).toMatchObject({ data: 2 });
});

test("T11: MessagePack that says it is longer than it is, or is too deep, is refused and costs nothing", async () => {
	const most = [0xff, 0xff, 0xff, 0xff];
	const lengths = [0xdd, 0xdf, 0xdb].map((type) => Uint8Array.of(type, ...most));
	const inside = [0xdd, 0xdf, 0xdb].map((type) => Uint8Array.of(0x81, 0xa4, ...Buffer.from("data"), type, ...most));
	await expectRefused("msgpack", [...lengths, ...inside, new Uint8Array()], "malformed");
	await expectRefused("msgpack", [new Uint8Array(100_000).fill(0x91)], "too_deep");
	await expectRefused("msgpack", [Uint8Array.of(0x81, 0xa4, ...Buffer.from("data"), 0xd4, 1, 0)], "not_json");
});

test("T12: ten kilobytes that would be ten megabytes are not unpacked, and no socket is compressed", async () => {
	const bomb = Uint8Array.from(gzipSync(Buffer.alloc(10 * 1_024 * 1_024, 32), { level: 9 }));
	expect(bomb.length).toBeLessThan(11_000);
	for (const coding of ["gzip", "deflate", "br"]) {
		await expectProblem(await publish("json", bomb, { "content-encoding": coding }), "unsupported_media_type");
	}
	const offer = { ...upgradeHeaders, "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" };
	const upgrade = request(`${server.url}/v1/spaces/threats/socket`, { headers: offer });
	upgrade.end();
	const [response, socket] = (await once(upgrade, "upgrade")) as [IncomingMessage, Socket];
	socket.destroy();
	expect([response.statusCode, response.headers["sec-websocket-extensions"]]).toEqual([101, undefined]);
});

test("T13: a frame of as many bytes and envelopes as there may be is read; one byte more ends the socket, one envelope more is refused", async () => {
	const wire = await connectWire(server.url, "frames", "client");
	// What the helper writes as JSON: quotes, and the text itself.
	expect(await wire.ask({ t: "unsub", ref: 1, ch: "a", pad: pad(limits.frameBytes) })).toMatchObject({ type: "done" });
	const envelopes = (count: number) => Array.from({ length: count }, (_, ref) => ({ t: "unsub", ref, ch: "a" }));
	let [done, refused] = [0, 0];
	wire.onEnvelopes = (all) => {
		done += all.filter(({ type }) => type === "done").length;
		refused += all.filter((each) => each.type === "error" && each.code === "too_big").length;
	};
	wire.send(envelopes(limits.frameEnvelopes));
	wire.send(envelopes(limits.frameEnvelopes + 1));
	await wire.ask({ t: "unsub", ref: 1_000, ch: "a" });
	expect([done, refused]).toEqual([limits.frameEnvelopes + 1, 1]);
	wire.send({ t: "unsub", ref: 1, ch: "a", pad: pad(limits.frameBytes + 1) });
	wire.send({ t: "pub", ref: 3, ch: "a", data: 1 });
	expect(await Promise.race([wire.closed, wire.ask({ t: "unsub", ref: 2_000, ch: "a" })])).toBe(4109);
});

/** Makes the frame that holds it this long. */
function pad(bytes: number): string {
	return "x".repeat(bytes - JSON.stringify({ t: "unsub", ref: 1, ch: "a", pad: "" }).length);
}

test("T31: bytes that are not UTF-8 are refused in a body, and no letter looks like another in a name", async () => {
	const bad = ["\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"].map((bytes) =>
		Buffer.from(`{"data":"${bytes}"}`, "latin1"),
	);
	await expectRefused(
		"json",
		bad.map((body) => Uint8Array.from(body)),
		"bad_encoding",
	);
	await expectRefused("xml", [Uint8Array.from(Buffer.from("<a><data>\xff</data></a>", "latin1"))], "bad_encoding");
	const wire = await connectWire(server.url, "threats", "client");
	for (const [ref, ch] of ["pаypal", "a\ufffd", "\u202eabc", "café", "ａ"].entries()) {
		expect(await wire.ask({ t: "pub", ref, ch, data: 1 })).toMatchObject({ code: "bad_name" });
	}
	wire.close();
});
