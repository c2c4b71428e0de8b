import { type Context, Hono } from "hono";
import type { Identity } from "../../protocol/identity.ts";
import { isClientId } from "../../protocol/names.ts";
import { frameFormatOf, subprotocols } from "../../protocol/subprotocols.ts";
import { offeredSubprotocols } from "../auth/credentials.ts";
import { readJsonText } from "../http/body.ts";
import { admitConnection, hasConnectHook } from "../http/connect-hook.ts";
import { readClient, readPathName } from "../http/names.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { isUpgrade, type Stranger, turnAway } from "../http/strangers.ts";
import { isKnownSpace, spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { liveOperations } from "../openapi/operations/live.ts";
import { upgradeHeaders } from "../space/upgrade.ts";
import { pollFrames } from "../streams/frame-poll.ts";
import { streamFrames } from "../streams/frame-stream.ts";
import { eventStreamHead, readWait, refusedConnection, wantsEvents } from "../streams/requests.ts";

/** The wire of a space: a WebSocket, or, for clients that have none, an event stream with POSTs, or long-polls. */
export const socket = new Hono<App>()
	.get("/", describe(liveOperations.connect), async (context) => {
		const space = readPathName(context, "space");
		const client = readClient(context);
		if (isUpgrade(context.req.raw)) {
			const stranger = context.get("stranger");
			if (stranger) return receive(context, stranger, space, client);
			await admitConnection(context, { space, client, door: "socket" });
			return upgrade(context, space, client, context.get("identity"));
		}
		if (!wantsEvents(context)) {
			throw new Problem(
				"bad_request",
				"This is a WebSocket: connect with ws:// or wss://, or ask for an event stream with Accept: text/event-stream.",
			);
		}
		if (context.req.method === "HEAD") return eventStreamHead(context);
		await admitConnection(context, { space, client, door: "stream" });
		return streamFrames(context, space, client);
	})
	.post("/", describe(liveOperations.send), async (context) => {
		const space = readPathName(context, "space");
		const client = readClient(context);
		const connection = context.req.query("connection");
		const wait = readWait(context);
		const poll = readPoll(context);
		if (connection !== undefined && (wait ?? poll) !== undefined) {
			throw new Problem(
				"bad_request",
				"Give connection or wait: the answers come down its stream, or with this request.",
			);
		}
		const text = await readJsonText(context);
		if (connection === undefined) {
			await admitConnection(context, { space, client, door: "poll" });
			return pollFrames(context, { space, client, poll }, text, wait ?? 0);
		}
		const principal = context.get("principal");
		const request = { principal, client: client ?? connection, connection, text };
		const outcome = await spaceStub(context.env, space).frame(request);
		if (outcome === "taken") return context.body(null, 202);
		if (outcome === "replaced") throw new Problem("replaced", "This client has another connection now.");
		throw new Problem("not_found", "No such connection stands: open another.");
	});

/**
 * Lets somebody connect of whom it is not known who they are. Who shows nothing may say so by a first `auth`; but an application that
 * looks at who connects cannot be passed by, and nobody makes a space without saying who they are. Who shows something that does not count is told so by the socket, where a browser
 * would not see the answer to its handshake.
 */
async function receive(context: Context<App>, { fault, shown }: Stranger, space: string, client: string | undefined) {
	if (shown === "subprotocol") return turnAway(chosenOf(context), fault);
	if (shown !== "nothing" || hasConnectHook || !(await isKnownSpace(context.env, space))) throw problemOf(fault);
	return upgrade(context, space, client, undefined);
}

async function upgrade(
	context: Context<App>,
	space: string,
	client: string | undefined,
	identity: Identity | undefined,
): Promise<Response> {
	const chosen = chosenOf(context);
	const headers = upgradeHeaders(identity);
	if (chosen !== undefined) headers.set("sec-websocket-protocol", chosen);
	const query = client === undefined ? "" : `?client=${encodeURIComponent(client)}`;
	const response = await spaceStub(context.env, space).fetch(`https://space/${query}`, { headers });
	if (response.status !== 101) throw refusedConnection(response.status);
	return response;
}

/** The subprotocol that is taken of those that are offered. Throws a `Problem` (`unsupported`). */
function chosenOf(context: Context<App>): string | undefined {
	const offered = offeredSubprotocols(context.req.raw);
	const chosen = offered.find((name) => frameFormatOf(name) !== undefined);
	if (offered.length > 0 && !chosen) {
		throw new Problem("unsupported", `This server speaks ${Object.values(subprotocols).join(" and ")}.`);
	}
	return chosen;
}

function readPoll(context: Context<App>): string | undefined {
	const poll = context.req.query("poll");
	if (poll === undefined || isClientId(poll)) return poll;
	throw new Problem("bad_request", "poll is new, or the connection that the first welcome named.");
}
