import { requestLimits } from "../../../protocol/limits.ts";
import type { Operation } from "../describe.ts";
import { digits } from "../written.ts";

/** What the paths of spaces do. */
export const spaceOperations = {
	list: {
		id: "listSpaces",
		tag: "spaces",
		summary: "List the spaces",
		description: "Every space that something was ever written to.",
		parameters: ["afterName"],
		answers: { 200: { description: `Up to ${digits(requestLimits.listed)} names.`, schema: "Spaces" } },
	},
	read: {
		id: "readSpace",
		tag: "spaces",
		summary: "What is known of a space",
		answers: { 200: { description: "Its epoch and what it holds. Reading makes no space.", schema: "Space" } },
	},
	wipe: {
		id: "wipeSpace",
		tag: "spaces",
		summary: "Wipe a space",
		description: "Drops everything in it and starts another epoch: every position and ETag of before is refused.",
		answers: { 204: { description: "It is empty; every socket of it was closed." } },
	},
} satisfies Record<string, Operation>;
