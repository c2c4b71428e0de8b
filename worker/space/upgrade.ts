import type { Identity } from "../../protocol/identity.ts";
import { frameFormatOf } from "../../protocol/subprotocols.ts";
import type { Connection } from "./parts/sockets/session.ts";

/** What a poller calls itself before its first answer has given it a name. */
export const newPoller = "new";

/** What asks a space for a socket that speaks for somebody; for nobody yet, where a first `auth` is to say for whom. */
export function upgradeHeaders(identity: Identity | undefined): Headers {
	const headers = new Headers({ upgrade: "websocket" });
	// A header's value is Latin-1, and a name of a subject may be anything.
	if (identity) headers.set("x-aerogram-identity", encodeURIComponent(JSON.stringify(identity)));
	return headers;
}

/** Who is on a new socket: what the Worker, which has checked it, says in the upgrade. */
export function readUpgrade(request: Request): { readonly connection: Connection; readonly identity?: Identity } {
	const id = crypto.randomUUID();
	const poll = request.headers.get("x-aerogram-poll");
	const format = frameFormatOf(request.headers.get("sec-websocket-protocol") ?? "");
	const said = request.headers.get("x-aerogram-identity");
	return {
		connection: {
			client: new URL(request.url).searchParams.get("client") ?? id,
			connection: id,
			...(format && { format }),
			...(request.headers.get("x-aerogram-held") === "1" && { held: true }),
			...(poll !== null && { poll: poll === newPoller ? id : poll }),
		},
		...(said !== null && { identity: JSON.parse(decodeURIComponent(said)) as Identity }),
	};
}
