import { Hono } from "hono";
import { isClientId } from "../../protocol/names.ts";
import { readPathName } from "../http/names.ts";
import { Problem, respond } from "../http/problem.ts";
import { listSpaces, spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";

/** The subprotocol of version 1 of the wire. */
const subprotocol = "aerogram.v1";
/** Most names in one list. */
const listLimit = 1_000;

/** The spaces: list, one, wipe, and the socket of each. */
export const spaces = new Hono<App>()
	.get("/", async (context) => {
		const names = await listSpaces(context.env, context.req.query("after") ?? "", listLimit);
		return context.json({ spaces: names, ...(names.length === listLimit && { next: names.at(-1) }) });
	})
	.get("/:space", async (context) => context.json(await spaceStub(context.env, readPathName(context, "space")).info()))
	.delete("/:space", async (context) => {
		await spaceStub(context.env, readPathName(context, "space")).wipe();
		return context.body(null, 204);
	})
	.get("/:space/socket", async (context) => {
		const space = readPathName(context, "space");
		if (context.req.header("upgrade")?.toLowerCase() !== "websocket") {
			throw new Problem("bad_request", "This is a WebSocket: connect with ws:// or wss://.");
		}
		const offered = (context.req.header("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
		const chosen = offered.includes(subprotocol) ? subprotocol : undefined;
		if (offered[0] !== "" && !chosen) {
			throw new Problem("unsupported", `This server speaks the subprotocol ${subprotocol}.`);
		}
		const client = context.req.query("client");
		if (client !== undefined && !isClientId(client)) {
			throw new Problem("bad_name", "client is letters, digits and . _ ~ -, at most 64 characters.");
		}
		const headers = new Headers({ upgrade: "websocket", "x-aerogram-principal": context.get("principal") });
		if (chosen) headers.set("sec-websocket-protocol", chosen);
		const url = new URL(context.req.url);
		const response = await spaceStub(context.env, space).fetch(`https://space/${url.search}`, { headers });
		return response.status === 101
			? response
			: respond(context, "space_full", "The space holds as many sockets as it may; come back later.");
	});
