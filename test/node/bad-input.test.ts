import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorCode } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { frame, opcodes, upgradeByHand } from "../helpers/frames.ts";
import { checkProblem, expectProblem, getJson, headOf, postJson, publishAll } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { Frames } from "../helpers/socket-frames.ts";
import { connectTcp } from "../helpers/tcp-client.ts";
import { until } from "../helpers/until.ts";

let server: LocalServer;
let channel: string;

beforeAll(async () => {
	server = await serveHere();
	channel = `${server.url}/v1/spaces/bad/channels/input`;
	await publishAll(`${channel}/messages`, ["here before"]);
});
afterAll(() => server.stop());

/** Runs something that must leave the log as it is. */
async function storingNothing(work: () => Promise<void>): Promise<void> {
	const before = await headOf(channel);
	await work();
	expect(await headOf(channel)).toBe(before);
}

function nested(depth: number): string {
	return `${"[".repeat(depth)}${"]".repeat(depth)}`;
}

function withData(data: string): string {
	return `{"data":${data}}`;
}

describe("a bad body over HTTP gets a typed error and stores nothing", () => {
	const json = "application/json";
	const keyed = { "idempotency-key": "ephemeral" };
	test.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>, ErrorCode]>([
		["no body", "", {}, "malformed"],
		["white space", " \n\t", {}, "malformed"],
		["half an object", '{"data": "a', {}, "malformed"],
		["a comma too many", '{"data": 1,}', {}, "malformed"],
		["single quotes", "{'data': 1}", {}, "malformed"],
		["two values", '{"data":1}{"data":2}', {}, "malformed"],
		["NaN", '{"data":NaN}', {}, "malformed"],
		["a number with a leading zero", '{"data":01}', {}, "malformed"],
		["a raw line end in a string", '{"data":"a\nb"}', {}, "malformed"],
		["brackets without end", '{"data":[1}', {}, "malformed"],
		["nesting beyond the limit", withData(nested(limits.depth + 2)), {}, "too_deep"],
		["a hundred thousand brackets", "[".repeat(100_000), {}, "too_deep"],
		["a hundred thousand keys deep", '{"a":'.repeat(100_000), {}, "too_deep"],
		["a number beyond 2^53", withData("9007199254740993"), {}, "not_json"],
		["a negative number beyond 2^53", withData("[-9007199254740993]"), {}, "not_json"],
		["an exponent beyond 2^53", withData("1e20"), {}, "not_json"],
		["a number that no double holds", withData("1e400"), {}, "not_json"],
		["data over the limit", withData(`"${"x".repeat(limits.messageBytes - 1)}"`), {}, "too_big"],
		["data over the limit in bytes, not characters", withData(`"${"你".repeat(22_000)}"`), {}, "too_big"],
		["a body over the limit", withData(`"${"x".repeat(limits.bodyBytes)}"`), {}, "too_big"],
		["a body far over the limit, sent before anybody looks", "x".repeat(8 * limits.bodyBytes), {}, "too_big"],
		["bytes that are not UTF-8", Buffer.from('{"data":"\xff"}', "latin1"), {}, "bad_encoding"],
		["GBK", Buffer.from([...Buffer.from('{"data":"'), 0xc4, 0xe3, 0xba, 0xc3, 0x22, 0x7d]), {}, "bad_encoding"],
		["half a character at the end", Buffer.from('{"data":"你'.slice(0, 10)).subarray(0, -1), {}, "bad_encoding"],
		["a surrogate as UTF-8", Buffer.from('{"data":"\xed\xa0\x80"}', "latin1"), {}, "bad_encoding"],
		["gzip", Buffer.from(gzipSync(withData("1"))), { "content-encoding": "gzip" }, "unsupported_media_type"],
		["an unknown coding", withData("1"), { "content-encoding": "rot13" }, "unsupported_media_type"],
		["text", withData("1"), { "content-type": "text/plain" }, "unsupported_media_type"],
		["a form", "data=1", { "content-type": "application/x-www-form-urlencoded" }, "unsupported_media_type"],
		["a multipart form", "--a", { "content-type": "multipart/form-data; boundary=a" }, "unsupported_media_type"],
		["XML that is called JSON", "<a/>", {}, "malformed"],
		["a type that is none", withData("1"), { "content-type": "json" }, "unsupported_media_type"],
		["null", "null", {}, "bad_request"],
		["a string", '"hello"', {}, "bad_request"],
		["a number", "42", {}, "bad_request"],
		["a list of numbers", "[1]", {}, "bad_request"],
		["no data", "{}", {}, "bad_request"],
		["data by prototype only", '{"__proto__":{"data":1}}', {}, "bad_request"],
		["a name that is a number", '{"data":1,"name":1}', {}, "bad_name"],
		["a name with a space", '{"data":1,"name":"a b"}', {}, "bad_name"],
		["a name that would break out of its string", '{"data":1,"name":"a\\",\\"from\\":\\"root"}', {}, "bad_name"],
		["a key with a slash", '{"data":1,"key":"a/b"}', {}, "bad_name"],
		["an id that is too long", `{"data":1,"id":"${"x".repeat(165)}"}`, {}, "bad_name"],
		["an id in quotes", '{"data":1,"id":"\\""}', {}, "bad_name"],
		["ephemeral that is neither true nor false", '{"data":1,"ephemeral":"yes"}', {}, "bad_request"],
		["an ephemeral message with a key that nothing could keep", '{"data":1,"ephemeral":true}', keyed, "bad_request"],
	])("%s", async (_, body, headers, code) => {
		await storingNothing(async () => {
			const init = { method: "POST", headers: { "content-type": json, ...headers }, body };
			await expectProblem(await fetch(`${channel}/messages`, init), code);
		});
	});

	test("a body without a length that turns out to be too big", async () => {
		await storingNothing(async () => {
			const piece = new TextEncoder().encode("x".repeat(65_536));
			let left = 64;
			const body = new ReadableStream<Uint8Array>({
				pull: (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close()),
			});
			const init = { method: "POST", headers: { "content-type": json }, body, duplex: "half" };
			await expectProblem(await fetch(`${channel}/messages`, init), "too_big");
		});
	});

	test("while what stands just inside each limit is stored", async () => {
		for (const data of [`"${"x".repeat(limits.messageBytes - 2)}"`, nested(limits.depth), "9007199254740991"]) {
			const init = { method: "POST", headers: { "content-type": "application/json; charset=utf-8" } };
			const response = await fetch(`${channel}/messages`, { ...init, body: `\ufeff${withData(data)}` });
			expect(response.status).toBe(201);
			const { seq } = (await response.json()) as { seq: number };
			expect(await getJson(`${channel}/messages/${seq}`)).toMatchObject({ data: JSON.parse(data) });
		}
	});
});

