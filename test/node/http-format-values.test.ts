import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json, Message } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import { contentTypes, type Format, formats, readAs, send } from "../helpers/formats.ts";
import { expectProblem, headOf } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let space: string;

beforeAll(async () => {
	server = await serveHere();
	space = `${server.url}/v1/spaces/values`;
});
afterAll(() => server.stop());

async function read(url: string, format: Format): Promise<Json> {
	return readAs(await send(url, "GET", undefined, "JSON", format), format);
}

function expectSame(found: Json | undefined, wanted: Json, where: string): void {
	// Unlike toEqual, this tells -0 from 0 and an own member from the prototype's.
	expect({ where, found, same: isDeepStrictEqual(found, wanted) }).toEqual({ where, found, same: true });
}

/** What some format is known to lose: each of them is carried by all three. */
const carried: readonly Json[] = [
	"\0",
	"",
	"  x ",
	"01",
	"1e3",
	"true",
	"\r\n\t\u2028\u0085\ufeff\uffff]]>&amp;<a/>",
	"\\u0000",
	"小飞机😀",
	[],
	[[]],
	[null, [], {}],
	{},
	null,
	false,
	0,
	-0,
	[-0, { a: -0 }],
	1e21,
	5e-324,
	Number.MAX_SAFE_INTEGER,
	-Number.MAX_SAFE_INTEGER,
	{ "": "" },
	{ "a b": "a b" },
	{ "1": 1, "01": 2 },
	JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":1,"toString":null}'),
	{ m: 1, k: "k", e: "", type: "string", item: [], "xml:lang": "a", "a:b": "c", "\0": "\\" },
];

/** Keys that some format is known to lose, as members of a record itself. */
const keys: { readonly [key: string]: Json } = Object.assign(JSON.parse('{"__proto__":{"a":null}}'), {
	"": 1,
	"a b": 2,
	"1": 3,
	"\0": 4,
	小飞机: 5,
	m: 6,
	type: "array",
});

describe("what was written in one format reads back the same in every other", () => {
	test.each(formats)("messages, written in %s", async (sent) => {
		const messages = `${space}/channels/carried-${sent}/messages`;
		const drafts = carried.map((data) => ({ data }));
		expect((await send(messages, "POST", drafts, sent, "JSON")).status).toBe(201);
		for (const accepted of formats) {
			const page = (await read(messages, accepted)) as { readonly messages?: readonly Message[] };
			for (const [index, value] of carried.entries()) {
				const one = (await read(`${messages}/${index + 1}`, accepted)) as { readonly data?: Json };
				expectSame(page.messages?.[index]?.data, value, `a page in ${accepted}`);
				expectSame(one.data, value, `a message in ${accepted}`);
			}
		}
	});

	test.each(formats)("a record, written and changed in %s", async (sent) => {
		const url = `${space}/collections/carried/${sent.toLowerCase()}`;
		const data = { carried, ...keys };
		for (const accepted of formats) {
			const put = await readAs(await send(url, "PUT", data, sent, accepted), accepted);
			expectSame((put as { readonly data?: Json }).data, data, `the answer to PUT in ${accepted}`);
			const patched = await readAs(await send(url, "PATCH", { more: carried }, sent, accepted), accepted);
			const wanted = { ...data, more: carried };
			expectSame((patched as { readonly data?: Json }).data, wanted, `the answer to PATCH in ${accepted}`);
			for (const other of formats) {
				const one = (await read(url, other)) as { readonly data?: Json };
				expectSame(one.data, wanted, `a record in ${other}`);
			}
		}
		for (const other of formats) {
			const page = (await read(`${space}/collections/carried?prefix=${sent.toLowerCase()}`, other)) as {
				readonly records?: readonly { readonly data: Json }[];
			};
			expectSame(page.records?.[0]?.data, { ...data, more: carried }, `a page of records in ${other}`);
		}
	});
});

