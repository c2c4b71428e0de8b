import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "../../tools/chromium.ts";
import { type LocalServer, serveHere } from "../helpers/server.ts";
import { launchChromium, visit } from "../helpers/visit.ts";

// In CI a missing Chromium is an error of vitest.config.ts; elsewhere these count as skipped.
describe.skipIf(findChromium() === undefined)("a page without a build, with the SDK that the server serves", () => {
	let server: LocalServer;
	let browser: Browser;
	beforeAll(async () => {
		[server, browser] = await Promise.all([serveHere(), launchChromium()]);
	});
	afterAll(async () => {
		await browser?.close();
		await server?.stop();
	});

	test.each([
		["a WebSocket where nothing is said", "", "websocket", false],
		["an event stream that is wanted", '{ transport: "sse" }', "eventsource", true],
		["an event stream where there is no WebSocket", "void delete globalThis.WebSocket", "eventsource", true],
		["long-poll that is wanted", '{ transport: "long-poll" }', "poll", true],
	])(
		"publishes and subscribes over %s, and loads /aerogram-http.js only when it needs it",
		async (_, options, way, loads) => {
			await using visitor = await visit(browser, `${server.url}/docs`);
			const ways = new Set<string>();
			const paths = new Set<string>();
			visitor.page.on("websocket", () => ways.add("websocket"));
			visitor.page.on("request", (request) => {
				const { pathname, searchParams } = new URL(request.url());
				paths.add(pathname);
				if (request.headers().accept === "text/event-stream") ways.add("eventsource");
				if (searchParams.has("poll")) ways.add("poll");
			});
			// As text: nothing of the tests' own tools may get into the page.
			const seen: unknown = await visitor.page.evaluate(`(async () => {
			const { Aerogram } = await import("/aerogram.js");
			const client = new Aerogram(location.origin, ${options || "{}"});
			const channel = client.space("page").channel("way-${way}-${loads}-${options.length}");
			const subscription = channel.subscribe();
			await subscription.ready;
			await Promise.all(["你好", 2, null].map((data) => channel.publish(data)));
			const seen = [];
			for await (const { data } of subscription) if (seen.push(data) === 3) break;
			client.close();
			return seen;
		})()`);
			expect(seen).toEqual(["你好", 2, null]);
			expect([...ways]).toEqual([way]);
			expect(paths.has("/aerogram-http.js")).toBe(loads);
			expect(visitor.takeProblems()).toEqual([]);
		},
	);
});
