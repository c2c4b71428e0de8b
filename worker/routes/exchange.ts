import { Hono } from "hono";
import { readExchanges } from "../../protocol/exchange.ts";
import { exchangePlace, exchangeReply, storeExchanges } from "../exchange.ts";
import { answer } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { readIdempotency } from "../http/idempotency.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { verdict } from "../http/rights.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { exchangeOperations } from "../openapi/operations/exchange.ts";

/**
 * `POST /v1/exchange`: a name and a message in, a status and a message out; stored in space default, channel exchange. A
 * list of them is stored whole or not at all, and answered by a list, as raw TCP does.
 */
export const exchange = new Hono<App>().post("/", describe(exchangeOperations.store), async (context) => {
	const { space, channel } = exchangePlace;
	const { refused } = verdict(context, "publish", { space, kind: "channels", name: channel });
	const value = await readBody(context);
	const read = readExchanges(value);
	if (!read.ok) throw problemOf(read.fault);
	const idempotency = await readIdempotency(context, value);
	const stored = await storeExchanges(context.env, context.get("principal"), read.value, {
		...(idempotency && { idempotency }),
		...(refused && { refused }),
	});
	if (!stored.ok) throw new Problem(stored.code, stored.message, stored.state);
	if (stored.duplicate) context.header("idempotency-replayed", "true");
	const { epoch, first } = stored;
	const replies = read.value.map(({ name }, index) => {
		const position = first === null ? {} : { position: `${epoch}:${first + index}` };
		return { status: "success", message: exchangeReply(name), ...position };
	});
	return answer(context, {
		status: 200,
		root: "exchange",
		value: Array.isArray(value) ? replies : (replies[0] ?? null),
	});
});
