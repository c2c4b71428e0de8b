import { requestLimits } from "../../../protocol/limits.ts";
import type { Answer, Operation } from "../describe.ts";
import { digits } from "../written.ts";
import { newNameProblems, writeProblems } from "./write-problems.ts";

/** What may come of every write that stores a record. */
const written: Pick<Answer, "schema" | "headers" | "sometimes"> = {
	schema: "Record",
	headers: ["ETag"],
	sometimes: ["Idempotency-Replayed"],
};

const created: Answer = { ...written, description: "It was created.", headers: ["ETag", "Location"] };

const example = { item: "plane", count: 2 };

/** What the paths of collections and records do. */
export const collectionOperations = {
	list: {
		id: "listCollections",
		tag: "collections",
		summary: "List the collections of a space",
		description: "A collection is there from the first write of a record on.",
		parameters: ["afterName"],
		answers: { 200: { description: `Up to ${digits(requestLimits.listed)} collections.`, schema: "Collections" } },
	},
	page: {
		id: "listRecords",
		tag: "collections",
		summary: "Read a page of records",
		description:
			"In order of id. A record that is written while pages are read stands in those that come after it; no record is " +
			"left out or comes twice. `Link` leads to the page after this one. A wipe of the space voids every cursor.\n\n" +
			"With `Accept: text/event-stream`, each record is an event; `ready` says that all have come; then each change is an " +
			"event, and the stream stays open. It goes on after `Last-Event-ID`, else `after`. A `reset` says that it cannot, and " +
			"begins anew.",
		parameters: ["prefix", "cursor", "limit", "afterRevision", "lastEventId", "ticket"],
		answers: {
			200: {
				description: "A page, or a stream.",
				schema: "Records",
				events: { message: "RecordChange", ready: "WatchReady", reset: "WatchReset" },
				sometimes: ["Link"],
			},
		},
		problems: ["application_failed", "space_full", "too_many_spaces", ...newNameProblems],
	},
	create: {
		id: "createRecord",
		tag: "collections",
		summary: "Create a record with an id that the server makes",
		parameters: ["ttl", "ifMatch", "ifNoneMatch", "ifLock", "idempotencyKey"],
		body: { schema: "Document", example },
		answers: { 201: created },
		problems: [...writeProblems, "collection_full"],
	},
	read: {
		id: "readRecord",
		tag: "collections",
		summary: "Read a record, or watch it",
		description:
			"With `Accept: text/event-stream`, the record is an event, if there is one, and then each change of it, as of a " +
			"whole collection.",
		parameters: ["ifMatch", "ifNoneMatch", "afterRevision", "lastEventId", "ticket"],
		answers: {
			200: {
				description: "The record, or a stream.",
				schema: "Record",
				events: { message: "RecordChange", ready: "WatchReady", reset: "WatchReset" },
				sometimes: ["ETag"],
			},
			304: { description: "The record is the one you have.", headers: ["ETag"] },
		},
		problems: ["not_found", "application_failed", "space_full", "too_many_spaces", ...newNameProblems],
	},
	put: {
		id: "putRecord",
		tag: "collections",
		summary: "Create or replace a record",
		description:
			"The body is the whole document. With `If-Match`, only while the record is at that revision; with " +
			"`If-None-Match: *`, only where there is none. Without `ttl`, the record stays, also one that was to expire.",
		parameters: ["ttl", "ifMatch", "ifNoneMatch", "ifLock", "idempotencyKey"],
		body: { schema: "Document", example },
		answers: { 200: { ...written, description: "It was replaced." }, 201: created },
		problems: [...writeProblems, "collection_full"],
	},
	patch: {
		id: "patchRecord",
		tag: "collections",
		summary: "Change some of a record",
		description:
			"A merge patch (RFC 7396), in any of the formats. Without `ttl`, the record expires when it did. A record that is " +
			"absent is `not_found`, whatever the conditions say (RFC 9110, section 13.2.1).",
		parameters: ["ttl", "ifMatch", "ifNoneMatch", "ifLock", "idempotencyKey"],
		body: { schema: "MergePatch", types: ["application/merge-patch+json"], example: { count: 3, note: null } },
		answers: { 200: { ...written, description: "The whole record, as it now is." } },
		problems: ["not_found", ...writeProblems],
	},
	delete: {
		id: "deleteRecord",
		tag: "collections",
		summary: "Delete a record",
		description: "A record that is absent is `not_found`, whatever the conditions say (RFC 9110, section 13.2.1).",
		parameters: ["ifMatch", "ifNoneMatch", "ifLock", "idempotencyKey"],
		answers: { 204: { description: "It is gone.", sometimes: ["Idempotency-Replayed"] } },
		problems: ["not_found", "rate_limited", "rejected", "application_failed"],
	},
} satisfies Record<string, Operation>;
