import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { type ErrorCode, errorRow } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import {
	type BodyRoute,
	type BodyRoutes,
	bodyRoutes,
	documentedBodyRoutes,
	routeKeys,
} from "../helpers/body-routes.ts";
import { askByHand } from "../helpers/by-hand.ts";
import { contentTypes, encodeBody, type Format, formats } from "../helpers/formats.ts";
import { checkProblem, expectProblem, getJson, publishAll } from "../helpers/http.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectTcp, type TcpClient } from "../helpers/tcp-client.ts";

let server: LocalServer;
let space: string;
let epoch: string;
/** A position of before the space was wiped. */
let wiped: string;
let all: BodyRoutes;

beforeAll(async () => {
	server = await serveHere({ env: routeKeys });
	space = `${server.url}/v1/spaces/bad-requests`;
	wiped = await publishAll(`${space}/channels/log/messages`, [1, 2, 3]);
	await fetch(space, { method: "DELETE" });
	all = await bodyRoutes(server.url, "bad-requests");
	({ epoch } = await getJson<{ epoch: string }>(space));
});
afterAll(() => server.stop());

/** Runs what must leave everything as it is; by default what a channel and a collection hold. */
async function changingNothing(work: () => Promise<void>, state = stored): Promise<void> {
	const before = await state();
	await work();
	expect(await state()).toEqual(before);
}

async function stored(): Promise<readonly unknown[]> {
	return [await getJson(`${space}/channels/log`), await getJson(`${space}/collections/docs`)];
}

type Body = string | Uint8Array<ArrayBuffer>;

/** Sends to a route what it must refuse; of what is not said here, all is as it should be. */
type Ask = (headers: Readonly<Record<string, string>>, body?: Body, query?: string) => Promise<Response>;

/** Tries every route that reads a body; none may do anything. */
async function onEveryRoute(work: (ask: Ask, route: BodyRoute) => Promise<void>): Promise<void> {
	await changingNothing(async () => {
		for (const route of all.routes) {
			const { method, path, headers } = route;
			const ask: Ask = (more, body = JSON.stringify(route.body), query = "") =>
				fetch(server.url + path + query, { method, headers: { ...headers, ...more }, body });
			await work(ask, route).catch((error: unknown) => {
				throw new Error(`${route.route}: ${error instanceof Error ? error.message : error}`, { cause: error });
			});
		}
	}, all.state);
}

const json = { "content-type": "application/json" };

