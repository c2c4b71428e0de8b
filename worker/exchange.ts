import config from "../aerogram.config.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { requestLimits } from "../protocol/limits.ts";
import type { Fault } from "../protocol/result.ts";
import type { Env } from "./env.ts";
import { spaceStub } from "./http/stub.ts";
import type { Published, PublishRequest, Refusal } from "./space/api.ts";

/** Where every exchange is stored, whichever door it came by. */
export const exchangePlace = { space: "default", channel: "exchange" } as const;

/** Stores exchanges in order, all or none. */
export function storeExchanges(
	env: Env,
	principal: string,
	exchanges: readonly Exchange[],
	more: Pick<PublishRequest, "idempotency" | "refused"> = {},
): Promise<Published | Refusal> {
	return spaceStub(env, exchangePlace.space).publish({
		principal,
		channel: exchangePlace.channel,
		drafts: exchanges.map(({ name, message }) => ({ data: { name, message } })),
		...more,
	});
}

/** Why exchanges were not stored, as it is told over raw TCP. */
export function faultOf({ code, message, state }: Refusal): Fault {
	return {
		code,
		message,
		...(state && "retryAfter" in state && { retryAfter: state.retryAfter }),
		...(state && "path" in state && { path: state.path }),
	};
}

/** What an exchange that is stored is answered: one line, whatever the name holds. */
export function exchangeReply(name: string): string {
	const { greetedLength } = requestLimits;
	const characters = [...name];
	const shown = characters.length > greetedLength ? `${characters.slice(0, greetedLength).join("")}…` : name;
	return config.reply ? config.reply(shown) : `Hello, ${shown}! Your message is stored.`;
}
