import { answered, list, ref, type Schema, text, whole } from "./shapes.ts";

const next = ref("Name", "The last name of this page. Absent where there are no more.");

/** What is known of spaces and channels. */
export const spaceSchemas = {
	Spaces: answered({ spaces: list(ref("Name"), "In order of name.") }, { next }),
	Space: answered({
		name: ref("Name"),
		epoch: ref("Epoch"),
		sockets: whole("How many sockets are connected."),
		bytes: whole("How much is stored, in bytes."),
		rowsWritten: whole("Rows written since the space woke: what storage costs."),
	}),
	Channels: answered({ channels: list(ref("Name"), "In order of name.") }, { next }),
	Channel: answered(
		{
			name: ref("Name"),
			kind: text(
				"What it keeps. `log`: every message. `keyed`: of each key, the last message. `ephemeral`: nothing of what is " +
					"published now.",
				{ enum: ["log", "keyed", "ephemeral"] },
			),
			epoch: ref("Epoch"),
			floor: ref("Floor"),
			head: ref("Head"),
		},
		{
			occupancy: answered(
				{
					members: whole("Clients that are members of it, as presence says."),
					subscribers: whole("Subscriptions that stand now, over sockets, event streams and long-polls."),
				},
				{},
				"Only for who may see the occupants.",
			),
			retention: answered(
				{
					age: bound("Milliseconds."),
					messages: bound("Messages."),
					bytes: bound("Bytes of the messages as JSON text."),
				},
				{},
				"How long it keeps what it stores; what is passed first drops the oldest. Null is no bound.",
			),
		},
	),
} satisfies Record<string, Schema>;

function bound(description: string): Schema {
	return { type: ["number", "null"], description };
}
