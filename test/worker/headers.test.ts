import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createApp } from "../../worker/app.ts";
import type { Env } from "../../worker/env.ts";
import { below, pathOf, requestOf, routesOf, standingHeaders } from "../helpers/headers.ts";
import { freshSpace } from "./space.ts";

const app = createApp();
const { name } = freshSpace();

/** What may be kept by who asked, who asks again each time. All else below /v1 may not. */
const kept = [
	"GET /v1/spaces/:space/collections/:collection/:id",
	"GET /v1/spaces/:space/channels/:channel/messages/:seq",
];

// PUT before GET, so that there is something to be had.
const rank = ["PUT", "POST", "PATCH", "GET", "DELETE"];
const routes = routesOf(app)
	.filter(([, path]) => path.startsWith("/v1/"))
	.sort(([one], [other]) => rank.indexOf(one) - rank.indexOf(other));

test("there are routes, and those that are named above are among them", () => {
	expect(routes.length).toBeGreaterThan(25);
	expect(routes.map((route) => route.join(" "))).toEqual(expect.arrayContaining(kept));
});

test.each(routes)(
	"the headers of what %s %s answers say that nobody else keeps, sniffs or runs it",
	async (method, path) => {
		const response = await app.fetch(requestOf(method, pathOf(path, name)), env as unknown as Env);
		const caching = kept.includes(`${method} ${path}`) && response.status < 400 ? "private, no-cache" : "no-store";
		expect(await standingHeaders(response)).toEqual({ ...below, "cache-control": caching });
	},
);

test("nowhere does an answer repeat the Host, or a header that it was sent", async () => {
	const sent = { "x-forwarded-host": "told.example", "x-forwarded-proto": "told", referer: "https://told.example/" };
	for (const [method, path] of routesOf(app)) {
		for (const target of [pathOf(path, name), `${pathOf(path, name)}/`, `${pathOf(path, name)}/nothing`]) {
			const response = await app.fetch(requestOf(method, target, sent), env as unknown as Env);
			const said = `${JSON.stringify([...response.headers])}${response.status < 400 ? "" : await response.text()}`;
			expect(said).not.toMatch(/app\.localhost|told/);
		}
	}
});
