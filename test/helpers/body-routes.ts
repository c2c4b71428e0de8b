import { expect } from "vitest";
import type { Json } from "../../protocol/envelopes.ts";
import { getJson, headOf, postJson, publishAll, readMessages } from "./http.ts";
import { sendJson } from "./records.ts";
import { testSecret } from "./signing.ts";

/** A route that reads a body. */
export interface BodyRoute {
	/** As /openapi.json has it. */
	readonly route: string;
	readonly method: string;
	/** Where it is tried. */
	readonly path: string;
	/** What must be said besides, for it to be taken. */
	readonly headers: Readonly<Record<string, string>>;
	/** What it takes: `goodBody`, but for the wire. */
	readonly body: Json;
	/** Reads an Idempotency-Key. To the others one means nothing: what they do they may do twice. */
	readonly idempotent: boolean;
	/** Takes frames: reads JSON only, as text that the object parses, and says in envelopes, with 200, what is wrong in it. */
	readonly wire: boolean;
	/** Whether what is accepted matters. It does not to those that answer nothing, and to the wire, which is always JSON. */
	readonly negotiates: boolean;
}

/**
 * How each differs from the others. `key`: only a key may. `call`: waits for its result, unless it need not. `once`: reads an Idempotency-Key. `silent`: answers nothing.
 * The last reply to the call that all of them are about comes last.
 */
const table: readonly (readonly [route: string, ...("key" | "call" | "once" | "silent" | "wire")[]])[] = [
	["POST /v1/exchange", "once"],
	["POST /v1/tokens", "key"],
	["POST /v1/tickets"],
	["POST /v1/revocations"],
	["POST /v1/erasures"],
	["POST /v1/spaces/{space}/channels/{channel}/messages", "once"],
	["POST /v1/spaces/{space}/transactions", "once"],
	["POST /v1/spaces/{space}/collections/{collection}", "once"],
	["PUT /v1/spaces/{space}/collections/{collection}/{id}", "once"],
	["PATCH /v1/spaces/{space}/collections/{collection}/{id}", "once"],
	["POST /v1/spaces/{space}/services/{service}/calls", "call", "once"],
	["POST /v1/spaces/{space}/services/{service}/calls/{call}/progress", "silent"],
	["POST /v1/spaces/{space}/services/{service}/calls/{call}/nack", "silent"],
	["PUT /v1/spaces/{space}/services/{service}/calls/{call}/reply"],
	["POST /v1/spaces/{space}/socket", "wire"],
];

/** What a server with `routeKeys` is started with, so that tokens can be minted. */
export const routeKeys = { AEROGRAM_KEYS: `main:${testSecret}` };

/** A body that every route takes but the wire, in a space: whatever else is put into it, that is why it is refused. */
export function goodBody(space: string): { readonly [key: string]: Json } {
	return {
		...{ data: 1, name: "a", message: "b", attempt: 1, sub: "ada", space, ttl: 60 },
		path: `/v1/spaces/${space}/socket`,
		items: [{ op: "publish", channel: "log", data: 1 }],
		capabilities: [{ allow: ["publish"], on: `${space}/channels/**` }],
	};
}

/** All routes that read a body, in a space where something stands that each could change. */
export interface BodyRoutes {
	readonly routes: readonly BodyRoute[];
	/** Whatever they could change. */
	state(): Promise<readonly unknown[]>;
}

/** Makes what the routes are about: a record, a call, and three messages, one of them by who would be erased. */
export async function bodyRoutes(server: string, space: string): Promise<BodyRoutes> {
	const root = `${server}/v1/spaces/${space}`;
	const log = `${root}/channels/log`;
	await publishAll(`${log}/messages`, [1, 2]);
	const capabilities = [{ allow: ["publish", "history"], on: `${space}/channels/**` }];
	const key = { authorization: `Bearer main.${testSecret}` };
	const minted = await postJson(`${server}/v1/tokens`, { sub: "ada", capabilities }, key);
	const ada = { authorization: `Bearer ${((await minted.json()) as { readonly token: string }).token}` };
	expect((await postJson(`${log}/messages`, { data: 3 }, ada)).status).toBe(201);
	expect((await sendJson("PUT", `${root}/collections/docs/a`, { here: "before" })).status).toBe(201);
	const calling = await postJson(`${root}/services/asked/calls?wait=0`, { timeout: 3_600_000 });
	const { id: call } = (await calling.json()) as { readonly id: string };
	expect((await fetch(`${root}/services/asked/next?lease=3600`, { method: "POST" })).status).toBe(200);

	const names: Readonly<Record<string, string>> = {
		...{ space, call, channel: "log", collection: "docs", id: "a", service: "asked" },
	};
	return {
		routes: table.map(([route, ...traits]) => {
			const [method = "", template = ""] = route.split(" ");
			const has = (trait: (typeof traits)[number]) => traits.includes(trait);
			return {
				...{
					route,
					method,
					headers: { ...(has("key") && key), ...(has("call") && { prefer: "respond-async" }) },
					idempotent: has("once"),
					wire: has("wire"),
				},
				path: template.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? ""),
				body: has("wire") ? [{ t: "pub", ref: 1, ch: "log", data: 1 }] : goodBody(space),
				negotiates: !has("wire") && !has("silent"),
			};
		}),
		state: () =>
			Promise.all([
				...[getJson(log), readMessages(`${log}/messages`), getJson(`${root}/collections/docs`)],
				headOf(`${server}/v1/spaces/default/channels/exchange`),
				// Of ada nothing is revoked, and the one call of the service is in the hands of who took it.
				statusOf(log, { headers: ada }),
				...[
					statusOf(`${root}/services/asked/calls/${call}`),
					statusOf(`${root}/services/asked/next`, { method: "POST" }),
				],
				getJson(`${server}/health`),
			]),
	};
}

async function statusOf(url: string, init?: RequestInit): Promise<number> {
	const response = await fetch(url, init);
	await response.body?.cancel();
	return response.status;
}

/** The routes that read a body by what a server says of itself. */
export async function documentedBodyRoutes(server: string): Promise<readonly string[]> {
	type Paths = Readonly<Record<string, Readonly<Record<string, { readonly requestBody?: unknown }>>>>;
	const { paths } = await getJson<{ readonly paths: Paths }>(`${server}/openapi.json`);
	return Object.entries(paths).flatMap(([path, operations]) =>
		Object.entries(operations).flatMap(([method, { requestBody }]) =>
			requestBody === undefined ? [] : [`${method.toUpperCase()} ${path}`],
		),
	);
}
