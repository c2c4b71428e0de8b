import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import type { Json, ServerEnvelope } from "../../protocol/envelopes.ts";

type Welcome = Extract<ServerEnvelope, { type: "welcome" }>;

/** A client in Node that speaks the wire by hand. */
export interface Wire {
	/** Called with the envelopes of each frame, besides whoever asked for them. */
	onEnvelopes: (envelopes: readonly ServerEnvelope[]) => void;
	readonly closed: Promise<number>;
	/** What the server said first. */
	readonly welcome: Welcome;
	send(frame: Json): void;
	/** Sends an envelope with a `ref` and resolves to its answer. */
	ask(envelope: { readonly [key: string]: Json } & { readonly ref: number }): Promise<ServerEnvelope>;
	close(): void;
}

/** Connects to a space; resolves at `welcome`. */
export async function connectWire(url: string, space: string, client: string): Promise<Wire> {
	const target = new URL(`/v1/spaces/${space}/socket?client=${client}`, url.replace(/^http/, "ws"));
	const socket = new WebSocket(target, "aerogram.v1");
	const answers = new Map<number, (envelope: ServerEnvelope) => void>();
	const { promise: closed, resolve: onClosed } = Promise.withResolvers<number>();
	const { promise: welcomed, resolve: onWelcome, reject } = Promise.withResolvers<Welcome>();
	const wire = {
		onEnvelopes: (_: readonly ServerEnvelope[]): void => {},
		closed,
		send: (frame: Json) => socket.send(JSON.stringify(frame)),
		ask: (envelope: Parameters<Wire["ask"]>[0]) =>
			new Promise<ServerEnvelope>((resolve) => {
				answers.set(envelope.ref, resolve);
				socket.send(JSON.stringify(envelope));
			}),
		close: () => socket.close(),
	};
	socket.addEventListener("error", () => reject(new Error("the socket did not open")));
	socket.addEventListener("close", (event) => onClosed(event.code));
	socket.addEventListener("message", (event) => {
		const decoded = decodeServerFrame(String(event.data));
		if (!decoded.ok) return;
		for (const envelope of decoded.value) {
			if (envelope.type === "welcome") onWelcome(envelope);
			if (!("ref" in envelope) || envelope.ref === undefined) continue;
			answers.get(envelope.ref)?.(envelope);
			answers.delete(envelope.ref);
		}
		wire.onEnvelopes(decoded.value);
	});
	return Object.assign(wire, { welcome: await welcomed });
}
