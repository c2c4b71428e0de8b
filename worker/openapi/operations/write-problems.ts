import type { ErrorCode } from "../../../protocol/errors.ts";

/** What may keep every write of the application's data from being stored, besides what its own conditions say. */
export const writeProblems: readonly ErrorCode[] = [
	"rate_limited",
	"contract_violated",
	"rejected",
	"application_failed",
	"storage_full",
	"budget_spent",
	"too_many_spaces",
];

/** What may keep somebody from reading on in a channel, or a collection, whose name nobody has used yet. */
export const newNameProblems: readonly ErrorCode[] = ["rate_limited", "storage_full", "budget_spent"];
