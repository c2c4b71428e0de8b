import { readIf, readItemCondition } from "../../protocol/codec/conditions.ts";
import { type Fields, isFields, readDraft } from "../../protocol/codec/fields.ts";
import { writeJson } from "../../protocol/codec/json.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { readName } from "../../protocol/names.ts";
import { isSeq } from "../../protocol/position.ts";
import { fail, type Result, succeed } from "../../protocol/result.ts";
import type { TransactionItem } from "../space/api/transactions.ts";
import { parseTags } from "./conditions.ts";
import { Problem } from "./problem.ts";

/**
 * Reads the body of a transaction. Throws a `Problem`: `too_big` for too many items, and what is wrong with one of them,
 * counted from 0 in `item`.
 */
export function readTransaction(value: Json): readonly TransactionItem[] {
	const items = isFields(value) ? value.items : undefined;
	if (!isList(items) || items.length === 0) {
		throw new Problem("bad_request", 'A transaction is {"items": [{"op": "publish", …}, {"op": "put", …}, …]}.');
	}
	if (items.length > limits.transactionItems) {
		throw new Problem("too_big", `A transaction holds at most ${limits.transactionItems} items.`);
	}
	return items.map((item, index) => {
		const read = readItem(item);
		if (read.ok) return read.value;
		throw new Problem(read.fault.code, read.fault.message, { item: index });
	});
}

function readItem(item: Json): Result<TransactionItem> {
	const fields = isFields(item) ? item : {};
	switch (fields.op) {
		case "publish":
			return readPublish(fields);
		case "put":
		case "patch":
		case "delete":
			return readWrite(fields, fields.op);
		default:
			return fail("bad_request", "The op of an item is publish, put, patch or delete.");
	}
}

function readPublish(fields: Fields): Result<TransactionItem> {
	const channel = readName(fields.channel, "channel");
	if (!channel.ok) return channel;
	const draft = readDraft(fields);
	if (!draft.ok) return draft;
	const condition = readItemCondition(fields);
	if (!condition.ok) return condition;
	return succeed({ op: "publish", channel: channel.value, draft: draft.value, ...condition.value });
}

function readWrite(fields: Fields, kind: "put" | "patch" | "delete"): Result<TransactionItem> {
	const collection = readName(fields.collection, "collection");
	if (!collection.ok) return collection;
	const id = readName(fields.id, "record");
	if (!id.ok) return id;
	const action = readAction(fields.data, kind);
	if (!action.ok) return action;
	const { ttl } = fields;
	if (ttl !== undefined && (!isSeq(ttl) || ttl < 1 || ttl > limits.ttlSeconds || kind === "delete")) {
		return fail("bad_request", `ttl of a put or a patch is a whole number from 1 to ${limits.ttlSeconds}.`);
	}
	const condition = readRecordCondition(fields);
	if (!condition.ok) return condition;
	return succeed({
		op: "write",
		collection: collection.value,
		id: id.value,
		action: action.value,
		...(ttl !== undefined && { ttl }),
		...condition.value,
	});
}

type Write = Extract<TransactionItem, { op: "write" }>;

function readAction(data: Json | undefined, kind: "put" | "patch" | "delete"): Result<Write["action"]> {
	if (kind === "delete") return succeed({ kind });
	if (!isFields(data)) return fail("bad_request", `data of a ${kind} is an object: {"item": "plane", "count": 2}.`);
	return succeed(kind === "put" ? { kind, data: writeJson(data) } : { kind, patch: writeJson(data) });
}

function readRecordCondition(fields: Fields): Result<Pick<Write, "ifRev" | "ifMatch" | "ifNoneMatch" | "lock">> {
	const message =
		'if of a record reads {"rev": n}, {"etag": "…"} or {"absent": true}, and may name a lock with its token.';
	const read = readIf(fields, ["rev", "etag", "absent"], message);
	if (!read.ok) return read;
	const { rev, etag, absent } = read.value.said;
	const tags = typeof etag === "string" ? parseTags(etag) : undefined;
	if (
		(rev !== undefined && !isSeq(rev)) ||
		(etag !== undefined && !tags) ||
		(absent !== undefined && absent !== true)
	) {
		return fail("bad_request", message);
	}
	return succeed({
		...read.value.held,
		...(rev !== undefined && { ifRev: rev }),
		...(tags && { ifMatch: tags === "*" ? tags : tags.filter(({ weak }) => !weak).map(({ tag }) => tag) }),
		...(absent === true && { ifNoneMatch: "*" }),
	});
}

function isList(value: Json | undefined): value is readonly Json[] {
	return Array.isArray(value);
}
