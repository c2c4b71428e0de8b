import config from "../aerogram.config.ts";
import type { Json } from "../protocol/envelopes.ts";
import { fail, type Result, succeed } from "../protocol/result.ts";
import type { Env } from "./env.ts";
import { spaceStub } from "./http/stub.ts";
import type { Published, Refusal } from "./space/api.ts";

/** Where every exchange is stored, whichever door it came by. */
export const exchangePlace = { space: "default", channel: "exchange" } as const;

/** Longest name that is greeted whole; the answer must fit the one `recv(1024)` of a first program. */
const greetedName = 60;
/** Longest name, in characters. */
const longestName = 256;

/** What a client says in an exchange. */
export interface Exchange {
	readonly name: string;
	readonly message: string;
}

/** Reads an exchange: an object with a name and a message, both text. Other members are ignored. */
export function readExchange(value: Json): Result<Exchange> {
	const fields =
		typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: Json }) : {};
	const { name, message } = fields;
	if (typeof name !== "string" || typeof message !== "string") {
		return fail("bad_request", 'Send an object with a name and a message, both text: {"name": "…", "message": "…"}.');
	}
	if (name === "" || name.length > longestName) {
		return fail("bad_request", `The name is text of 1 to ${longestName} characters.`);
	}
	return succeed({ name, message });
}

/** Stores exchanges in order, all or none. */
export function storeExchanges(
	env: Env,
	principal: string,
	exchanges: readonly Exchange[],
	idempotency?: { readonly key: string; readonly hash: string },
): Promise<Published | Refusal> {
	return spaceStub(env, exchangePlace.space).publish({
		principal,
		channel: exchangePlace.channel,
		drafts: exchanges.map(({ name, message }) => ({ data: { name, message } })),
		...(idempotency && { idempotency }),
	});
}

/** What an exchange that is stored is answered: one line, whatever the name holds. */
export function exchangeReply(name: string): string {
	const characters = [...name];
	const shown = characters.length > greetedName ? `${characters.slice(0, greetedName).join("")}…` : name;
	return config.reply ? config.reply(shown) : `Hello, ${shown}! Your message is stored.`;
}
