import type { Context } from "hono";
import { encodeServer } from "../../protocol/codec/serving.ts";
import { errorRow } from "../../protocol/errors.ts";
import { streams } from "../../protocol/limits.ts";
import { durationsOf } from "../env.ts";
import type { App } from "../http/types.ts";
import { EventStream, writeEvent } from "./event-stream.ts";
import { HeldSocket } from "./held-socket.ts";
import { eventStreamHeaders } from "./requests.ts";

/**
 * Opens a client's connection as an event stream: each event is one frame of the server. It ends when the socket does; its
 * client comes back as after any lost connection. Throws a `Problem` (`space_full`).
 */
export async function streamFrames(
	context: Context<App>,
	space: string,
	client: string | undefined,
): Promise<Response> {
	const { env, req } = context;
	let held: HeldSocket | undefined;
	const stream = new EventStream(durationsOf(env), Math.random, req.raw.signal, () => held?.close());
	const target = { space, identity: context.get("identity"), ...(client !== undefined && { client }), beside: false };
	try {
		held = await HeldSocket.open(env, target, {
			frame(text) {
				stream.write(writeEvent({ data: text }));
				if (stream.waiting <= streams.waitingMost) return;
				const message = errorRow("slow_consumer").title;
				stream.write(writeEvent({ data: encodeServer({ type: "bye", code: "slow_consumer", message }) }));
				stream.end();
			},
			ended: () => stream.end(),
		});
	} catch (error) {
		stream.end();
		throw error;
	}
	// The client may have gone while the socket was being opened.
	if (stream.over) held.close();
	return context.body(stream.body, 200, eventStreamHeaders);
}