describe("a bad name in a path is refused", () => {
	test.each([
		"%20",
		"a%20b",
		"a%2Fb",
		"%25",
		"a%3A%3Ab",
		":a",
		"a:",
		"%E5%B0%8F",
		"a%00b",
		"%zz",
		"%E5",
		"a+b",
		"a*",
		"a'b",
		'a"b',
		"a,b",
		"..%2F..",
		"%2e%2e",
		"..",
		".",
		"a".repeat(165),
		"a".repeat(8_000),
	])("%s", async (name) => {
		const { hostname: host, port } = new URL(server.url);
		for (const path of [`/v1/spaces/${name}`, `/v1/spaces/bad/channels/${name}/messages`]) {
			// By hand, because a URL of Node would resolve the dots.
			using client = await connectTcp({ host, port: Number(port) });
			await client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
			const [head = "", body = ""] = (await client.rest()).split("\r\n\r\n");
			// The runtime itself resolves dots, encoded or not: what is left names no resource, or leads to the one above.
			if (/^(?:\.|%2e)+$/i.test(name)) expect(head).toMatch(/^HTTP\/1\.1 (?:301|404|400|200) /);
			else {
				expect([path, head.split(" ")[1]]).toEqual([path, "400"]);
				checkProblem(body, "bad_name");
			}
		}
	});
});

describe("keys that mean something to JavaScript", () => {
	const data =
		'{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}},"toString":null,"hasOwnProperty":1}';

	test("are carried unchanged over HTTP and sockets, and pollute nothing", async () => {
		const own = `${server.url}/v1/spaces/bad/channels/keys`;
		const headers = { "content-type": "application/json" };
		const body = `[${withData(data)},${withData(`[${data}]`)}]`;
		expect((await fetch(`${own}/messages`, { method: "POST", headers, body })).status).toBe(201);
		await postJson(`${own}/messages`, { data: {} });
		using socket = await Frames.open(server, "bad");
		expect(await socket.ask(`{"t":"pub","ref":1,"ch":"keys","data":${data},"__proto__":{"key":"polluted"}}`)).toEqual({
			t: "ok",
			ref: 1,
			seq: 4,
		});
		const page = await (await fetch(`${own}/messages`)).text();
		expect(page.split(`"data":${data}`)).toHaveLength(3);
		expect(page).toContain(`"data":[${data}]`);
		expect(page).toContain('"data":{}');
		expect(page.split("polluted")).toHaveLength(1 + 3 * 2);
		await socket.ask('{"t":"sub","ref":2,"ch":"keys","at":"start"}');
		const { e: entries } = await socket.next<{ readonly e: readonly { readonly data: unknown }[] }>();
		expect(JSON.stringify(entries[3]?.data)).toBe(data);
		expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
	});
});

