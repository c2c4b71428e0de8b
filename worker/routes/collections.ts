import { type Context, Hono } from "hono";
import { isFields } from "../../protocol/codec/fields.ts";
import { writeJson } from "../../protocol/codec/json.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { limits, requestLimits } from "../../protocol/limits.ts";
import { isName, isRecordPrefix } from "../../protocol/names.ts";
import { isEpoch } from "../../protocol/position.ts";
import type { RecordSelector } from "../../protocol/watch.ts";
import { answer, jsonText } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { type EntityTags, matches, readIfLock, readIfMatch, readIfNoneMatch } from "../http/conditions.ts";
import { admitConnection } from "../http/connect-hook.ts";
import { readIdempotency } from "../http/idempotency.ts";
import { readCollection, readPathName } from "../http/names.ts";
import { readNumber } from "../http/numbers.ts";
import { Problem } from "../http/problem.ts";
import { need, needAll, verdict } from "../http/rights.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { collectionOperations } from "../openapi/operations/collections.ts";
import type { RecordPageRequest, RecordTags, RecordWriteRequest } from "../space/api.ts";
import { streamRecords } from "../streams/record-stream.ts";
import { eventStreamHead, wantsEvents } from "../streams/requests.ts";

/** The collections of a space and their records. */
export const collections = new Hono<App>()
	.get("/", describe(collectionOperations.list), async (context) => {
		const space = readPathName(context, "space");
		needAll(context, "admin", `${space}/collections/**`);
		const after = context.req.query("after") ?? "";
		const { epoch, collections } = await spaceStub(context.env, space).collections(after, requestLimits.listed);
		const next = collections.length === requestLimits.listed ? collections.at(-1)?.name : undefined;
		const value = { epoch, collections: collections.map((each) => ({ ...each })), ...(next && { next }) };
		return answer(context, { status: 200, root: "collections", value });
	})
	.get("/:collection", describe(collectionOperations.page), async (context) => {
		const { space, collection } = readCollection(context);
		need(context, "read", { space, kind: "collections", name: collection });
		if (wantsEvents(context)) return streamSelected(context, space, { collection, ...readPrefix(context) });
		if (context.req.query("after") !== undefined) {
			throw new Problem("bad_request", "A page goes on at a cursor; after is for event streams.");
		}
		const page = await spaceStub(context.env, space).records({ collection, ...readRange(context) });
		if (!page.ok) throw new Problem(page.code, page.message, page.state);
		const { epoch, rev, body } = page;
		const next = page.next === null ? null : `${epoch}:${page.next}`;
		if (next !== null) {
			const url = new URL(context.req.url);
			url.searchParams.set("cursor", next);
			context.header("link", `<${url.pathname}${url.search}>; rel="next"`);
		}
		// Spliced around the stored text: a page of a thousand records is not parsed to be written again.
		const text = `{"epoch":"${epoch}","rev":${rev},"records":[${body}],"next":${JSON.stringify(next)}}`;
		return answer(context, { status: 200, root: "records", value: jsonText(text) });
	})
	.post("/:collection", describe(collectionOperations.create), async (context) => {
		const refused = judge(context, "write");
		const document = await readDocument(context);
		return write(context, document, { action: { kind: "put", data: writeJson(document) }, ...refused });
	})
	.get("/:collection/:id", describe(collectionOperations.read), async (context) => {
		const { space, collection } = readCollection(context);
		need(context, "read", { space, kind: "collections", name: collection });
		const id = readPathName(context, "id");
		if (wantsEvents(context)) return streamSelected(context, space, { collection, id });
		if (context.req.query("after") !== undefined) {
			throw new Problem("bad_request", "after is for event streams: say Accept: text/event-stream.");
		}
		const found = await spaceStub(context.env, space).readRecord({ collection, id });
		if (!found.ok) throw new Problem(found.code, found.message);
		const { epoch, rev, record } = found;
		const condition = readIfMatch(context);
		if (condition && !matches(condition, `${epoch}:${rev}`, "strong")) {
			throw new Problem("condition_failed", `The record is at revision ${rev}.`, { epoch, rev });
		}
		return answer(context, { status: 200, root: "record", value: jsonText(record), etag: `${epoch}:${rev}` });
	})
	.put("/:collection/:id", describe(collectionOperations.put), async (context) => {
		const id = readPathName(context, "id");
		const refused = judge(context, "write");
		const document = await readDocument(context);
		return write(context, document, { id, action: { kind: "put", data: writeJson(document) }, ...refused });
	})
	.patch("/:collection/:id", describe(collectionOperations.patch), async (context) => {
		const id = readPathName(context, "id");
		const refused = judge(context, "write");
		refuseOtherPatches(context);
		const patch = await readDocument(context);
		return write(context, patch, { id, action: { kind: "patch", patch: writeJson(patch) }, ...refused });
	})
	.delete("/:collection/:id", describe(collectionOperations.delete), (context) => {
		const id = readPathName(context, "id");
		return write(context, null, { id, action: { kind: "delete" }, ...judge(context, "delete") });
	});

