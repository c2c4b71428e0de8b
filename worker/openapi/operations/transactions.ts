import type { Operation } from "../describe.ts";
import { writeProblems } from "./write-problems.ts";

/** What the path of transactions does. */
export const transactionOperations = {
	run: {
		id: "runTransaction",
		tag: "transactions",
		summary: "Publish and write records, all or nothing",
		description:
			"The items are done in their order, each seeing those before it, and stored together; if one is refused, none is: " +
			"`item` of the problem says which was the first, counted from 0. Each may have conditions in `if`, of which all must " +
			"hold. Messages to one channel get adjacent seqs. Who reads live gets all parts of a transaction at once, each with " +
			"the same `tx`. With an `Idempotency-Key` it is safe to send again.",
		parameters: ["idempotencyKey"],
		body: {
			schema: "Transaction",
			example: {
				items: [
					{ op: "publish", channel: "orders", data: { order: 17, item: "plane" } },
					{ op: "put", collection: "stock", id: "plane", data: { left: 4 } },
				],
			},
		},
		answers: {
			200: { description: "All of it is stored.", schema: "Transacted", sometimes: ["Idempotency-Replayed"] },
		},
		problems: [
			"bad_name",
			"bad_position",
			"not_found",
			"condition_failed",
			"lock_lost",
			...writeProblems,
			"collection_full",
		],
	},
} satisfies Record<string, Operation>;
