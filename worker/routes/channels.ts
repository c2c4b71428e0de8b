import { Hono } from "hono";
import { requestLimits } from "../../protocol/limits.ts";
import { answer } from "../http/answer.ts";
import { readChannel, readPathName } from "../http/names.ts";
import { problemOf } from "../http/problem.ts";
import { lackOf, need, needAll } from "../http/rights.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { channelOperations } from "../openapi/operations/channels.ts";

/** The channels of a space: list, one, purge. */
export const channels = new Hono<App>()
	.get("/", describe(channelOperations.list), async (context) => {
		const space = readPathName(context, "space");
		needAll(context, "admin", `${space}/channels/**`);
		const after = context.req.query("after") ?? "";
		const names = await spaceStub(context.env, space).channels(after, requestLimits.listed);
		const next = names.length === requestLimits.listed ? names.at(-1) : undefined;
		return answer(context, { status: 200, root: "channels", value: { channels: names, ...(next && { next }) } });
	})
	.get("/:channel", describe(channelOperations.read), async (context) => {
		const { space, channel } = readChannel(context);
		const place = { space, kind: "channels", name: channel } as const;
		const lack = lackOf(context, "history", place) && lackOf(context, "subscribe", place);
		if (lack) throw problemOf(lack);
		const { occupancy, ...info } = await spaceStub(context.env, space).channel(channel);
		const headers = { etag: `"${info.epoch}:${info.head}"` };
		const value = lackOf(context, "occupants", place) ? info : { ...info, occupancy };
		return answer(context, { status: 200, root: "channel", value: { ...value }, headers });
	})
	.delete("/:channel", describe(channelOperations.purge), async (context) => {
		const { space, channel } = readChannel(context);
		need(context, "admin", { space, kind: "channels", name: channel });
		await spaceStub(context.env, space).purge(channel);
		return context.body(null, 204);
	});
