import { describe, expect, test } from "vitest";
import { createApp } from "../../../worker/app.ts";
import type { Env } from "../../../worker/env.ts";
import { readOrigins } from "../../../worker/http/origins.ts";
import { Problem } from "../../../worker/http/problem.ts";
import { testSecret } from "../../helpers/signing.ts";

const listed = "https://app.example.com";
// The first letter of the last part is Cyrillic.
const lookAlike = "https://app.еxample.com";
const app = createApp({ origins: [listed] });

/** What a browser sends with a WebSocket; who it is for, a page may say in the first envelope. */
const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };

/** An environment whose spaces note that they were asked. */
function environment(more: Partial<Env>) {
	let asked = 0;
	const SPACES = {
		idFromName: (name: string) => name,
		get: () => {
			asked += 1;
			throw new Problem("not_found", "This one is never made.");
		},
	};
	const DIRECTORY = { idFromName: () => "", get: () => ({ knows: () => Promise.resolve(true) }) };
	return {
		env: {
			SPACES,
			DIRECTORY,
			AEROGRAM_LOG: "failures",
			AEROGRAM_KEYS: `main:${testSecret}`,
			...more,
		} as unknown as Env,
		asked: () => asked,
	};
}

/** Each origin, and whether its page may connect to https://edge.example.com, and in dev mode to http://localhost:8787. */
const rows: readonly (readonly [what: string, origin: string, deployed: boolean, dev: boolean])[] = [
	["one that is listed", listed, true, true],
	["the server's own", "https://edge.example.com", true, false],
	["one that begins alike", "https://app.example.com.evil.example", false, false],
	["one that ends alike", "https://evil-app.example.com", false, false],
	["one that looks alike in Unicode", lookAlike, false, false],
	["the same in Punycode", new URL(lookAlike).origin, false, false],
	["null, of a sandboxed frame", "null", false, false],
	["a file", "file://", false, false],
	["one with a trailing dot", "https://app.example.com.", false, false],
	["another port", "https://app.example.com:8443", false, false],
	["another scheme", "http://app.example.com", false, false],
	["a user before it", "https://app.example.com@evil.example", false, false],
	["upper case", "https://APP.example.com", false, false],
	["a slash after it", `${listed}/`, false, false],
	["two of them", `${listed}, https://evil.example`, false, false],
	["the server's own, changed on its way", "http://edge.example.com", false, false],
	["this machine", "http://localhost:3000", false, true],
	["a name that begins with this machine", "http://localhost.evil.example", false, false],
];

describe("a socket that a page opens is refused before anything else, or goes on", () => {
	for (const [mode, url, variables] of [
		["deployed", "https://edge.example.com", {}],
		["in dev mode", "http://localhost:8787", { AEROGRAM_DEV: "1" }],
	] as const) {
		test.each(rows)(`${mode}, from %s: %s`, async (_, origin, deployed, dev) => {
			const { env, asked } = environment(variables);
			// As a runtime hands over what is beyond ASCII: by its UTF-8.
			const sent = Buffer.from(origin).toString("latin1");
			const request = new Request(`${url}/v1/spaces/s/socket`, { headers: upgrade });
			request.headers.set("origin", sent);
			const response = await app.fetch(request, env);
			const allowed = mode === "deployed" ? deployed : dev;
			expect([response.status, asked()]).toEqual(allowed ? [404, 1] : [403, 0]);
			expect(response.headers.get("access-control-allow-origin")).toBe(allowed ? origin : null);
			if (!allowed) expect(await response.json()).toMatchObject({ code: "forbidden" });
		});
	}
});

test("who sends no Origin is no page, and comes in by what it shows alone", async () => {
	const request = (headers: Record<string, string>) =>
		new Request("https://edge.example.com/v1/spaces/s/channels/c", { headers });
	const { env, asked } = environment({});
	expect((await app.fetch(request({}), env)).status).toBe(401);
	expect(asked()).toBe(0);
});

describe("the list of origins", () => {
	test.each([
		"null",
		"*",
		"file://",
		"https://*.example.com",
		"https://app.example.com/",
		"https://app.example.com:443",
		"https://App.example.com",
		"https://user@app.example.com",
		"https://приклад.example",
		"app.example.com",
		"",
	])("may not hold %j: the server says so when it starts", (origin) => {
		expect(() => readOrigins({ origins: [origin] })).toThrow(/^aerogram\.config\.ts: origins: .* is no origin/);
	});

	test("may hold any that a browser sends, also of an app", () => {
		const origins = [listed, "http://localhost:3000", "https://xn--mgbh0fb.example", "chrome-extension://abcdefgh"];
		expect(() => readOrigins({ origins })).not.toThrow();
	});
});
