import type { Context } from "hono";
import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import { decodeClientFrame } from "../../protocol/codec/serving.ts";
import type { ClientEnvelope, ServerEnvelope } from "../../protocol/envelopes.ts";
import { durationsOf } from "../env.ts";
import type { App } from "../http/types.ts";
import { HeldSocket } from "./held-socket.ts";

/**
 * Serves one frame of a client in a connection of its own, which ends with the answer: the JSON array of all envelopes
 * that came for it, `welcome` first. It waits until each envelope that has an answer has it; then, where the frame
 * subscribed to anything, until there is something to tell, or for `wait` milliseconds in all. Throws a `Problem`
 * (`space_full`).
 */
export async function pollFrames(
	context: Context<App>,
	target: { readonly space: string; readonly client: string | undefined; readonly poll: string | undefined },
	frame: string,
	wait: number,
): Promise<Response> {
	const { env, req } = context;
	const durations = durationsOf(env);
	const { space, client, poll } = target;
	const identity = context.get("identity");
	const expected = new Expectation(frame);
	const texts: string[] = [];
	const { promise: done, resolve: finish } = Promise.withResolvers<void>();
	let waited = false;
	const held = await HeldSocket.open(
		env,
		{ space, identity, ...(client !== undefined && { client }), beside: true, ...(poll !== undefined && { poll }) },
		{
			frame(text) {
				texts.push(text.startsWith("[") ? text.slice(1, -1) : text);
				expected.take(text);
				if (expected.isMet(waited)) finish();
			},
			// What has no answer then has none, as on any connection that is lost.
			ended: () => finish(),
		},
	);
	const waiting = setTimeout(() => {
		waited = true;
		if (expected.isMet(waited)) finish();
	}, wait);
	const patience = setTimeout(finish, wait + durations.answer);
	req.raw.signal.addEventListener("abort", () => finish());
	held.send(frame);
	await done;
	clearTimeout(waiting);
	clearTimeout(patience);
	held.close();
	return context.body(`[${texts.join(",\n")}]\n`, 200, { "content-type": "application/json" });
}

/** What brings news beside messages. */
const newsBringers: ReadonlySet<ClientEnvelope["type"]> = new Set(["watch", "serve", "call", "call-again"]);

/** What a frame of a client leads to, as far as its long-poll must know. */
class Expectation {
	#unanswered: number;
	#subscriptions = 0;
	#news = false;

	constructor(frame: string) {
		const decoded = decodeClientFrame(frame);
		// A frame that cannot be read at all has one answer; what has no ref has none.
		const answered = decoded.ok ? decoded.value.filter((one) => !one.ok || "ref" in one.envelope) : [undefined];
		for (const one of decoded.ok ? decoded.value : []) {
			if (one.ok && newsBringers.has(one.envelope.type)) this.#subscriptions += 1;
		}
		// And there is the welcome.
		this.#unanswered = answered.length + 1;
	}

	/** Takes what came from the server. */
	take(text: string): void {
		const decoded = decodeServerFrame(text);
		for (const envelope of decoded.ok ? decoded.value : []) this.#take(envelope);
	}

	/** Whether the poll may end; `waited` says that its time is over. */
	isMet(waited: boolean): boolean {
		return this.#unanswered <= 0 && (waited || this.#news || this.#subscriptions === 0);
	}

	#take(envelope: ServerEnvelope): void {
		switch (envelope.type) {
			case "subscribed":
				this.#subscriptions += 1;
				this.#unanswered -= 1;
				break;
			case "messages":
				this.#news ||= envelope.entries.length > 0;
				break;
			case "ephemeral":
			case "live":
				this.#news = true;
				break;
			case "reset":
				this.#news = true;
				if (envelope.ref !== undefined) this.#unanswered -= 1;
				break;
			case "bye":
				break;
			default:
				this.#unanswered -= 1;
		}
	}
}