describe("a bad frame is answered with a typed error, stores nothing, and its socket goes on", () => {
	const pub = (fields: string) => `{"t":"pub","ref":7,"ch":"input",${fields}}`;
	test.each<[string, string, ErrorCode, number?]>([
		["nothing", "", "malformed"],
		["text", "hello", "malformed"],
		["half an envelope", '{"t":"pub","ref":7', "malformed"],
		["null", "null", "bad_request"],
		["a number", "42", "bad_request"],
		["a string", '"pub"', "bad_request"],
		["a list of lists", '[["pub"]]', "bad_request"],
		["no type", '{"ref":7}', "unsupported", 7],
		["an unknown type", '{"t":"launch","ref":7}', "unsupported", 7],
		["a type of the server's", '{"t":"welcome","ref":7}', "unsupported", 7],
		["a type of Object.prototype", '{"t":"constructor","ref":7}', "unsupported", 7],
		["nesting beyond the limit", pub(`"data":${nested(limits.depth + 2)}`), "too_deep", 7],
		["a number beyond 2^53", pub('"data":9007199254740993'), "not_json", 7],
		["101 envelopes", `[${Array(101).fill(pub('"data":1')).join()}]`, "too_big"],
		["data over the limit", pub(`"data":"${"x".repeat(limits.messageBytes)}"`), "too_big", 7],
		["a publish without data", '{"t":"pub","ref":7,"ch":"input"}', "bad_request", 7],
		["a publish without a ref", '{"t":"pub","ch":"input","data":1}', "bad_request"],
		["a ref that is text", '{"t":"pub","ref":"7","ch":"input","data":1}', "bad_request"],
		["a publish without a channel", '{"t":"pub","ref":7,"data":1}', "bad_name", 7],
		["a channel with a slash", '{"t":"pub","ref":7,"ch":"a/b","data":1}', "bad_name", 7],
		["a channel that is a list", '{"t":"pub","ref":7,"ch":["input"],"data":1}', "bad_name", 7],
		["a name in quotes", pub('"data":1,"name":"\\""'), "bad_name", 7],
		["a negative n", pub('"data":1,"n":-1'), "bad_request", 7],
		["an n that is not whole", pub('"data":1,"n":1.5'), "bad_request", 7],
		["a prev that is not before its n", pub('"data":1,"n":3,"prev":3'), "bad_request", 7],
		["a prev without an n", pub('"data":1,"prev":3'), "bad_request", 7],
		["a condition that is none", pub('"data":1,"if":{"seq":"1"}'), "bad_request", 7],
		["an ephemeral message that is numbered", pub('"data":1,"ephemeral":true,"n":0'), "bad_request", 7],
		["a start that is none", '{"t":"sub","ref":7,"ch":"input","at":"yesterday"}', "bad_position", 7],
		["a position without an epoch", '{"t":"sub","ref":7,"ch":"input","at":{"seq":1}}', "bad_position", 7],
		["a negative last", '{"t":"sub","ref":7,"ch":"input","at":{"last":-1}}', "bad_position", 7],
		["a subscribe to no channel", '{"t":"sub","ref":7}', "bad_name", 7],
		["an unsubscribe from a bad name", '{"t":"unsub","ref":7,"ch":""}', "bad_name", 7],
		["credit for a bad name", '{"t":"credit","ref":7,"ch":"a b","seq":1}', "bad_name", 7],
		["credit without a seq", '{"t":"credit","ref":7,"ch":"input"}', "bad_request", 7],
	])("%s", async (_, text, code, ref) => {
		await storingNothing(async () => {
			using socket = await Frames.open(server, "bad");
			const error = await socket.ask<{ readonly message: string }>(text);
			expect(error).toEqual({ t: "err", ...(ref !== undefined && { ref }), code, message: error.message });
			expect(error.message).toMatch(/^\S.*\.$/);
			expect(await socket.ask("ping")).toBe("pong");
		});
	});

	test("a binary frame", async () => {
		await storingNothing(async () => {
			using socket = await Frames.open(server, "bad");
			const error = await socket.ask<object>(new TextEncoder().encode(pub('"data":1')));
			expect(error).toMatchObject({ t: "err", code: "unsupported" });
			expect(await socket.ask("ping")).toBe("pong");
		});
	});

	test("among good ones in a frame, each for itself", async () => {
		using socket = await Frames.open(server, "bad");
		const frames = [pub('"data":1'), "7", '{"t":"pub","ref":8,"ch":"","data":1}', '{"t":"unsub","ref":9,"ch":"x"}'];
		const answers: unknown[] = [];
		socket.send(`[${frames.join()}]`);
		while (answers.length < 4) answers.push(await socket.next());
		const wanted = [
			{ t: "ok", ref: 7 },
			{ t: "err", code: "bad_request" },
			{ ref: 8, code: "bad_name" },
			{ t: "ok", ref: 9 },
		];
		for (const one of wanted) expect(answers).toContainEqual(expect.objectContaining(one));
	});

	test("credit and unsubscribes for what nobody subscribed to", async () => {
		using socket = await Frames.open(server, "bad");
		for (const seq of [0, 5, Number.MAX_SAFE_INTEGER]) socket.send(`{"t":"credit","ch":"input","seq":${seq}}`);
		expect(await socket.ask('{"t":"unsub","ref":1,"ch":"never"}')).toEqual({ t: "ok", ref: 1 });
	});

	test("a subscribe to one channel too many", async () => {
		using socket = await Frames.open(server, "bad");
		for (let number = 0; number < limits.channelsPerSocket; number++) {
			expect(await socket.ask(`{"t":"sub","ref":${number},"ch":"many:${number}"}`)).toMatchObject({ t: "ok" });
		}
		expect(await socket.ask('{"t":"sub","ref":200,"ch":"many:200"}')).toMatchObject({
			t: "err",
			ref: 200,
			code: "too_big",
		});
		expect(await socket.ask('{"t":"sub","ref":201,"ch":"many:7"}')).toMatchObject({ t: "ok", ref: 201 });
	});
});

