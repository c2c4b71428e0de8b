import { Hono } from "hono";
import { admitConnection } from "../http/connect-hook.ts";
import { readPathName } from "../http/names.ts";
import { need } from "../http/rights.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { liveOperations } from "../openapi/operations/live.ts";
import { eventStreamHead, readWait, wantsEvents } from "../streams/requests.ts";
import { answerEvents, streamEvents } from "../streams/space-events.ts";

/** Many channels of a space at once: as an event stream, or by long-poll. */
export const events = new Hono<App>().get("/", describe(liveOperations.events), async (context) => {
	const space = readPathName(context, "space");
	for (const name of context.req.queries("channel") ?? [])
		need(context, "subscribe", { space, kind: "channels", name });
	if (!wantsEvents(context)) {
		await admitConnection(context, { space, door: "poll" });
		return answerEvents(context, space, readWait(context) ?? 0);
	}
	if (context.req.method === "HEAD") return eventStreamHead(context);
	await admitConnection(context, { space, door: "stream" });
	return streamEvents(context, space);
});
