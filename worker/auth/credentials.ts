import { fail, type Result, succeed } from "../../protocol/result.ts";
import { bearerSubprotocol } from "../../protocol/tokens.ts";

/** What a request shows to say who it is for. */
export type Credential = { readonly kind: "bearer" | "ticket"; readonly text: string };

/**
 * The key, token or ticket that a request shows. A key or token comes by `Authorization: Bearer …`, or, because a browser's WebSocket takes no header, by the
 * subprotocol `bearer.<token>` of an upgrade; a ticket by the query, which may hold nothing that counts longer. Undefined where it shows none. The fault is `unauthorized`.
 */
export function readCredential(request: Request): Result<Credential | undefined> {
	const header = request.headers.get("authorization");
	const offered = request.headers.get("upgrade") === null ? [] : offeredSubprotocols(request);
	const bearers = offered.filter((name) => name.startsWith(bearerSubprotocol));
	const tickets = new URL(request.url).searchParams.getAll("ticket");
	const shown = (header === null ? 0 : 1) + bearers.length + tickets.length;
	if (shown > 1) return fail("unauthorized", "Show one key, token or ticket, not several.");
	const [ticket] = tickets;
	if (ticket !== undefined) return succeed({ kind: "ticket", text: ticket });
	const [subprotocol] = bearers;
	if (subprotocol !== undefined) return succeed({ kind: "bearer", text: subprotocol.slice(bearerSubprotocol.length) });
	if (header === null) return succeed(undefined);
	const [, credential] = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header) ?? [];
	return credential === undefined
		? fail("unauthorized", "Authorization reads: Bearer <token>, or Bearer <id>.<secret> of a key.")
		: succeed({ kind: "bearer", text: credential });
}

/** The subprotocols that an upgrade offers (RFC 6455, section 11.3.4), in its order. */
export function offeredSubprotocols(request: Request): readonly string[] {
	const header = request.headers.get("sec-websocket-protocol") ?? "";
	return header
		.split(",")
		.map((name) => name.trim())
		.filter((name) => name !== "");
}
