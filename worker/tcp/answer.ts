import { isFields } from "../../protocol/codec/fields.ts";
import type { StreamForm, StreamItem } from "../../protocol/codec/stream.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { type Exchange, readExchanges } from "../../protocol/exchange.ts";
import { fail, type Result } from "../../protocol/result.ts";
import { faultReply, replyBytes } from "./reply.ts";
import type { Speaker } from "./speaker.ts";

/** An item of the stream that has been looked at: the exchanges it holds, or what is wrong with it. */
export interface Question {
	/** How it came, and so how it is answered. */
	readonly form: StreamForm;
	/** Whether it came as a list, and so is answered by one. */
	readonly list: boolean;
	readonly exchanges: Result<readonly Exchange[]>;
	/** It says who speaks: a token, or a key. */
	readonly credential?: string;
	/** The connection cannot go on after it. */
	readonly fatal: boolean;
}

/** Looks at an item: an exchange, or a list of them. */
export function readQuestion(item: StreamItem): Question {
	if (!item.ok)
		return { form: item, list: false, exchanges: fail(item.fault.code, item.fault.message), fatal: item.fatal };
	const answered = item.type === "reply" || item.type === "error";
	const exchanges = answered
		? fail("bad_request", "A client sends packets of type 1, message.")
		: readExchanges(item.value);
	const credential = readCredential(item.value);
	return {
		form: item,
		list: Array.isArray(item.value),
		exchanges,
		fatal: false,
		...(credential !== undefined && { credential }),
	};
}

/**
 * Stores what a question holds, and resolves to its answer; never rejects. Requests leave in the order of the calls, so
 * answers may be awaited later without reordering what is stored.
 */
export async function answer(question: Question, speaker: Speaker): Promise<Uint8Array> {
	const { form, list, exchanges, credential } = question;
	if (credential !== undefined && speaker.asks) {
		const shown = await speaker.show(credential);
		const reply: Json = shown.ok ? { status: "success", message: shown.value } : faultReply(shown.fault);
		return replyBytes(form, reply, !shown.ok);
	}
	const stored = exchanges.ok ? await speaker.store(exchanges.value) : exchanges;
	if (!stored.ok) return replyBytes(form, faultReply(stored.fault), true);
	const replies = stored.value.map((message): Json => ({ status: "success", message }));
	return replyBytes(form, list ? replies : (replies[0] ?? null), false);
}

/** What a value shows that is no exchange: `{"auth": "<token>"}`. */
function readCredential(value: Json): string | undefined {
	if (!isFields(value) || value.name !== undefined || value.message !== undefined) return undefined;
	return typeof value.auth === "string" ? value.auth : undefined;
}
