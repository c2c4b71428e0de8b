import { answered, list, ref, type Schema, text, whole } from "./shapes.ts";

/** Who is on a channel. */
export const presenceSchemas = {
	Member: answered({
		from: text("The principal of its connection.", { examples: ["anonymous"] }),
		client: text("The id of the client.", { examples: ["k7Qm2x9Zb4"] }),
		ts: ref("Time", "When it entered or was last updated."),
		data: ref("Data"),
	}),
	Members: answered({
		epoch: ref("Epoch"),
		count: whole("How many members there are, on all pages."),
		members: list(ref("Member"), "In order of principal and client."),
		next: {
			type: ["string", "null"],
			description: "The `cursor` of the page after this one; null where there are no more.",
		},
	}),
} satisfies Record<string, Schema>;
