import { describe, expect, test } from "vitest";
import { createApp } from "../../../worker/app.ts";
import type { Env } from "../../../worker/env.ts";
import { testSecret } from "../../helpers/signing.ts";

const listed = "https://app.example.com";
const evil = "https://evil.example";
const app = createApp({ origins: [listed] });
const deployed = { AEROGRAM_LOG: "failures", AEROGRAM_KEYS: `main:${testSecret}` } as unknown as Env;
const channel = "/v1/spaces/s/channels/c";

/** What a preflight asks for: a method, and headers that a page wants to send. */
const asks = (method: string, headers?: string) => ({
	"access-control-request-method": method,
	...(headers !== undefined && { "access-control-request-headers": headers }),
});

type Row = readonly [
	what: string,
	method: string,
	path: string,
	headers: Readonly<Record<string, string>>,
	status: number,
	readable: boolean,
];

/** Each request, what is answered, and whether a page of the origin may read that. */
const rows: readonly Row[] = [
	["a preflight of a POST", "OPTIONS", "/v1/exchange", { origin: listed, ...asks("POST", "content-type") }, 204, true],
	["a preflight with a token", "OPTIONS", channel, { origin: listed, ...asks("GET", "authorization") }, 204, true],
	[
		"a preflight of a PATCH",
		"OPTIONS",
		"/v1/spaces/s/collections/c/r",
		{ origin: listed, ...asks("PATCH") },
		204,
		true,
	],
	["a preflight of a DELETE", "OPTIONS", channel, { origin: listed, ...asks("DELETE", "if-match") }, 204, true],
	["a preflight where there is nothing", "OPTIONS", "/nothing", { origin: listed, ...asks("GET") }, 204, true],
	["a preflight of a path that is not canonical", "OPTIONS", "/health/", { origin: listed, ...asks("GET") }, 204, true],
	[
		"a preflight of the server's own page",
		"OPTIONS",
		channel,
		{ origin: "https://edge.example.com", ...asks("PUT") },
		204,
		true,
	],
	["a preflight of another origin", "OPTIONS", "/v1/exchange", { origin: evil, ...asks("POST") }, 403, false],
	["a preflight of null", "OPTIONS", "/v1/exchange", { origin: "null", ...asks("POST") }, 403, false],
	[
		"a preflight of another scheme",
		"OPTIONS",
		channel,
		{ origin: "http://app.example.com", ...asks("GET") },
		403,
		false,
	],
	["a preflight of this machine", "OPTIONS", channel, { origin: "http://localhost:3000", ...asks("GET") }, 403, false],
	["an OPTIONS of no page", "OPTIONS", "/health", {}, 204, false],
	["a GET", "GET", "/health", { origin: listed }, 200, true],
	["a HEAD", "HEAD", "/health", { origin: listed }, 200, true],
	["a GET of another origin", "GET", "/health", { origin: evil }, 403, false],
	["a GET of null", "GET", "/health", { origin: "null" }, 403, false],
	["a GET of no page", "GET", "/health", {}, 200, false],
	["a GET that is refused for its token", "GET", channel, { origin: listed }, 401, true],
	["a GET with a cookie", "GET", channel, { origin: listed, cookie: `token=main.${testSecret}` }, 401, true],
	["a POST where there is only GET", "POST", "/health", { origin: listed }, 405, true],
	["a GET of nothing", "GET", "/nothing", { origin: listed }, 404, true],
	["a path that is not canonical", "GET", "/health/", { origin: listed }, 301, true],
];

describe("a page of another origin", () => {
	test.each(rows)("sends %s: %s %s", async (_, method, path, headers, status, readable) => {
		const request = new Request(`https://edge.example.com${path}`, { method });
		for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
		const { status: answered, headers: said } = await app.fetch(request, deployed);
		expect(answered).toBe(status);
		expect(said.get("access-control-allow-origin")).toBe(readable ? (headers.origin ?? "") : null);
		// No cookie ever counts, so that no page can use what somebody else is logged in with.
		expect(said.get("access-control-allow-credentials")).toBeNull();
		expect([...said.values()]).not.toContain("*");
		expect(said.get("vary")).toMatch(/\bOrigin\b/);
		const preflight = status === 204 && "access-control-request-method" in headers;
		expect(said.get("access-control-allow-private-network")).toBeNull();
		if (preflight) {
			expect(said.get("access-control-max-age")).toBe("600");
			expect(said.get("access-control-allow-methods")).toBe("GET,HEAD,POST,PUT,PATCH,DELETE");
			expect(said.get("access-control-allow-headers")?.split(",")).toEqual([
				"authorization",
				"content-type",
				"idempotency-key",
				"if-lock",
				"if-match",
				"if-none-match",
				"last-event-id",
				"prefer",
			]);
		} else if (readable) {
			expect(said.get("access-control-expose-headers")).toBe("etag,link,location,retry-after,idempotency-replayed");
		}
	});
});

test("in dev mode a page of this machine may read, and no other", async () => {
	const dev = { AEROGRAM_LOG: "failures", AEROGRAM_DEV: "1" } as unknown as Env;
	const ask = async (origin: string) => {
		const response = await app.fetch(new Request("http://localhost:8787/health", { headers: { origin } }), dev);
		return [response.status, response.headers.get("access-control-allow-origin")];
	};
	expect(await ask("http://localhost:5173")).toEqual([200, "http://localhost:5173"]);
	expect(await ask("http://127.0.0.1:5173")).toEqual([200, "http://127.0.0.1:5173"]);
	for (const origin of [evil, "null", "http://192.168.1.5"]) expect(await ask(origin)).toEqual([403, null]);
});
