import { describe, expect, test } from "vitest";
import { createApp } from "../../../worker/app.ts";
import type { Env } from "../../../worker/env.ts";
import { below, common, page, pathOf, requestOf, routesOf, standingHeaders } from "../../helpers/headers.ts";
import { testSecret } from "../../helpers/signing.ts";

const app = createApp();
const quiet = { AEROGRAM_LOG: "failures" };
const dev = { ...quiet, AEROGRAM_DEV: "1" } as Env;
const closed = { ...quiet, AEROGRAM_KEYS: `main:${testSecret}` } as Env;

async function headersOf(request: Request, env: Env): Promise<Record<string, string>> {
	return standingHeaders(await app.fetch(request, env));
}

describe("the headers of what everybody may have", () => {
	const fresh = { ...common, "cache-control": "no-cache" };
	test.each([
		["/", page],
		["/docs", { ...page, "cache-control": "no-cache" }],
		["/health", common],
		["/openapi.json", fresh],
		["/aerogram.js", fresh],
		["/aerogram-http.js", fresh],
		["/aerogram-live.js", fresh],
	])("%s", async (path, expected) => {
		expect(await headersOf(requestOf("GET", path), dev)).toEqual(expected);
		expect(await headersOf(requestOf("GET", path), closed)).toEqual(expected);
	});

	test("and there is nothing else beyond /v1", () => {
		const beyond = routesOf(app).filter(([, path]) => !path.startsWith("/v1/"));
		expect(beyond.length).toBe(7);
	});
});

test.each(routesOf(app).filter(([, path]) => path.startsWith("/v1/")))(
	"the headers of the refusal of %s %s, to who shows nothing",
	async (method, path) => {
		const refused = await headersOf(requestOf(method, pathOf(path, "s")), closed);
		expect(refused).toEqual({ ...below, "www-authenticate": "Bearer" });
	},
);

test("the headers of what is nothing, not allowed, somewhere else, or asked by a page or a name that may not", async () => {
	expect(await headersOf(requestOf("GET", "/nothing"), dev)).toEqual(below);
	expect(await headersOf(requestOf("DELETE", "/health"), dev)).toEqual({ ...below, allow: "GET, HEAD, OPTIONS" });
	expect(await headersOf(requestOf("GET", "/health/"), dev)).toEqual(common);
	expect(await headersOf(requestOf("GET", "/v1/spaces/"), dev)).toEqual(below);
	const { "access-control-expose-headers": _, ...unread } = below;
	expect(await headersOf(requestOf("GET", "/health", { origin: "https://evil.example" }), dev)).toEqual(unread);
	expect(await headersOf(requestOf("GET", "/health", { host: "evil.example" }), dev)).toEqual(unread);
});

test("a page runs no script but those that stand in it: each is named by its digest", async () => {
	const response = await app.fetch(requestOf("GET", "/", { accept: "text/html" }), dev);
	const policy = response.headers.get("content-security-policy") ?? "";
	const scripts = [...(await response.text()).matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
	expect(scripts.length).toBeGreaterThan(0);
	for (const script of scripts) {
		const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(`${script}`))).toString("base64");
		expect(policy).toContain(`'sha256-${digest}'`);
	}
	expect(policy).not.toMatch(/script-src[^;]*unsafe/);
});
