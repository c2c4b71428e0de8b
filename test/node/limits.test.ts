import { afterAll, beforeAll, expect, test } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Limits } from "../../protocol/limits.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { connectWire, type Wire } from "../helpers/wire.ts";

let server: LocalServer;
let limits: Limits;

beforeAll(async () => {
	server = await serveHere();
	const wire = await connectWire(server.url, "told", "client");
	limits = wire.welcome.limits;
	wire.close();
});
afterAll(() => server.stop());

/** The code of a refusal; undefined for what was taken. */
async function over(path: string, init: RequestInit = {}): Promise<string | undefined> {
	const headers = { "content-type": "application/json", ...(init.headers as Record<string, string>) };
	const response = await fetch(`${server.url}/v1/spaces/limits/${path}`, { ...init, headers });
	if (response.ok) return void (await response.body?.cancel());
	return ((await response.json()) as { code: string }).code;
}

const post = (path: string, body: string, headers = {}) => over(path, { method: "POST", body, headers });
const messages = "channels/log/messages";

let clients = 0;

/** The code of the first refusal among envelopes on a socket of their own, each asked when the one before is answered. */
async function on(envelopes: readonly { readonly [key: string]: Json }[]): Promise<string | undefined> {
	const wire: Wire = await connectWire(server.url, "limits", `client-${clients++}`);
	try {
		const answers = await Promise.all(envelopes.map((envelope, ref) => wire.ask({ ...envelope, ref })));
		return answers.flatMap((answer) => (answer.type === "error" ? [answer.code] : []))[0];
	} finally {
		wire.close();
	}
}

const many = <Item>(count: number, make: (index: number) => Item) => Array.from({ length: count }, (_, at) => make(at));
/** A text whose JSON is so many bytes. */
const text = (bytes: number) => "x".repeat(bytes - 2);

/** Each does something as large as it is told; the name says which limit, and then what is done. */
const cases: readonly (readonly [keyof Limits, string, ErrorCode, (size: number) => Promise<string | undefined>])[] = [
	["messageBytes", "HTTP", "too_big", (size) => post(messages, JSON.stringify({ data: text(size) }))],
	["messageBytes", "a socket", "too_big", (size) => on([{ t: "pub", ch: "log", data: text(size) }])],
	["messageBytes", "a call", "too_big", (size) => on([{ t: "call", svc: "s", id: `c${clients}`, data: text(size) }])],
	[
		"recordBytes",
		"HTTP",
		"too_big",
		(size) => over("collections/a/b", { method: "PUT", body: JSON.stringify({ a: text(size - 6) }) }),
	],
	["ttlSeconds", "HTTP", "bad_request", (size) => over(`collections/a/ttl?ttl=${size}`, { method: "PUT", body: "{}" })],
	["bodyBytes", "HTTP", "too_big", (size) => post(messages, '{"data":1}'.padEnd(size))],
	["batchMessages", "HTTP", "too_big", (size) => post(messages, JSON.stringify(many(size, (data) => ({ data }))))],
	[
		"transactionItems",
		"HTTP",
		"too_big",
		(size) =>
			post("transactions", JSON.stringify({ items: many(size, () => ({ op: "publish", channel: "log", data: 1 })) })),
	],
	["nameLength", "HTTP", "bad_name", (size) => over(`channels/${"n".repeat(size)}`)],
	["nameLength", "a socket", "bad_name", (size) => on([{ t: "unsub", ch: "n".repeat(size) }])],
	[
		"idempotencyKeyLength",
		"HTTP",
		"bad_request",
		(size) => post(messages, '{"data":1}', { "idempotency-key": "k".repeat(size) }),
	],
	[
		"clientLength",
		"HTTP",
		"bad_name",
		(size) => post(`socket?client=${"c".repeat(size)}`, '{"t":"unsub","ref":1,"ch":"a"}'),
	],
	["pageMessagesMost", "HTTP", "bad_request", (size) => over(`${messages}?limit=${size}`)],
	[
		"channelsPerStream",
		"HTTP",
		"too_big",
		(size) => over(`events?${many(size, (index) => `channel=c${index}`).join("&")}`),
	],
	["channelsPerSocket", "a socket", "too_big", (size) => on(many(size, (index) => ({ t: "sub", ch: `c${index}` })))],
	["watchesPerSocket", "a socket", "too_big", (size) => on(many(size, (index) => ({ t: "watch", col: `c${index}` })))],
	["servicesPerSocket", "a socket", "too_big", (size) => on(many(size, (index) => ({ t: "serve", svc: `s${index}` })))],
	[
		"serviceConcurrency",
		"a socket",
		"bad_request",
		(size) => on([{ t: "serve", svc: "s", holds: many(size, (index) => ({ id: `h${index}`, attempt: 1 })) }]),
	],
	[
		"callsAwaited",
		"a socket",
		"too_big",
		async (size) => {
			const calls = many(size, (index) => ({ t: "call", svc: "nobody", id: `c${clients}-${index}`, data: 1 }));
			// Others' calls: those of another client of the same principal.
			return (await on(calls)) ?? on(calls);
		},
	],
	["memberBytes", "a socket", "too_big", (size) => on([{ t: "enter", ch: "room", data: text(size) }])],
	[
		"membershipsPerClient",
		"a socket",
		"too_big",
		(size) => on(many(size, (index) => ({ t: "enter", ch: `r${index}`, data: 1 }))),
	],
];

test.each(cases)("as much as welcome tells is taken, and one more is refused: %s, %s", async (name, _, code, use) => {
	expect([await use(limits[name]), await use(limits[name] + 1)]).toEqual([undefined, code]);
});