describe("a frame after which nothing can be trusted closes its socket, and no other", () => {
	test("one that is too big, with code 4109", async () => {
		await storingNothing(async () => {
			using socket = await Frames.open(server, "bad");
			const text = JSON.stringify({ t: "pub", ref: 1, ch: "input", data: "x".repeat(limits.frameBytes) });
			expect(await socket.ask(text)).toMatchObject({ t: "bye", code: "too_big" });
			expect(await socket.closed).toBe(4109);
		});
	});

	// The runtime takes such a socket away without a word, and leaves its connection to the client to end.
	test.each([
		["an opcode that does not exist", frame(opcodes.unknown, "x")],
		["a close with a code that is none", frame(opcodes.close, Uint8Array.of(0, 1))],
		["bits that are reserved", frame(0x70 | opcodes.text, "x")],
		["a length that nobody means", Buffer.from([opcodes.text, 0xff, 0x7f, ...Array(11).fill(0xff)])],
	])("one that breaks the rules of WebSocket: %s", async (_, bytes) => {
		await storingNothing(async () => {
			using other = await Frames.open(server, "rules");
			const sockets = async () => (await getJson<{ sockets: number }>(`${server.url}/v1/spaces/rules`)).sockets;
			const before = await sockets();
			using client = await upgradeByHand(server, "/v1/spaces/rules/socket");
			expect(await sockets()).toBe(before + 1);
			await client.send(bytes);
			await until(async () => (await sockets()) === before, "the socket to be taken away");
			expect(await other.ask("ping")).toBe("pong");
		});
	});
});

test("after all of it the server is healthy, has failed nowhere, and stores what is good", async () => {
	expect(await getJson(`${server.url}/health`)).toEqual({ status: "ok", mode: "dev" });
	expect(server.log()).not.toMatch(/"failure"|"internal"/);
	const response = await postJson(`${channel}/messages`, { data: "good" });
	expect(response.status).toBe(201);
	const { seq } = (await response.json()) as { seq: number };
	expect(await getJson(`${channel}/messages/${seq}`)).toMatchObject({ data: "good" });
});
