import type { ErrorCode } from "../../../protocol/errors.ts";
import { durations } from "../../../protocol/limits.ts";
import type { Operation } from "../describe.ts";
import { digits, inHours, inSeconds } from "../written.ts";

/** Why a call has no reply. */
const failures: readonly ErrorCode[] = ["handler_failed", "deadline_passed", "cancelled"];

/** What the paths of services and calls do. */
export const serviceOperations = {
	call: {
		id: "callService",
		tag: "services",
		summary: "Call a service",
		description:
			"Stored, then handed to a client that serves it, on whatever connection. Answered with the reply; with 202 where " +
			`none came within \`wait\` (by default ${inSeconds(durations.waitMost)}), ` +
			"or at once with `Prefer: respond-async`: the call goes on, and `Location` is where its result will be. " +
			`Its deadline is \`timeout\` milliseconds from now, by default ${digits(durations.call)}. ` +
			"A caller that goes away cancels nothing. With an `Idempotency-Key`, the same request again is the same call.",
		parameters: ["wait", "prefer", "idempotencyKey"],
		body: { schema: "Call", example: { data: { width: 640 }, timeout: 10_000 } },
		answers: {
			200: { description: "The reply.", schema: "CallResult", sometimes: ["Idempotency-Replayed"] },
			202: {
				description: "It has no reply yet.",
				schema: "CallWaiting",
				headers: ["Location"],
				sometimes: ["Idempotency-Replayed"],
			},
		},
		problems: [
			...failures,
			"calls_full",
			"rate_limited",
			"contract_violated",
			"application_failed",
			"storage_full",
			"budget_spent",
			"too_many_spaces",
			"space_full",
		],
	},
	take: {
		id: "takeCall",
		tag: "services",
		summary: "Take the next call of a service",
		description:
			"Serving without a socket, by long-poll: the oldest call that waits, or, with `wait`, the next that comes. It is " +
			"in your hands for `lease` seconds; reply by then, or tell progress, which prolongs that. Else the next server " +
			"gets it, as its next `attempt`.",
		parameters: ["wait", "lease", "client"],
		answers: {
			200: { description: "A call.", schema: "TakenCall" },
			204: { description: "There is none." },
		},
		problems: ["application_failed", "space_full", "too_many_spaces"],
	},
	read: {
		id: "readCall",
		tag: "services",
		summary: "Read the result of a call",
		description:
			`As the call itself would have been answered; results are kept for ${inHours(durations.callKept)}. ` +
			"With `wait`, waits for it. With `Accept: text/event-stream`, tells `progress` as it comes, then `result`, and ends: " +
			"an EventSource must then be closed, or it comes back.",
		parameters: ["wait", "ticket"],
		answers: {
			200: {
				description: "The reply, or a stream.",
				schema: "CallResult",
				events: { progress: "Data", result: "CallOutcome" },
			},
			202: { description: "It has no reply yet.", schema: "CallWaiting", headers: ["Location"] },
		},
		problems: [...failures, "not_found", "application_failed", "space_full", "too_many_spaces"],
	},
	cancel: {
		id: "cancelCall",
		tag: "services",
		summary: "Cancel a call",
		description: "Its server is told. A call that has its result keeps it.",
		answers: { 204: { description: "Nobody waits for it any more." } },
		problems: ["not_found"],
	},
	reply: {
		id: "replyToCall",
		tag: "services",
		summary: "Reply to a call",
		description: "The first reply that is stored counts, whichever attempt it belongs to.",
		body: { schema: "CallReply", example: { data: { url: "https://example.com/small.png" } } },
		answers: { 200: { description: "The call has its result.", schema: "Replied" } },
		problems: ["not_found", "contract_violated", "application_failed"],
	},
	progress: {
		id: "tellProgress",
		tag: "services",
		summary: "Tell how far a call is",
		description:
			"The caller is told, if it listens; nothing is stored. The call is in your hands for `lease` seconds more. " +
			"`cancelled` says that nobody waits for it any more.",
		parameters: ["lease"],
		body: { schema: "CallProgress", example: { attempt: 1, data: 0.5 } },
		answers: { 204: { description: "Told." } },
		problems: ["not_found", "cancelled"],
	},
	nack: {
		id: "handBackCall",
		tag: "services",
		summary: "Hand a call back",
		description: "Another server shall take it.",
		body: { schema: "CallHandedBack", example: { attempt: 1 } },
		answers: { 204: { description: "It is no longer in your hands." } },
		problems: ["not_found"],
	},
} satisfies Record<string, Operation>;
