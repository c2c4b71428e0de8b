import type { StreamForm, StreamItem } from "../../protocol/codec/stream.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { Env } from "../env.ts";
import { type Exchange, exchangeReply, readExchange, storeExchanges } from "../exchange.ts";
import { faultReply, replyBytes } from "./reply.ts";

/** Whom raw TCP speaks for: it may publish to the exchange, and nothing else. */
const principal = "tcp";

/** An item of the stream that has been looked at: the exchanges it holds, or what is wrong with it. */
export interface Question {
	/** How it came, and so how it is answered. */
	readonly form: StreamForm;
	/** Whether it came as a list, and so is answered by one. */
	readonly list: boolean;
	readonly exchanges: Result<readonly Exchange[]>;
	/** The connection cannot go on after it. */
	readonly fatal: boolean;
}

/** Looks at an item: an exchange, or a list of them. */
export function readQuestion(item: StreamItem): Question {
	if (!item.ok)
		return { form: item, list: false, exchanges: fail(item.fault.code, item.fault.message), fatal: item.fatal };
	const list = Array.isArray(item.value);
	const values = list ? (item.value as readonly Json[]) : [item.value];
	const answered = item.type === "reply" || item.type === "error";
	const exchanges = answered ? fail("bad_request", "A client sends packets of type 1, message.") : readAll(values);
	return { form: item, list, exchanges, fatal: false };
}

/**
 * Stores what a question holds, all or none, and resolves to its answer; never rejects. Requests leave in the order of
 * the calls, so answers may be awaited later without reordering what is stored.
 */
export async function answer(question: Question, env: Env): Promise<Uint8Array> {
	const { form, list, exchanges } = question;
	const stored = exchanges.ok ? await store(exchanges.value, env) : exchanges;
	if (!stored.ok) return replyBytes(form, faultReply(stored.fault), true);
	const replies = stored.value.map(({ name }): Json => ({ status: "success", message: exchangeReply(name) }));
	return replyBytes(form, list ? replies : (replies[0] ?? null), false);
}

function readAll(values: readonly Json[]): Result<readonly Exchange[]> {
	if (values.length === 0) return fail("bad_request", "An empty list says nothing.");
	if (values.length > limits.batchMessages) return fail("too_big", `A list holds at most ${limits.batchMessages}.`);
	const exchanges: Exchange[] = [];
	for (const value of values) {
		const read = readExchange(value);
		if (!read.ok) return read;
		exchanges.push(read.value);
	}
	return succeed(exchanges);
}

async function store(exchanges: readonly Exchange[], env: Env): Promise<Result<readonly Exchange[]>> {
	try {
		const stored = await storeExchanges(env, principal, exchanges);
		return stored.ok ? succeed(exchanges) : fail(stored.code, stored.message);
	} catch (error) {
		console.error("tcp", error);
		return fail("internal", "The server failed; nothing of this was stored. Send it again.");
	}
}
