import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorCode } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { type BodyRoutes, bodyRoutes, goodBody, routeKeys } from "../helpers/body-routes.ts";
import { contentTypes, encodeBody } from "../helpers/formats.ts";
import { expectProblem, headOf } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";

let server: LocalServer;
let space: string;
let all: BodyRoutes;
/** A server that an external entity would be fetched from. */
let fetched = 0;
const outside = createServer((_, response) => {
	fetched += 1;
	response.end("<!ENTITY stolen 'yes'>");
});

beforeAll(async () => {
	server = await serveHere({ env: routeKeys });
	space = `${server.url}/v1/spaces/bad-formats`;
	await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
	all = await bodyRoutes(server.url, "bad-formats");
});
afterAll(async () => {
	outside.close();
	await server.stop();
});

type Body = string | Uint8Array<ArrayBuffer>;

/** Sends a body to every route that reads one; none of them may do anything. The wire reads neither XML nor MessagePack. */
async function expectRefused(type: string, body: Body, code: ErrorCode): Promise<void> {
	const before = await all.state();
	for (const { route, method, path, headers, wire } of all.routes) {
		const response = await fetch(server.url + path, { method, headers: { ...headers, "content-type": type }, body });
		const problem = await expectProblem(response, wire ? "unsupported_media_type" : code).catch((error: unknown) => {
			throw new Error(`${route}: ${error instanceof Error ? error.message : error}`, { cause: error });
		});
		expect(JSON.stringify(problem)).not.toMatch(/root:|stolen|lol/);
	}
	expect(await all.state()).toEqual(before);
}

/** What a body must hold to be taken, so that only what stands before or in it can be the reason to refuse it. */
const good = `${encodeBody(goodBody("bad-formats"), "XML")}`.replace(/^<sent>|<\/sent>$/g, "");
const here = () => `http://127.0.0.1:${(outside.address() as AddressInfo).port}/stolen.dtd`;
const text = (value: string) => `<a>${good}<b>${value}</b></a>`;
const bytes = (value: string) => Buffer.from(value, "latin1");

