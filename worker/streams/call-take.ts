import type { Context } from "hono";
import type { CallNews } from "../../protocol/calls.ts";
import { decodeServerFrame } from "../../protocol/codec/envelope.ts";
import { encodeLive, readLiveNews } from "../../protocol/codec/live.ts";
import type { ServerEnvelope } from "../../protocol/envelopes.ts";
import { durationsOf } from "../env.ts";
import { Problem } from "../http/problem.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { HeldSocket, refusalOf } from "./held-socket.ts";

/** What a server asks for. */
export interface TakeRequest {
	readonly space: string;
	readonly service: string;
	readonly client: string | undefined;
	/** For how many milliseconds the call is its own. */
	readonly lease: number;
}

/** A call that is handed over. */
export type TakenCall = Extract<CallNews, { type: "call" }>;

const asked = 1;
const withdrawn = 2;

/**
 * Takes the next call of a service; where there is none, waits for it, `wait` milliseconds at most, and then resolves to
 * undefined. Rejects with a `Problem`: `space_full`.
 */
export async function takeCall(
	context: Context<App>,
	request: TakeRequest,
	wait: number,
): Promise<TakenCall | undefined> {
	const { env, req } = context;
	const { space, service } = request;
	const until = Date.now() + wait;
	const { backoffBase } = durationsOf(env);
	for (;;) {
		const taken = await takeOnce(context, request, Math.max(0, until - Date.now()));
		if (taken !== "lost") {
			if (!taken || !req.raw.signal.aborted) return taken;
			// Nobody is there to take it: another one need not wait for the lease to end.
			const { id, attempt } = taken;
			await spaceStub(env, space).calls({ kind: "nack", principal: context.get("principal"), service, id, attempt });
			return undefined;
		}
		if (Date.now() >= until || req.raw.signal.aborted) return undefined;
		await new Promise((resolve) => setTimeout(resolve, Math.random() * backoffBase));
	}
}

/** Asks on one held socket; `lost` where that did not last. */
async function takeOnce(
	context: Context<App>,
	{ space, service, client, lease }: TakeRequest,
	wait: number,
): Promise<TakenCall | "lost" | undefined> {
	const { env, req } = context;
	const { promise, resolve, reject } = Promise.withResolvers<TakenCall | "lost" | undefined>();
	const target = { space, identity: context.get("identity"), beside: true, ...(client !== undefined && { client }) };
	const held = await HeldSocket.open(env, target, {
		frame: (text) => {
			const frame = decodeServerFrame(text);
			for (const envelope of frame.ok ? frame.value : []) hear(envelope, resolve, reject);
		},
		ended: (code) => {
			const refusal = refusalOf(code);
			if (refusal) reject(refusal);
			else resolve("lost");
		},
	});
	// Withdrawn first, and closed only then: a call that is handed over in between is not lost.
	const withdraw = () => held.send(encodeLive({ type: "serve", ref: withdrawn, service, concurrency: 0 }));
	held.send(encodeLive({ type: "serve", ref: asked, service, concurrency: 1, lease }));
	const patience = setTimeout(withdraw, wait);
	const limit = setTimeout(() => resolve("lost"), wait + durationsOf(env).answer);
	req.raw.signal.addEventListener("abort", withdraw);
	return promise.finally(() => {
		clearTimeout(patience);
		clearTimeout(limit);
		req.raw.signal.removeEventListener("abort", withdraw);
		held.close();
	});
}

function hear(
	envelope: ServerEnvelope,
	resolve: (taken: TakenCall | undefined) => void,
	reject: (problem: Problem) => void,
): void {
	if (envelope.type === "error") reject(new Problem(envelope.code, envelope.message));
	else if (envelope.type === "done" && envelope.ref === withdrawn) resolve(undefined);
	else if (envelope.type === "live") {
		const news = readLiveNews(envelope.fields);
		if (news?.type === "call") resolve(news);
	}
}
