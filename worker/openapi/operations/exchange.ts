import type { Operation } from "../describe.ts";
import { writeProblems } from "./write-problems.ts";

/** What `/v1/exchange` does. */
export const exchangeOperations = {
	store: {
		id: "storeExchange",
		tag: "exchange",
		summary: "Say something, and be greeted",
		description:
			"The simplest request there is: a name and a message. It is stored in channel `exchange` of space `default`, " +
			"where every subscriber sees it, whichever door it came by. A list is stored whole or not at all, and answered by " +
			"a list.",
		parameters: ["idempotencyKey"],
		body: { schema: "ExchangeOrList", example: { name: "小飞机", message: "你好,服务器!" } },
		answers: {
			200: { description: "Stored.", schema: "ExchangeReplyOrList", sometimes: ["Idempotency-Replayed"] },
		},
		problems: [...writeProblems],
	},
} satisfies Record<string, Operation>;