/** Looks at the right to an operation before the body is read. */
function judge(context: Context<App>, operation: "write" | "delete"): Pick<RecordWriteRequest, "refused"> {
	const { space, collection } = readCollection(context);
	return verdict(context, operation, { space, kind: "collections", name: collection });
}

/** Writes a record; `value` is what the request says of it. */
async function write(
	context: Context<App>,
	value: Json,
	what: Pick<RecordWriteRequest, "id" | "action" | "refused">,
): Promise<Response> {
	const { space, collection } = readCollection(context);
	const ttl = context.req.query("ttl");
	const ifMatch = readIfMatch(context);
	const ifNoneMatch = readIfNoneMatch(context);
	const lock = readIfLock(context);
	const idempotency = await readIdempotency(context, value);
	const written = await spaceStub(context.env, space).writeRecord({
		principal: context.get("principal"),
		collection,
		...what,
		...(ttl !== undefined && { ttl: readNumber(ttl, "ttl", 1, limits.ttlSeconds) }),
		// To `If-Match` a weak tag says nothing, to `If-None-Match` as much as a strong one (RFC 9110, section 8.8.3.2).
		...(ifMatch && { ifMatch: texts(ifMatch, ({ weak }) => !weak) }),
		...(ifNoneMatch && { ifNoneMatch: texts(ifNoneMatch, () => true) }),
		...(lock && { lock }),
		...(idempotency && { idempotency }),
	});
	if (!written.ok) throw new Problem(written.code, written.message, written.state);
	const { epoch, id, rev, created, record, replayed } = written;
	if (replayed) context.header("idempotency-replayed", "true");
	if (record === null) return context.body(null, 204);
	if (created) context.header("location", `/v1/spaces/${space}/collections/${collection}/${id}`);
	const status = created ? 201 : 200;
	return answer(context, { status, root: "record", value: jsonText(record), etag: `${epoch}:${rev}` });
}

function texts(tags: EntityTags, counts: (tag: { readonly weak: boolean }) => boolean): RecordTags {
	return tags === "*" ? tags : tags.filter(counts).map(({ tag }) => tag);
}

async function readDocument(context: Context<App>): Promise<{ readonly [key: string]: Json }> {
	const value = await readBody(context, 0);
	if (isFields(value)) return value;
	throw new Problem("bad_request", 'A record is an object: {"item": "plane", "count": 2}.');
}

/** Other kinds of patches are JSON and XML too, and mean something else: RFC 6902, RFC 5261. */
function refuseOtherPatches(context: Context<App>): void {
	const type = context.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
	if (/\+(?:json|xml)$/.test(type) && type !== "application/merge-patch+json") {
		throw new Problem("unsupported_media_type", "Send a merge patch: Content-Type: application/merge-patch+json.");
	}
}

/** HEAD opens no stream. */
async function streamSelected(context: Context<App>, space: string, selector: RecordSelector): Promise<Response> {
	const { cursor, limit } = context.req.query();
	if (cursor !== undefined || limit !== undefined) {
		throw new Problem("bad_request", "An event stream has no pages: leave out cursor and limit, or accept JSON.");
	}
	if (context.req.method === "HEAD") return eventStreamHead(context);
	await admitConnection(context, { space, door: "stream" });
	return streamRecords(context, space, selector);
}

function readPrefix(context: Context<App>): { readonly prefix?: string } {
	const prefix = context.req.query("prefix") ?? "";
	if (!isRecordPrefix(prefix)) {
		throw new Problem(
			"bad_request",
			"prefix is the beginning of an id: letters, digits, and any of . _ ~ - and the colon.",
		);
	}
	return prefix === "" ? {} : { prefix };
}

function readRange(context: Context<App>): Omit<RecordPageRequest, "collection"> {
	const { cursor, limit } = context.req.query();
	return {
		prefix: readPrefix(context).prefix ?? "",
		...(cursor !== undefined && { cursor: readCursor(cursor) }),
		limit: limit === undefined ? limits.pageMessages : readNumber(limit, "limit", 1, limits.pageMessagesMost),
	};
}

function readCursor(text: string): { readonly epoch: string; readonly id: string } {
	const [, epoch, id] = /^([^:]*):(.*)$/s.exec(text) ?? [];
	if (isEpoch(epoch) && isName(id)) return { epoch, id };
	throw new Problem("bad_position", "cursor is what the page before this one gave as next.");
}
