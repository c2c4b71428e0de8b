import { Hono } from "hono";
import markup from "../../console/index.html";
import script from "../../console/script.html";
import style from "../../console/style.html";
import words from "../../console/words.html";
import { isDevMode } from "../env.ts";
import sdk from "../generated/aerogram.js.txt";
import type { App } from "../http/types.ts";

/** What a page may load and reach: its own origin, nothing else. */
const contentSecurityPolicy = [
	"default-src 'none'",
	"script-src 'self' 'unsafe-inline'",
	"style-src 'unsafe-inline'",
	"connect-src 'self' ws: wss:",
	"img-src 'self' data:",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

/** The page as it is sent: one file, so that it needs nothing but itself and the SDK. */
const page = Object.entries({ style, words, script }).reduce(
	(whole, [name, part]) => whole.replace(`<!-- ${name}.html -->`, () => part),
	markup,
);

/** The page for people, the SDK for pages without a build, and the health of the server. */
export const pages = new Hono<App>()
	.get("/", (context) => {
		context.header("vary", "accept");
		if (prefersJson(context.req.header("accept") ?? "")) {
			return context.json({ name: "aerogram", exchange: "/v1/exchange", spaces: "/v1/spaces", sdk: "/aerogram.js" });
		}
		context.header("content-security-policy", contentSecurityPolicy);
		context.header("referrer-policy", "no-referrer");
		return context.html(page);
	})
	.get("/health", (context) => context.json({ status: "ok", mode: isDevMode(context.env) ? "dev" : "production" }))
	.get("/aerogram.js", (context) => context.body(sdk, 200, { "content-type": "text/javascript; charset=utf-8" }));

function prefersJson(accept: string): boolean {
	return accept.includes("application/json") && !accept.includes("text/html");
}