const attacks: readonly [string, ErrorCode, () => Body][] = [
	[
		"a bomb of ten entities, each of the one before",
		"malformed",
		() => {
			const entity = (level: number) => `<!ENTITY lol${level} "${`&lol${level - 1};`.repeat(10)}">`;
			const entities = Array.from({ length: 9 }, (_, level) => entity(level + 1)).join("");
			return `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol0 "lol">${entities}]>${text("&lol9;")}`;
		},
	],
	[
		"a bomb of one long entity, used often",
		"malformed",
		() => `<!DOCTYPE a [<!ENTITY b "${"lol".repeat(20_000)}">]>${text("&b;".repeat(50_000))}`,
	],
	["an entity of itself", "malformed", () => `<!DOCTYPE a [<!ENTITY b "&c;"><!ENTITY c "&b;">]>${text("&b;")}`],
	["a file as an entity", "malformed", () => `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>${text("&b;")}`],
	["a page as an entity", "malformed", () => `<!DOCTYPE a [<!ENTITY b SYSTEM "${here()}">]>${text("&b;")}`],
	["a public entity", "malformed", () => `<!DOCTYPE a [<!ENTITY b PUBLIC "x" "${here()}">]>${text("&b;")}`],
	[
		"a parameter entity from a page",
		"malformed",
		() => `<!DOCTYPE a [<!ENTITY % b SYSTEM "${here()}"> %b;]>${text("")}`,
	],
	[
		"a parameter entity that sends a file away",
		"malformed",
		() => {
			const nested = `<!ENTITY &#37; send SYSTEM '${here()}?%file;'>`;
			return `<!DOCTYPE a [<!ENTITY % file SYSTEM "file:///etc/passwd"><!ENTITY % all "${nested}">%all;%send;]>${text("")}`;
		},
	],
	["a DTD from a page", "malformed", () => `<!DOCTYPE a SYSTEM "${here()}">${text("")}`],
	["a public DTD", "malformed", () => `<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "${here()}">${text("")}`],
	["an entity in an attribute", "malformed", () => `<!DOCTYPE a [<!ENTITY b "c">]><a xmlns="&b;">${good}</a>`],
	["a default for an attribute", "malformed", () => `<!DOCTYPE a [<!ATTLIST a type CDATA "array">]>${text("")}`],
	["a conditional section", "malformed", () => `<![INCLUDE[<!ENTITY b "c">]]>${text("&b;")}`],
	["a declaration in the middle", "malformed", () => text('<!ENTITY b SYSTEM "file:///etc/passwd">')],
	["an entity that nobody declared", "malformed", () => text("&nbsp;")],
	[
		"an inclusion of a file",
		"not_json",
		() => `<a xmlns:x="http://www.w3.org/2001/XInclude">${good}<x:include href="file:///etc/passwd"/></a>`,
	],
	["a schema from a page", "not_json", () => `<a xmlns:i="i" i:schemaLocation="${here()}">${good}</a>`],
	["a character that does not exist", "malformed", () => text("&#0;")],
	["half a surrogate pair", "malformed", () => text("&#xD800;")],
	["a number of a character without end", "malformed", () => text(`&#${"9".repeat(100_000)};`)],
	["a raw NUL", "malformed", () => text("\0")],
	["a character that XML has not, escaped wrongly", "malformed", () => `<a>${good}<b type="escaped">\\u00</b></a>`],
	["a hundred thousand elements inside one another", "too_deep", () => "<a>".repeat(100_000)],
	["as many that are closed again", "too_deep", () => `${"<a>".repeat(50_000)}${"</a>".repeat(50_000)}`],
	["more elements than anybody means", "too_big", () => `<a>${good}<b type="array">${"<c/>".repeat(100_001)}</b></a>`],
	[
		"more attributes than anybody means",
		"too_big",
		() => `<a${Array.from({ length: 50_000 }, (_, n) => ` xmlns:a${n}=""`).join("")}>${good}</a>`,
	],
	["an attribute twice", "malformed", () => `<a type="object" type="array">${good}</a>`],
	["a member twice", "not_json", () => `<a>${good}${good}</a>`],
	["two documents", "malformed", () => `${text("")}${text("")}`],
	["a comment that never ends", "malformed", () => `<!--${"-".repeat(500_000)}${text("")}`],
	["CDATA that never ends", "malformed", () => `<a>${good}<b><![CDATA[${"]]".repeat(200_000)}</b></a>`],
	["a tag that never ends", "malformed", () => `<a${" ".repeat(500_000)}`],
	["half a million openings", "malformed", () => "<".repeat(500_000)],
	["half a million ampersands", "malformed", () => text("&".repeat(500_000))],
	["a name from the prototype as a type", "not_json", () => `<a>${good}<b type="constructor"/></a>`],
	["UTF-16", "bad_encoding", () => new Uint8Array(Buffer.from(`\ufeff${text("")}`, "utf16le"))],
	["UTF-7 that hides a tag", "bad_encoding", () => `<?xml version="1.0" encoding="UTF-7"?>${text("+ADw-")}`],
	["GBK, declared", "bad_encoding", () => `<?xml version="1.0" encoding="GBK"?>${text("")}`],
	["an overlong <", "bad_encoding", () => new Uint8Array(bytes(text("\xc0\xbc")))],
	["a body over the limit", "too_big", () => text("x".repeat(limits.bodyBytes))],
];

describe("an attack in XML is refused on every route, at once, and fetches nothing", () => {
	test("and there are more than thirty of them", () => {
		expect(new Set(attacks.map(([name]) => name)).size).toBeGreaterThan(30);
		expect(new Set(attacks.map(([, , make]) => make.toString())).size).toBe(attacks.length);
	});

	test.each(attacks)("%s: %s", async (_, code, make) => {
		await expectRefused(contentTypes.XML, make(), code);
		expect(fetched).toBe(0);
	});

	test("while a stylesheet that is named is not looked at", async () => {
		const body = `<?xml-stylesheet href="${here()}"?><a><data>plain</data></a>`;
		const response = await fetch(`${space}/channels/other/messages`, {
			method: "POST",
			headers: { "content-type": contentTypes.XML },
			body,
		});
		expect([response.status, fetched]).toEqual([201, 0]);
	});
});

const key = (name: string) => [0xa0 + name.length, ...Buffer.from(name)];
const [mapOfSome = 0, ...members] = encodeBody(goodBody("bad-formats"), "MessagePack") as Uint8Array;
/** A map with what is needed to be taken, and one member more. */
const more = (...value: readonly number[]) => Uint8Array.of(mapOfSome + 1, ...members, ...key("x"), ...value);
/** The bytes of an array that holds the same value over and over. */
const repeated = (value: readonly number[], count: number) =>
	Buffer.concat([
		Uint8Array.of(0xdd, 0, count >> 16, (count >> 8) & 0xff, count & 0xff),
		Buffer.alloc(count * value.length, Uint8Array.from(value)),
	]);