describe("every route that reads a body", () => {
	test("stands in the table", async () => {
		expect(all.routes.map(({ route }) => route).sort()).toEqual([...(await documentedBodyRoutes(server.url))].sort());
	});

	test.each([
		"",
		"text/plain",
		"text/plain;charset=UTF-8",
		"text/html",
		"application/x-www-form-urlencoded",
		"multipart/form-data; boundary=a",
		"application/octet-stream",
		"application/jsonp",
		"application/json5",
		"text/json",
		"application/json, application/xml",
		"json",
		"*/*",
		"application/*",
		";",
		"application/yaml",
		"application/cbor",
	])("does not read the content type %j", async (type) => {
		await onEveryRoute(async (ask, { method, body }) => {
			// Bytes have no content type of their own, which fetch would send for text.
			const bytes = Uint8Array.from(Buffer.from(JSON.stringify(body)));
			const response = await ask(type === "" ? {} : { "content-type": type }, bytes);
			await expectProblem(response, "unsupported_media_type");
			expect(response.headers.has("accept-patch")).toBe(method === "PATCH");
		});
	});

	test.each<[string, string, (body: Json) => Body]>([
		["JSON that says UTF-16", "application/json; charset=utf-16", (body) => JSON.stringify(body)],
		["XML that says GBK", 'text/xml; charset="gbk"', () => "<a/>"],
		["JSON that is Latin-1", "application/json", () => Uint8Array.from(Buffer.from('{"data":"\xe9"}', "latin1"))],
	])("does not read %s", async (_, type, make) => {
		await onEveryRoute(async (ask, { body }) => {
			await expectProblem(await ask({ "content-type": type }, make(body)), "bad_encoding");
		});
	});

	test.each<[string, Format, (body: Json) => Body]>([
		["JSON that is XML", "JSON", (body) => encodeBody(body, "XML")],
		["JSON that breaks off", "JSON", (body) => JSON.stringify(body).slice(0, -1)],
		["XML that is JSON", "XML", (body) => encodeBody(body, "JSON")],
		["XML that breaks off", "XML", (body) => `${encodeBody(body, "XML")}`.slice(0, -1)],
		["MessagePack that is JSON", "MessagePack", (body) => encodeBody(body, "JSON")],
		["MessagePack that breaks off", "MessagePack", (body) => encodeBody(body, "MessagePack").slice(0, -1)],
		["JSON that is MessagePack", "JSON", (body) => encodeBody(body, "MessagePack")],
		["nothing as JSON", "JSON", () => ""],
		["nothing as XML", "XML", () => ""],
		["nothing as MessagePack", "MessagePack", () => ""],
	])("does not read %s", async (_, format, make) => {
		await onEveryRoute(async (ask, { body, wire }) => {
			const sent = make(body);
			const response = await ask({ "content-type": contentTypes[format] }, sent);
			if (format === "JSON" && typeof sent !== "string") await expectProblem(response, "bad_encoding");
			else if (!wire) await expectProblem(response, "malformed");
			else if (format !== "JSON") await expectProblem(response, "unsupported_media_type");
			else {
				const told = [expect.objectContaining({ t: "welcome" }), expect.objectContaining({ code: "malformed" })];
				expect([response.status, await response.json()]).toEqual([200, told]);
			}
		});
	});

	test.each(formats)("does not read more than the limit, as %s", async (format) => {
		const data = "x".repeat(limits.bodyBytes);
		await onEveryRoute(async (ask, { body, wire }) => {
			const sent = encodeBody(
				Array.isArray(body) ? [{ ...(body[0] as object), data }] : { ...(body as object), data },
				format,
			);
			const unread = wire && format !== "JSON";
			await expectProblem(
				await ask({ "content-type": contentTypes[format] }, sent),
				unread ? "unsupported_media_type" : "too_big",
			);
		});
	});

	test.each(["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "rot13", "x"])(
		"does not unpack a body with the coding %s",
		async (coding) => {
			await onEveryRoute(async (ask, { body }) => {
				for (const format of formats) {
					const headers = { "content-type": contentTypes[format], "content-encoding": coding };
					const packed = Uint8Array.from(gzipSync(encodeBody(body, format)));
					await expectProblem(await ask(headers, packed), "unsupported_media_type");
				}
			});
		},
	);

	test.each([
		"text/html",
		"image/*",
		"application/json;q=0",
		"*/*;q=0",
		"nonsense",
		"text/event-stream",
		";;",
		"application/cbor",
	])("answers nobody who accepts only %s, unless it answers nothing, or the wire", async (accept) => {
		await onEveryRoute(async (ask, { negotiates }) => {
			if (negotiates) await expectProblem(await ask({ ...json, accept }), "not_acceptable");
			// Nor does that keep the others from saying what is wrong, in JSON.
			else await expectProblem(await ask({ accept, "content-type": "text/plain" }), "unsupported_media_type");
		});
	});

	test.each(["?x=1", "?ttl=1&ttl=1", "?data=1", "?=", "?__proto__=1", "?constructor"])(
		"does not know the query %s",
		async (query) => {
			await onEveryRoute(async (ask) => {
				await expectProblem(await ask(json, undefined, query), "bad_request");
			});
		},
	);

	test("does not believe two content types, codings or hosts, nor two Idempotency-Keys where it reads one", async () => {
		await onEveryRoute(async (_, { method, path, headers, body, idempotent }) => {
			const type = "Content-Type: application/json";
			const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
			for (const [code, ...lines] of [
				["unsupported_media_type", type, type],
				["unsupported_media_type", type, "Content-Type: application/xml"],
				["unsupported_media_type", type, "Content-Encoding: identity", "Content-Encoding: gzip"],
				["not_configured", type, "Host: evil.example"],
				...(idempotent
					? ([
							["bad_request", type, "Idempotency-Key: a", "Idempotency-Key: b"],
							["bad_request", type, "Idempotency-Key: a", "Idempotency-Key: a"],
						] as const)
					: []),
			] as const) {
				const answer = await askByHand(server.url, method, path, [...own, ...lines], JSON.stringify(body));
				expect([lines, answer.status]).toEqual([lines, errorRow(code).status]);
				checkProblem(answer.body, code);
			}
		});
	});
});

test("two lengths, which say two things about where the next request starts, are refused by the runtime itself", async () => {
	await onEveryRoute(async (_, { method, path, body }) => {
		using client = await open();
		const sent = JSON.stringify(body);
		const lengths = ["Content-Length: 3", `Content-Length: ${sent.length}`];
		const lines = ["Host: localhost", "Content-Type: application/json", ...lengths];
		// As bytes: what the runtime says is no answer of ours, to be compared with the document.
		await client.send(Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${sent}`));
		expect(await client.rest()).toMatch(/^HTTP\/1\.1 400 /);
	});
});

function open(): Promise<TcpClient> {
	const { hostname: host, port } = new URL(server.url);
	return connectTcp({ host, port: Number(port) });
}

describe("what a path or a query cannot mean is refused", () => {
	const log = "/channels/log/messages";
	const docs = "/collections/docs";
	test.each<[string, string, ErrorCode]>([
		...[
			"limit=abc",
			"limit=",
			"limit=0",
			"limit=-1",
			"limit=1001",
			"limit=1.5",
			"limit=1e2",
			"limit=0x10",
			"limit=%20",
		].map((query): [string, string, ErrorCode] => ["GET", `${log}?${query}`, "bad_request"]),
		["GET", `${log}?limit=1&limit=2`, "bad_request"],
		["GET", `${log}?after=1&after=2`, "bad_request"],
		["GET", `${log}?limit[]=1`, "bad_request"],
		["GET", `${log}?Limit=1`, "bad_request"],
		["GET", `${log}?cursor=1`, "bad_request"],
		["GET", `${log}?order=up`, "bad_request"],
		["GET", `${log}?order=ASC`, "bad_request"],
		["GET", `${log}?since=yesterday`, "bad_request"],
		["GET", `${log}?since=-1`, "bad_request"],
		["GET", `${log}?since=99999999999999999`, "bad_request"],
		...[
			"x",
			"",
			"-1",
			"1.5",
			"EPOCH:",
			":1",
			"EPOCH:x",
			"EPOCH:-1",
			"EPOCH:1:2",
			"EPOCH 1",
			"9007199254740993",
			"%00",
		].flatMap((position): [string, string, ErrorCode][] => [
			["GET", `${log}?after=${position}`, "bad_position"],
			["GET", `${log}?before=${position}`, "bad_position"],
		]),
		["GET", `${log}?after=WIPED`, "position_expired"],
		["GET", `${log}?before=WIPED`, "position_expired"],
		["GET", `${log}?after=EPOCH:1000000`, "position_expired"],
		...["0", "01", "-1", "+1", "1.0", "1e0", "0x1", "abc", "9007199254740993", "%EF%BC%91", "1%00", "%201"].map(
			(seq): [string, string, ErrorCode] => ["GET", `${log}/${seq}`, "bad_request"],
		),
		["GET", `${log}/4`, "not_found"],
		["GET", `${docs}?limit=abc`, "bad_request"],
		["GET", `${docs}?limit=0`, "bad_request"],
		["GET", `${docs}?limit=1&limit=1`, "bad_request"],
		["GET", `${docs}?after=a`, "bad_request"],
		["GET", `${docs}?prefix=a/b`, "bad_request"],
		["GET", `${docs}?prefix=%00`, "bad_request"],
		...["x", "", "a", "EPOCH", "EPOCH:", ":a", "EPOCH:a/b", "EPOCH:%00"].map((cursor): [string, string, ErrorCode] => [
			"GET",
			`${docs}?cursor=${cursor}`,
			"bad_position",
		]),
		["GET", `${docs}?cursor=WIPEDEPOCH:a`, "position_expired"],
		...["%20", "a%2Fb", "a%00", "..%2F", "%E5%B0%8F", "a+b", ":a", "x".repeat(165), "%zz"].flatMap(
			(id): [string, string, ErrorCode][] => [
				["GET", `${docs}/${id}`, "bad_name"],
				["PUT", `${docs}/${id}`, "bad_name"],
				["DELETE", `${docs}/${id}`, "bad_name"],
				["GET", `/collections/${id}`, "bad_name"],
			],
		),
		["GET", `${docs}/absent`, "not_found"],
		["DELETE", `${docs}/absent`, "not_found"],
		["PATCH", `${docs}/absent`, "not_found"],
		...["0", "-1", "abc", "", "1.5", "1e3", "999999999999"].map((ttl): [string, string, ErrorCode] => [
			"PUT",
			`${docs}/a?ttl=${ttl}`,
			"bad_request",
		]),
		["PUT", `${docs}/a?TTL=1`, "bad_request"],
		["DELETE", `${docs}/a?ttl=1`, "bad_request"],
		["DELETE", `${docs}/a?force`, "bad_request"],
		["DELETE", "/channels/log?before=3", "bad_request"],
		["DELETE", "?confirm=no", "bad_request"],
		["GET", "?x=1", "bad_request"],
		["GET", "/channels?after=a&after=b", "bad_request"],
		["GET", "/channels/log?limit=1", "bad_request"],
		["GET", "/nothing?x=1", "not_found"],
	])("%s %s: %s", async (method, path, code) => {
		await changingNothing(async () => {
			const [before = ""] = wiped.split(":");
			const filled = path.replace("WIPEDEPOCH", before).replace("WIPED", wiped).replace("EPOCH", epoch);
			const body = method === "PUT" || method === "PATCH" ? "{}" : null;
			const headers = { "content-type": "application/json" };
			await expectProblem(await fetch(space + filled, { method, headers, body }), code);
		});
	});

	test.each(['"', "a", '"EPOCH:1', "EPOCH:1", '"a" "b"', '"EPOCH:1";', "*,*"])(
		"a condition that reads %j",
		async (condition) => {
			await changingNothing(async () => {
				const tags = condition.replace("EPOCH", epoch);
				for (const name of ["if-match", "if-none-match"]) {
					const init = { method: "PUT", headers: { "content-type": "application/json", [name]: tags }, body: "{}" };
					await expectProblem(await fetch(`${space}/collections/docs/a`, init), "bad_position");
				}
			});
		},
	);
});

test("what was refused was refused for nothing else: as it should be, every route takes it", async () => {
	for (const { route, method, path, headers, body, wire, negotiates } of all.routes) {
		for (const format of wire ? formats.slice(0, 1) : formats) {
			const told = { ...headers, "content-type": contentTypes[format], accept: negotiates ? "*/*" : "image/*" };
			const init = { method, headers: told, body: encodeBody(body, format) };
			const response = await fetch(server.url + path, init);
			expect([route, format, response.status]).toEqual([route, format, expect.toBeOneOf([200, 201, 202, 204])]);
			await response.body?.cancel();
		}
	}
});

test("after all of it the server has failed nowhere", () => {
	expect(server.log()).not.toMatch(/"failure"|"internal"|Error/);
});
