import { tokenLimits } from "../../protocol/auth-limits.ts";
import { writeBase64Url } from "../../protocol/codec/base64url.ts";
import { isFields } from "../../protocol/codec/fields.ts";
import type { Json } from "../../protocol/envelopes.ts";
import type { Identity } from "../../protocol/identity.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import { directories } from "../directory/directories.ts";
import { durationsOf, type Env } from "../env.ts";
import { digestOf } from "./digest.ts";

/** A ticket that was made. */
export interface MadeTicket {
	readonly ticket: string;
	/** The path and query that were asked for, with the ticket. */
	readonly url: string;
	/** When it ends, in milliseconds since 1970. */
	readonly expires: number;
}

/** How a ticket looks: 32 random bytes. */
const ticketPattern = /^[A-Za-z0-9_-]{43}$/;

/** A path of a space, with a query; nothing that a URL would be read as another place. */
const pathPattern = /^\/v1\/spaces\/[^?#\\\s]+(?:\?[^#\\\s]*)?$/;

/**
 * Makes a ticket for what a body asks: who cannot set a header, as a browser's WebSocket and EventSource, shows it in the URL. One
 * for a socket opens it once, within a minute; one for an event stream as often as it is shown, until the token of who asks
 * ends. What it opens, it opens for that one. The fault is `bad_request`.
 */
export async function makeTicket(env: Env, identity: Identity, body: Json, now: number): Promise<Result<MadeTicket>> {
	const path = isFields(body) ? body.path : undefined;
	if (typeof path !== "string" || path.length > tokenLimits.length || !pathPattern.test(path)) {
		return fail(
			"bad_request",
			'A ticket is asked for by {"path": …}: the path of a socket or an event stream, from /v1/spaces/ on.',
		);
	}
	const url = new URL(path, "https://any.example");
	if (!url.pathname.startsWith("/v1/spaces/")) return fail("bad_request", "The path leads elsewhere.");
	if (url.searchParams.has("ticket")) return fail("bad_request", "The path has a ticket already.");
	const opens = url.pathname.endsWith("/socket") ? "socket" : "stream";
	const ends = identity.ends ?? now + tokenLimits.defaultSeconds * 1_000;
	const expires = opens === "socket" ? Math.min(ends, now + durationsOf(env).ticket) : ends;
	const ticket = writeBase64Url(crypto.getRandomValues(new Uint8Array(32)));
	const digest = await digestText(ticket);
	// What it opens ends with it: a key that asks for a stream has no end of its own.
	const opened = opens === "stream" ? { ...identity, ends } : identity;
	await directories(env)(digest).keepTicket(digest, { identity: opened, path: url.pathname, opens, expires });
	url.searchParams.append("ticket", ticket);
	return succeed({ ticket, url: `${url.pathname}${url.search}`, expires });
}

/** For whom a request that shows a ticket is. The fault is `unauthorized`. */
export async function useTicket(env: Env, request: Request, ticket: string): Promise<Result<Identity>> {
	const wanted = wantedBy(request);
	if (!wanted) return refuse("A ticket opens a socket or an event stream; for anything else show the token.");
	if (!ticketPattern.test(ticket)) return refuse(gone);
	const digest = await digestText(ticket);
	const used = await directories(env)(digest).useTicket(digest);
	if (!used) return refuse(gone);
	if (used.opens !== wanted || used.path !== new URL(request.url).pathname)
		return refuse("The ticket is for another path.");
	return succeed(used.identity);
}

const gone = "The ticket was used, has ended, or never was.";

function wantedBy({ method, headers }: Request): "socket" | "stream" | undefined {
	if (method !== "GET") return undefined;
	if (headers.get("upgrade")?.toLowerCase() === "websocket") return "socket";
	return headers.get("accept")?.includes("text/event-stream") ? "stream" : undefined;
}

async function digestText(ticket: string): Promise<string> {
	return writeBase64Url(await digestOf(ticket));
}

function refuse(message: string) {
	return fail("unauthorized", message);
}
