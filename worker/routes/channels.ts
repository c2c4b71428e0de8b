import { Hono } from "hono";
import { readChannel, readPathName } from "../http/names.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";

/** Most names in one list. */
const listLimit = 1_000;

/** The channels of a space: list, one, purge. */
export const channels = new Hono<App>()
	.get("/", async (context) => {
		const after = context.req.query("after") ?? "";
		const names = await spaceStub(context.env, readPathName(context, "space")).channels(after, listLimit);
		return context.json({ channels: names, ...(names.length === listLimit && { next: names.at(-1) }) });
	})
	.get("/:channel", async (context) => {
		const { space, channel } = readChannel(context);
		const info = await spaceStub(context.env, space).channel(channel);
		context.header("etag", `"${info.epoch}:${info.head}"`);
		return context.json(info);
	})
	.delete("/:channel", async (context) => {
		const { space, channel } = readChannel(context);
		await spaceStub(context.env, space).purge(channel);
		return context.body(null, 204);
	});
