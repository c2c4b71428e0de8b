import { type Context, Hono } from "hono";
import { answer } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { readIdempotency } from "../http/idempotency.ts";
import { readPathName } from "../http/names.ts";
import { Problem } from "../http/problem.ts";
import { lackOf } from "../http/rights.ts";
import { spaceStub } from "../http/stub.ts";
import { readTransaction } from "../http/transaction-body.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { transactionOperations } from "../openapi/operations/transactions.ts";
import type { TransactionItem, TransactionRequest } from "../space/api/transactions.ts";

/** Around the data of an item stand the item, the list of items and the body. */
const aroundData = 3;

/** Publishes and writes of records that are stored together or not at all. */
export const transactions = new Hono<App>().post("/", describe(transactionOperations.run), async (context) => {
	const space = readPathName(context, "space");
	const value = await readBody(context, aroundData);
	const items = readTransaction(value);
	const idempotency = await readIdempotency(context, value);
	const refused = judge(context, space, items);
	if (refused && !idempotency) throw new Problem(refused.code, refused.message, { item: refused.item });
	const done = await spaceStub(context.env, space).transact({
		principal: context.get("principal"),
		items,
		...(idempotency && { idempotency }),
		...(refused && { refused }),
	});
	if (!done.ok) {
		const { code, message, item, state } = done;
		throw new Problem(code, message, { ...state, ...(item !== undefined && { item }) });
	}
	const { epoch, tx, results, replayed } = done;
	if (replayed) context.header("idempotency-replayed", "true");
	const told = results.map((one) => ("seq" in one ? { ...one, position: `${epoch}:${one.seq}` } : { ...one }));
	return answer(context, { status: 200, root: "transaction", value: { epoch, tx, results: told } });
});

/** The first item that may not be written, and why. */
function judge(
	context: Context<App>,
	space: string,
	items: readonly TransactionItem[],
): TransactionRequest["refused"] | undefined {
	for (const [item, one] of items.entries()) {
		const lack =
			one.op === "publish"
				? lackOf(context, "publish", { space, kind: "channels", name: one.channel })
				: lackOf(context, one.action.kind === "delete" ? "delete" : "write", {
						space,
						kind: "collections",
						name: one.collection,
					});
		if (lack) return { code: lack.code, message: lack.message, item };
	}
	return undefined;
}
