import { limits } from "../../../protocol/limits.ts";
import { answered, list, ref, type Schema, text, whole } from "./shapes.ts";

/** Collections, their records, and pages of them. */
export const collectionSchemas = {
	Rev: whole("The collection's change number: 1, 2, 3 … never used twice within an epoch.", { minimum: 1 }),
	LastRev: whole("The collection's last revision; 0 where nothing was ever written."),
	Document: {
		type: "object",
		description:
			`What a record holds: any JSON object (I-JSON, RFC 7493) of at most ${limits.recordBytes} bytes as JSON text, ` +
			`arrays and objects at most ${limits.depth} deep inside one another.`,
		examples: [{ item: "plane", count: 2 }],
	},
	MergePatch: {
		type: "object",
		description:
			"A JSON merge patch (RFC 7396): its members replace those of the document, objects member by member; null takes one away.",
		examples: [{ count: 3, note: null }],
	},
	Record: answered(
		{
			id: ref("Name"),
			rev: ref("Rev", "The revision at which it was last written."),
			updated: ref("Time", "When that was."),
			data: ref("Document"),
		},
		{ expires: ref("Time", "From when on it is absent.") },
	),
	RecordChange: answered(
		{ id: ref("Name"), rev: ref("Rev", "The revision of this change."), updated: ref("Time", "When that was.") },
		{
			data: ref("Document"),
			expires: ref("Time", "From when on it is absent."),
			tx: text("The parts of one transaction have the same."),
		},
		"A record as it is or was written. One without `data` is absent: it was deleted, or has expired.",
	),
	WatchReady: answered(
		{ epoch: ref("Epoch"), rev: ref("LastRev") },
		{},
		"What has come is all there is at this revision. What comes is what changes after it.",
	),
	WatchReset: answered(
		{
			reason: { type: "string", enum: ["epoch", "retention", "ahead"] },
			epoch: ref("Epoch"),
			rev: ref("LastRev", "Where it begins anew."),
		},
		{},
		"The stream cannot go on where it was. Everything there is follows, and replaces what was known.",
	),
	Records: answered({
		epoch: ref("Epoch"),
		rev: ref("LastRev"),
		records: list(ref("Record"), "In order of id."),
		next: {
			type: ["string", "null"],
			description: "The `cursor` of the page after this one; null where there are no more.",
		},
	}),
	Collections: answered(
		{
			epoch: ref("Epoch"),
			collections: list(answered({ name: ref("Name"), rev: ref("LastRev") }), "In order of name."),
		},
		{ next: ref("Name", "There are more: ask for those `after` this one.") },
	),
} satisfies Record<string, Schema>;