const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const most = [0xff, 0xff, 0xff, 0xff];

const bombs: readonly [string, ErrorCode, () => Uint8Array<ArrayBuffer>][] = [
	["nothing", "malformed", () => Uint8Array.of()],
	["a map of four thousand million", "malformed", () => Uint8Array.of(0xdf, ...most)],
	["an array of four thousand million", "malformed", () => Uint8Array.of(0xdd, ...most)],
	["text of four thousand million bytes", "malformed", () => Uint8Array.of(0xdb, ...most)],
	["the same in a member", "malformed", () => more(0xdd, ...most)],
	[
		"an array of as many as there are bytes, nested",
		"malformed",
		() => more(...Array(16).fill([0xdc, 0xff, 0xff]).flat()),
	],
	["a hundred thousand arrays inside one another", "too_deep", () => new Uint8Array(100_000).fill(0x91)],
	["a hundred thousand maps inside one another", "too_deep", () => joined(more(), repeated([0x81, 0xa0], 100_000))],
	["an extension type", "not_json", () => more(0xd4, 0x01, 0x00)],
	["a timestamp", "not_json", () => more(0xd6, 0xff, 0, 0, 0, 0)],
	["an extension of four thousand million bytes", "not_json", () => more(0xc9, ...most, 0x01)],
	["bytes", "not_json", () => more(0xc4, 0x01, 0x00)],
	["four thousand million bytes", "not_json", () => more(0xc6, ...most)],
	["NaN", "not_json", () => more(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)],
	["-Infinity", "not_json", () => more(0xca, 0xff, 0x80, 0, 0)],
	["2^53", "not_json", () => more(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0)],
	["2^64 - 1", "not_json", () => more(0xcf, ...most, ...most)],
	["-2^63", "not_json", () => more(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0)],
	["a number as a key", "not_json", () => more(0x81, 0x01, 0x01)],
	["nil as a key", "not_json", () => more(0x81, 0xc0, 0x01)],
	["a map as a key", "not_json", () => more(0x81, 0x80, 0x01)],
	["bytes as a key", "not_json", () => more(0x81, 0xc4, 0x00, 0x01)],
	["text that is not UTF-8", "bad_encoding", () => more(0xa1, 0xff)],
	["a key that is not UTF-8", "bad_encoding", () => more(0x81, 0xa1, 0x80, 0x01)],
	["half a surrogate pair", "bad_encoding", () => more(0xa3, 0xed, 0xa0, 0x80)],
	["the byte that means nothing", "malformed", () => more(0xc1)],
	["a value too many", "malformed", () => Uint8Array.of(...more(0x01), 0x01)],
	["JSON", "malformed", () => Uint8Array.from(Buffer.from('{"data":1,"name":"a","message":"b"}'))],
	["gzip", "malformed", () => Uint8Array.of(0x1f, 0x8b, 0x08, 0x00)],
	["a body over the limit", "too_big", () => joined(more(), repeated([0x90], limits.bodyBytes))],
];

describe("a bomb in MessagePack is refused on every route, at once", () => {
	test.each(bombs)("%s: %s", async (_, code, make) => {
		await expectRefused(contentTypes.MessagePack, make(), code);
	});

	test("also where it takes more memory than bytes", async () => {
		const before = await headOf(`${space}/channels/log`);
		const body = joined(Uint8Array.of(0x81, ...key("data")), repeated([0x90], 1_000_000));
		const response = await fetch(`${space}/channels/log/messages`, {
			method: "POST",
			headers: { "content-type": contentTypes.MessagePack },
			body,
		});
		await expectProblem(response, "too_big");
		expect(await headOf(`${space}/channels/log`)).toBe(before);
	});

	test("also cut off anywhere", async () => {
		const whole = Uint8Array.of(mapOfSome, ...members);
		const before = await headOf(`${space}/channels/log`);
		for (let length = 1; length < whole.length; length++) {
			const response = await fetch(`${space}/channels/log/messages`, {
				method: "POST",
				headers: { "content-type": contentTypes.MessagePack },
				body: whole.slice(0, length),
			});
			await expectProblem(response, "malformed");
		}
		expect(await headOf(`${space}/channels/log`)).toBe(before);
	});
});

test("after all of it the server has failed nowhere", () => {
	expect(server.log()).not.toMatch(/"failure"|"internal"|Error/);
});
