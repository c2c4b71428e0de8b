import { limits } from "../../../protocol/limits.ts";
import { answered, list, type Members, ref, type Schema, sent, text, whole } from "./shapes.ts";

const lock = {
	lock: ref("Name", "A lock: only while it is held with `token`."),
	token: text("`<epoch>:<rev>`: what the lock's holder got.", { examples: ["0mws8iikc9alb9adv:41"] }),
} satisfies Members;

const place = { collection: ref("Name"), id: ref("Name") } satisfies Members;

const ttl = whole("The record expires so many seconds from now.", { minimum: 1, maximum: limits.ttlSeconds });

const condition = ref("RecordCondition");

/** Transactions: their items, conditions and results. */
export const transactionSchemas = {
	Transaction: sent({
		items: list(
			{ oneOf: [ref("PublishItem"), ref("PutItem"), ref("PatchItem"), ref("DeleteItem")] },
			"Done in this order.",
			{ minItems: 1, maxItems: limits.transactionItems },
		),
	}),
	PublishItem: sent(
		{ op: { type: "string", const: "publish" }, channel: ref("Name"), data: ref("Data") },
		{
			name: ref("Name", "A word of the application for what kind of message it is."),
			key: ref("Name", "What the message is about."),
			id: ref("Name", "An id of your own. Default: one that the server makes."),
			if: ref("HeadCondition"),
		},
	),
	PutItem: sent({ op: { type: "string", const: "put" }, ...place, data: ref("Document") }, { ttl, if: condition }),
	PatchItem: sent(
		{ op: { type: "string", const: "patch" }, ...place, data: ref("MergePatch") },
		{ ttl, if: condition },
	),
	DeleteItem: sent({ op: { type: "string", const: "delete" }, ...place }, { if: condition }),
	HeadCondition: onCondition(
		{
			seq: whole("The channel's head is this seq, what items before this one publish counted in; 0: it is empty."),
			head: text("The same with its epoch: `<epoch>:<seq>`.", { examples: ["0mws8iikc9alb9adv:41"] }),
			...lock,
		},
		"Publish only while all of this holds. One of `seq` and `head`.",
	),
	RecordCondition: onCondition(
		{
			rev: whole("The record is at this revision."),
			etag: text("What `If-Match` takes: the record's ETag, a list of them, or `*`.", {
				examples: ['"0mws8iikc9alb9adv:41"'],
			}),
			absent: { type: "boolean", const: true, description: "There is no such record." },
			...lock,
		},
		"Write only while all of this holds.",
	),
	Transacted: answered({
		epoch: ref("Epoch"),
		tx: text("The transaction's id: each message and each change that is a part of it says it.", {
			pattern: "^[a-z0-9]{17}$",
			examples: ["0mws8iil1m7q2x9zb"],
		}),
		results: list(
			{
				oneOf: [
					answered({ channel: ref("Name"), seq: ref("Seq"), position: ref("Position") }),
					answered({
						...place,
						rev: ref("Rev", "The revision at which it is written, or deleted."),
						created: { type: "boolean", description: "Whether nothing was there before." },
					}),
				],
			},
			"One for each item, in their order.",
		),
	}),
} satisfies Record<string, Schema>;

/** Conditions: what is not known is refused, not ignored. */
function onCondition(members: Members, description: string): Schema {
	return { ...sent({}, members, description), additionalProperties: false, minProperties: 1 };
}