describe("a lone surrogate", () => {
	const data = { "\udc00": ["a\ud800", "\ud800\ud800\udc00"] };

	test.each(["JSON", "XML"] as const)(
		"written in %s is carried by JSON and XML, and MessagePack says why not",
		async (sent) => {
			const messages = `${space}/channels/surrogate-${sent}/messages`;
			const record = `${space}/collections/surrogates/${sent}`;
			expect((await send(messages, "POST", { data }, sent, sent)).status).toBe(201);
			expect((await send(record, "PUT", data, sent, sent)).status).toBe(201);
			for (const url of [`${messages}/1`, record]) {
				for (const accepted of ["JSON", "XML"] as const) {
					expectSame(((await read(url, accepted)) as { readonly data?: Json }).data, data, accepted);
				}
			}
			for (const url of [messages, `${messages}/1`, record, `${space}/collections/surrogates`]) {
				const problem = await expectRefused(await send(url, "GET", undefined, "JSON", "MessagePack"), "not_acceptable");
				expect(problem).toMatch(/MessagePack.*surrogate/);
			}
		},
	);

	test("is not stored where the answer could not be told in the format that is asked for", async () => {
		const channel = `${space}/channels/surrogate-asked`;
		for (const sent of ["JSON", "XML"] as const) {
			const published = await send(`${channel}/messages`, "POST", { data }, sent, "MessagePack");
			expect(await expectRefused(published, "not_acceptable")).toMatch(/surrogate/);
			const record = `${space}/collections/surrogates/asked`;
			expect(await expectRefused(await send(record, "PUT", data, sent, "MessagePack"), "not_acceptable")).toMatch(
				/surrogate/,
			);
			expect((await fetch(record)).status).toBe(404);
		}
		expect(await headOf(channel)).toMatch(/:0$/);
	});

	test("that stands in a record already does not keep a change from being told, in JSON", async () => {
		const record = `${space}/collections/surrogates/changed`;
		await send(record, "PUT", data, "JSON", "JSON");
		const response = await send(record, "PATCH", { a: 1 }, "MessagePack", "MessagePack");
		expect(response.status).toBe(200);
		expectSame(((await readAs(response, "JSON")) as { readonly data?: Json }).data, { ...data, a: 1 }, "the answer");
	});

	test("as bytes of MessagePack is not UTF-8", async () => {
		const bytes = Uint8Array.of(0x81, 0xa4, ...Buffer.from("data"), 0xa3, 0xed, 0xa0, 0x80);
		await expectRaw("surrogate-bytes", contentTypes.MessagePack, bytes, "bad_encoding");
	});
});

describe("a number that cannot be carried exactly is refused", () => {
	const { JSON: json, XML: xml, MessagePack: msgpack } = contentTypes;
	const draft = (...bytes: readonly number[]) => Uint8Array.of(0x81, 0xa4, ...Buffer.from("data"), ...bytes);
	test.each<[string, string, string | Uint8Array<ArrayBuffer>]>([
		["2^53 + 1 in JSON", json, '{"data":9007199254740993}'],
		["-2^53 in JSON", json, '{"data":[-9007199254740992]}'],
		["1e20 in JSON", json, '{"data":1e20}'],
		["1e400 in JSON", json, '{"data":1e400}'],
		["2^53 + 1 in XML", xml, '<p><data type="number">9007199254740993</data></p>'],
		["-2^53 in XML", xml, '<p><data type="number">-9007199254740992</data></p>'],
		["1e20 in XML", xml, '<p><data type="number">1e20</data></p>'],
		["1e400 in XML", xml, '<p><data type="number">1e400</data></p>'],
		["2^53 + 1 in MessagePack", msgpack, draft(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1)],
		["2^64 - 1 in MessagePack", msgpack, draft(0xcf, ...Array(8).fill(0xff))],
		["-2^63 in MessagePack", msgpack, draft(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0)],
		["1e20 in MessagePack", msgpack, draft(0xcb, 0x44, 0x15, 0xaf, 0x1d, 0x78, 0xb5, 0x8c, 0x40)],
		["NaN in MessagePack", msgpack, draft(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)],
		["Infinity in MessagePack", msgpack, draft(0xca, 0x7f, 0x80, 0, 0)],
	])("%s", (_, type, body) => expectRaw("numbers", type, body, "not_json"));
});

test("an Idempotency-Key knows the same request in another format, and with its members in another order", async () => {
	const messages = `${space}/channels/keys/messages`;
	const headers = { "idempotency-key": "one" };
	const draft = { data: { b: [1.5, "x"], a: null }, name: "n" };
	const turned = { name: "n", data: { a: null, b: [1.5, "x"] } };
	for (const [index, value] of [draft, turned].entries()) {
		for (const [count, sent] of formats.entries()) {
			const response = await send(messages, "POST", value, sent, formats[(count + 1) % 3] ?? "JSON", headers);
			expect(response.status).toBe(201);
			expect(response.headers.get("idempotency-replayed")).toBe(index + count === 0 ? null : "true");
		}
	}
	for (const sent of formats) {
		const other = await send(messages, "POST", { ...draft, data: [] }, sent, "JSON", headers);
		await expectProblem(other, "idempotency_mismatch");
	}
	expect(await headOf(`${space}/channels/keys`)).toMatch(/:1$/);
});

async function expectRaw(channel: string, type: string, body: string | Uint8Array<ArrayBuffer>, code: ErrorCode) {
	const url = `${space}/channels/${channel}`;
	const response = await fetch(`${url}/messages`, { method: "POST", headers: { "content-type": type }, body });
	await expectProblem(response, code);
	expect(await headOf(url)).toMatch(/:0$/);
}

/** Expects a problem in MessagePack; resolves to its detail. */
async function expectRefused(response: Response, code: ErrorCode): Promise<string> {
	const problem = (await readAs(response, "MessagePack")) as { readonly code?: string; readonly detail?: string };
	expect([response.status, problem.code]).toEqual([406, code]);
	return problem.detail ?? "";
}
