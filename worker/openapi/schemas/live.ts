import { limits } from "../../../protocol/limits.ts";
import { messageExtras, messageMembers } from "./messages.ts";
import { answered, list, type Members, ref, type Schema, text } from "./shapes.ts";

const passing = {
	ts: ref("Time", "When the server took it."),
	from: text("The principal that published it."),
	data: ref("Data"),
	ephemeral: { type: "boolean", const: true },
} satisfies Members;

const channel = ref("Name");

const named = { id: ref("Name"), name: ref("Name"), key: ref("Name") } satisfies Members;

const loss = {
	reason: { type: "string", enum: ["epoch", "retention", "ahead", "purged", "forbidden"] },
	epoch: ref("Epoch"),
	floor: ref("Floor"),
	head: ref("Head"),
} satisfies Members;

/** What travels on a connection, whichever way. The protocol's page says what each envelope holds. */
export const liveSchemas = {
	Envelope: {
		type: "object",
		description: "An envelope of the protocol: its type is `t`, and the other members are of that type.",
		properties: { t: { type: "string", examples: ["welcome"] } },
		required: ["t"],
	},
	Frame: {
		description: "One envelope, or a list of them.",
		oneOf: [ref("Envelope"), list(ref("Envelope"), "", { maxItems: limits.frameEnvelopes })],
	},
	Envelopes: list(ref("Envelope"), "What the server had to say, in its order; `welcome` first."),
	LiveMessage: {
		description: "A message that is stored, or one that only passes.",
		oneOf: [ref("Message"), ref("PassingMessage")],
	},
	PassingMessage: answered(passing, named, "An ephemeral message: it is not stored, and its event has no id."),
	ChannelMessage: {
		description: "A message and the channel it is in.",
		oneOf: [ref("ChannelStored"), ref("ChannelPassing")],
	},
	ChannelStored: answered({ channel, ...messageMembers }, messageExtras, "A stored message and the channel it is in."),
	ChannelPassing: answered({ channel, ...passing }, named, "An ephemeral message and the channel it is on."),
	ChannelReset: answered(
		{ channel, ...loss },
		{},
		"The channel cannot go on where it was: it goes on with what is retained now, from `floor`.",
	),
	Cursor: text("`<epoch>:<channel>=<seq>,…`: a place in each of many channels.", {
		pattern: "^[a-z0-9]{17}:[^=,]+=[0-9]+(,[^=,]+=[0-9]+)*$",
		examples: ["0mws8iikc9alb9adv:a=41,b=7"],
	}),
	Events: answered({
		epoch: ref("Epoch"),
		messages: list(ref("ChannelStored"), "Those of one channel in its order."),
		next: ref("Cursor", "Where to go on: as `after`."),
	}),
	Reset: answered(
		loss,
		{},
		"The stream cannot go on where it was: it goes on with what is retained now, from `floor`.",
	),
} satisfies Record<string, Schema>;
