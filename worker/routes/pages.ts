import { Hono } from "hono";
import { etag } from "hono/etag";
import markup from "../../console/index.html";
import script from "../../console/script.html";
import style from "../../console/style.html";
import words from "../../console/words.html";
import { isDevMode } from "../env.ts";
import sdk from "../generated/aerogram.js.txt";
import sdkHttp from "../generated/aerogram-http.js.txt";
import sdkLive from "../generated/aerogram-live.js.txt";
import { greeting } from "../greeting.ts";
import { answer } from "../http/answer.ts";
import { answerPage, assemblePage } from "../http/html.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { serverOperations } from "../openapi/operations/server.ts";

const page = assemblePage(markup, { style, words, script });

/** Where everything is, for a program that knows nothing but the address. */
const service = {
	name: "aerogram",
	greeting,
	openapi: "/openapi.json",
	docs: "/docs",
	health: "/health",
	exchange: "/v1/exchange",
	spaces: "/v1/spaces",
	collections: "/v1/spaces/{space}/collections/{collection}",
	sdk: "/aerogram.js",
};

/** Of the modules of the SDK: whoever has one asks whether it is still the same. */
const moduleHeaders = { "content-type": "text/javascript; charset=utf-8", "cache-control": "no-cache" };

/** The page for people, the SDK for pages without a build, and the health of the server. */
export const pages = new Hono<App>()
	.get("/", describe(serverOperations.service), (context) => {
		context.header("vary", "accept");
		return wantsData(context.req.header("accept") ?? "")
			? answer(context, { status: 200, root: "service", value: service })
			: answerPage(context, page);
	})
	.get("/health", describe(serverOperations.health), (context) =>
		answer(context, {
			status: 200,
			root: "health",
			value: { status: "ok", mode: isDevMode(context.env) ? "dev" : "production" },
		}),
	)
	.get("/aerogram.js", describe(serverOperations.sdk), etag(), (context) => context.body(sdk, 200, moduleHeaders))
	.get("/aerogram-http.js", describe(serverOperations.sdkHttp), etag(), (context) =>
		context.body(sdkHttp, 200, moduleHeaders),
	)
	.get("/aerogram-live.js", describe(serverOperations.sdkLive), etag(), (context) =>
		context.body(sdkLive, 200, moduleHeaders),
	);

/** Whether someone names a format of data. Browsers name XML too, but HTML before it. */
function wantsData(accept: string): boolean {
	return /\bapplication\//i.test(accept) && !/\btext\/html\b/i.test(accept);
}
