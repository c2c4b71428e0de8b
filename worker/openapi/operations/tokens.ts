import { revocationLimits, tokenLimits } from "../../../protocol/auth-limits.ts";
import { durations } from "../../../protocol/limits.ts";
import type { Operation } from "../describe.ts";
import { inHours, inSeconds } from "../written.ts";

// A socket may be opened until the last edge has heard; the spaces are told again after that.
const revokedWithin = (revocationLimits.checkSeconds + revocationLimits.againSeconds) * 1_000;

/** What the paths of tokens and tickets do. */
export const tokenOperations = {
	mint: {
		id: "mintToken",
		tag: "tokens",
		summary: "Mint a token for a client",
		description:
			"With a key of `AEROGRAM_KEYS`, which signs it: a token cannot mint another. It never allows more than the key may do. " +
			"Nothing is stored; sent again, it is another token.",
		body: {
			schema: "TokenRequest",
			example: {
				sub: "user:42",
				ttl: 3600,
				capabilities: [{ allow: ["publish", "subscribe", "history"], on: "team-42/channels/chat:*" }],
			},
		},
		answers: { 200: { description: "The token.", schema: "Token" } },
	},
	ticket: {
		id: "makeTicket",
		tag: "tokens",
		summary: "Make a ticket for a URL",
		description:
			"For who cannot send `Authorization`: the WebSocket and the EventSource of a browser. A ticket for a socket opens it once, " +
			`within ${inSeconds(durations.ticket)}. ` +
			"One for an event stream opens that path as often as it is shown, because an EventSource comes back to the " +
			"same URL, until the token of who asks ends; " +
			`${inHours(tokenLimits.defaultSeconds * 1_000)}, where a key asks. ` +
			"It opens it for whom it was made.",
		body: { schema: "TicketRequest", example: { path: "/v1/spaces/team-42/channels/chat:main/messages" } },
		answers: { 200: { description: "The ticket.", schema: "Ticket" } },
	},
	revoke: {
		id: "revoke",
		tag: "tokens",
		summary: "Revoke tokens or a key",
		description:
			"Of a principal (`sub`), everything that was issued until now; a key (`key`), with all that it ever signed; or one token " +
			`(\`jti\`). Within ${inSeconds(revokedWithin)} ` +
			"it is refused everywhere, and its sockets and streams are closed. Needs `admin` on everything. A key " +
			"stays revoked: take it out of `AEROGRAM_KEYS`, and give the next one another id.",
		body: { schema: "RevocationRequest", example: { sub: "user:42" } },
		answers: { 200: { description: "It is revoked.", schema: "Revocation" } },
	},
	erase: {
		id: "erase",
		tag: "tokens",
		summary: "Erase a principal",
		description:
			"In one space, or in all: its messages are from `erased`, it is no member of anything, and the records that it owns are " +
			"deleted: those whose id is its name, or begins with it and `:`. What it wrote into messages and other records stays. " +
			"Revoke it first, or it goes on. Needs `admin` on all of the space, or on everything. One request does a part " +
			"of it: while it is answered with 202, send the same again with `next` as `after`. What was begun anew does no harm. " +
			"Of all spaces, one that fails is passed by and named in `failed`, with 200 as with 202: it is erased by a request of its own, " +
			"with its name as `space`. Where all fails from the beginning, the request does.",
		body: { schema: "ErasureRequest", example: { sub: "user:42", space: "default" } },
		answers: {
			200: { description: "It is erased, except in the spaces that an answer named as `failed`.", schema: "Erasure" },
			202: { description: "Some of it is erased: `next` says where to go on.", schema: "Erasure" },
		},
		problems: ["bad_name"],
	},
} satisfies Record<string, Operation>;
