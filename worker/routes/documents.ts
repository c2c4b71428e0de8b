import { Hono } from "hono";
import { etag } from "hono/etag";
import config from "../../aerogram.config.ts";
import markup from "../../console/docs.html";
import parts from "../../console/docs-parts.html";
import script from "../../console/docs-script.html";
import docsStyle from "../../console/docs-style.html";
import trying from "../../console/docs-try.html";
import style from "../../console/style.html";
import { answerPage, assemblePage } from "../http/html.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { type DescribedRoute, openApiDocument } from "../openapi/document.ts";
import { serverOperations } from "../openapi/operations/server.ts";

const page = assemblePage(markup, {
	style,
	"docs-style": docsStyle,
	"docs-parts": parts,
	"docs-try": trying,
	"docs-script": script,
});

/** The OpenAPI document of these routes, and the page that shows it. */
export function documents(routes: readonly DescribedRoute[]): Hono<App> {
	let text: string | undefined;
	return new Hono<App>()
		.get("/openapi.json", describe(serverOperations.openApi), etag(), (context) => {
			// Written at the first request: only then all routes are there.
			text ??= `${JSON.stringify(openApiDocument(routes, config.contract))}\n`;
			return context.body(text, 200, { "content-type": "application/json", "cache-control": "no-cache" });
		})
		.get("/docs", describe(serverOperations.docs), etag(), (context) => {
			context.header("cache-control", "no-cache");
			return answerPage(context, page);
		});
}
