import { limits } from "../../../protocol/limits.ts";
import { answered, list, type Members, ref, type Schema, sent, text } from "./shapes.ts";

const name = ref("Name", "A word of the application for what kind of message it is.");
const key = ref("Name", "What the message is about.");

const none: Schema = { type: "null" };

/** What every stored message holds. */
export const messageMembers = {
	seq: ref("Seq"),
	ts: ref("Time", "When it was stored; never less than that of the message before it."),
	id: text("The publisher's own id for it, or one that the server gave."),
	from: text("The principal that published it.", { examples: ["anonymous"] }),
	data: ref("Data"),
} satisfies Members;

/** What a stored message may hold besides. */
export const messageExtras = {
	name,
	key,
	by: text("`<client>/<n>` of who published it on a socket, where `id` is one of its own."),
	tx: text("Of the parts of one transaction: its id."),
} satisfies Members;

/** Messages, how they are published, and pages of them. */
export const messageSchemas = {
	Message: answered(messageMembers, messageExtras),
	Draft: sent(
		{ data: ref("Data", `Any JSON value, at most ${limits.messageBytes} bytes as JSON text.`) },
		{
			name,
			key,
			id: ref("Name", "An id of your own. Default: one that the server makes."),
			ephemeral: {
				type: "boolean",
				description: "`true`: deliver it live and store it nowhere. Then it has no id but one of your own.",
			},
		},
	),
	Publish: {
		description: "One message, or a list: all that is not ephemeral is stored, at adjacent seqs, or nothing of it is.",
		oneOf: [ref("Draft"), list(ref("Draft"), "", { minItems: 1, maxItems: limits.batchMessages })],
	},
	Published: answered(
		{
			epoch: ref("Epoch"),
			seq: ref("Seq", "Of the first message that is stored."),
			position: ref("Position", "Of the first message that is stored."),
		},
		{
			positions: list(
				{ oneOf: [ref("Position"), none] },
				"Of every message, where a list was published; null for an ephemeral one.",
			),
		},
	),
	Passed: answered(
		{ epoch: ref("Epoch"), seq: none, position: none },
		{ positions: list(none, "One for every message, where a list was published.") },
	),
	Page: answered({
		epoch: ref("Epoch"),
		floor: ref("Floor"),
		head: ref("Head"),
		messages: list(ref("Message")),
		next: ref("Position", "Where to go on: as `after` when ascending, as `before` when descending."),
	}),
} satisfies Record<string, Schema>;
