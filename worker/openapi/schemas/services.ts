import { durations, limits } from "../../../protocol/limits.ts";
import { answered, ref, type Schema, sent, text, whole } from "./shapes.ts";

const data = ref("Data", `Any JSON value, at most ${limits.messageBytes} bytes as JSON text.`);
const attempt = whole("How often the call has been handed over: 1, 2, 3 …", { minimum: 0 });

/** Calls of services, and their results. */
export const serviceSchemas = {
	Call: sent(
		{},
		{
			data: ref(
				"Data",
				`What is asked: any JSON value, at most ${limits.messageBytes} bytes as JSON text. Default: null.`,
			),
			timeout: whole("Milliseconds to the deadline.", {
				minimum: 1,
				maximum: durations.callMost,
				default: durations.call,
			}),
		},
	),
	CallWaiting: answered({ id: ref("Name", "The call's."), service: ref("Name") }),
	CallResult: answered({ id: ref("Name", "The call's."), data: ref("Data", "The reply.") }),
	CallFailure: answered({
		id: ref("Name", "The call's."),
		error: answered(
			{
				code: { type: "string", enum: ["handler_failed", "deadline_passed", "cancelled"] },
				message: text("For people."),
			},
			{ data: ref("Data", "What the handler had to say besides.") },
		),
	}),
	CallOutcome: { description: "The reply, or why there is none.", oneOf: [ref("CallResult"), ref("CallFailure")] },
	TakenCall: answered({
		id: ref("Name", "The call's."),
		attempt,
		from: text("The principal that calls."),
		deadline: ref("Time", "When nobody waits any longer."),
		data: ref("Data", "What is asked."),
	}),
	CallReply: {
		description: "The reply, or why there is none.",
		oneOf: [
			sent({ data }),
			sent({ error: sent({ message: text("For people.") }, { data: ref("Data", "For programs.") }) }),
		],
	},
	CallProgress: sent({ attempt }, { data }),
	CallHandedBack: sent({ attempt }),
	Replied: answered({
		id: ref("Name", "The call's."),
		duplicate: { type: "boolean", description: "It had its result already, which stays." },
	}),
} satisfies Record<string, Schema>;
