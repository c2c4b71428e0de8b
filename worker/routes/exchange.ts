import { Hono } from "hono";
import { exchangeReply, readExchange, storeExchanges } from "../exchange.ts";
import { readJson } from "../http/body.ts";
import { readIdempotency } from "../http/idempotency.ts";
import { Problem, problemOf } from "../http/problem.ts";
import type { App } from "../http/types.ts";

/** `POST /v1/exchange`: a name and a message in, a status and a message out; stored in space default, channel exchange. */
export const exchange = new Hono<App>().post("/", async (context) => {
	const { value, text } = await readJson(context.req.raw);
	const read = readExchange(value);
	if (!read.ok) throw problemOf(read.fault);
	const idempotency = await readIdempotency(context.req.raw, text);
	const stored = await storeExchanges(context.env, context.get("principal"), [read.value], idempotency);
	if (!stored.ok) throw new Problem(stored.code, stored.message, stored.state);
	if (stored.duplicate) context.header("idempotency-replayed", "true");
	const position = `${stored.epoch}:${stored.first}`;
	const reply = { status: "success", message: exchangeReply(read.value.name), position };
	// The newline is for whoever reads it in a terminal.
	return context.body(`${JSON.stringify(reply)}\n`, 200, { "content-type": "application/json" });
});
