import type { StreamItem } from "../../protocol/codec/stream.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { fail, type Result } from "../../protocol/result.ts";
import type { Env } from "../env.ts";
import { type Exchange, exchangeReply, readExchange, storeExchanges } from "../exchange.ts";
import { faultReply, replyBytes } from "./reply.ts";

/** Whom raw TCP speaks for: it may publish to the exchange, and nothing else. */
const principal = "tcp";

/**
 * Stores what an item holds (an exchange, or a list of them: all or none) and resolves to its answer. Requests leave in
 * the order of the calls, so answers may be awaited later without reordering what is stored.
 */
export async function answer(item: StreamItem, env: Env): Promise<Uint8Array> {
	const reply = item.ok ? await exchange(item.value, env) : fail(item.fault.code, item.fault.message);
	return reply.ok ? replyBytes(item, reply.value, false) : replyBytes(item, faultReply(reply.fault), true);
}

async function exchange(value: Json, env: Env): Promise<Result<Json>> {
	const values = Array.isArray(value) ? (value as readonly Json[]) : [value];
	if (values.length === 0) return fail("bad_request", "An empty list says nothing.");
	const exchanges: Exchange[] = [];
	for (const one of values) {
		const read = readExchange(one);
		if (!read.ok) return read;
		exchanges.push(read.value);
	}
	try {
		const stored = await storeExchanges(env, principal, exchanges);
		if (!stored.ok) return fail(stored.code, stored.message);
	} catch (error) {
		console.error("tcp", error);
		return fail("internal", "The server failed; nothing of this was stored. Send it again.");
	}
	const replies = exchanges.map(({ name }): Json => ({ status: "success", message: exchangeReply(name) }));
	return { ok: true, value: Array.isArray(value) ? replies : (replies[0] ?? null) };
}
