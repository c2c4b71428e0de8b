import { type Context, Hono } from "hono";
import { readDraft } from "../../protocol/codec/fields.ts";
import type { Draft, Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { isSeq, parsePosition } from "../../protocol/position.ts";
import { durationsOf } from "../env.ts";
import { answer, jsonText } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { readIfLock, readIfMatch } from "../http/conditions.ts";
import { admitConnection } from "../http/connect-hook.ts";
import { readHistory } from "../http/history-query.ts";
import { readIdempotency } from "../http/idempotency.ts";
import { readChannel } from "../http/names.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { lackOf, need, verdict } from "../http/rights.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { messageOperations } from "../openapi/operations/messages.ts";
import type { HistoryPage, HistoryRequest, Published } from "../space/api.ts";
import { streamChannel } from "../streams/channel-stream.ts";
import { awaitPage } from "../streams/page-poll.ts";
import { eventStreamHead, readWait, wantsEvents } from "../streams/requests.ts";

/** The messages of a channel: publish, history, one message. */
export const messages = new Hono<App>()
	.post("/", describe(messageOperations.publish), async (context) => {
		const { space, channel } = readChannel(context);
		const refused = verdict(context, "publish", { space, kind: "channels", name: channel });
		const value = await readBody(context);
		const drafts = readDrafts(value);
		const idempotency = await readIdempotency(context, value);
		const condition = readCondition(context);
		const lock = readIfLock(context);
		if ((idempotency ?? condition ?? lock) && drafts.every(({ ephemeral }) => ephemeral)) {
			throw new Problem(
				"bad_request",
				"What is only ephemeral takes no Idempotency-Key and no condition: nothing is kept that a repetition could be known by.",
			);
		}
		const published = await spaceStub(context.env, space).publish({
			principal: context.get("principal"),
			channel,
			drafts,
			...(idempotency && { idempotency }),
			...condition,
			...(lock && { lock }),
			...refused,
		});
		if (!published.ok) throw new Problem(published.code, published.message, published.state);
		const { epoch, first, duplicate } = published;
		if (duplicate) context.header("idempotency-replayed", "true");
		if (first !== null) context.header("location", `/v1/spaces/${space}/channels/${channel}/messages/${first}`);
		const told = { epoch, seq: first, position: first === null ? null : `${epoch}:${first}` };
		return answer(context, {
			status: first === null ? 202 : 201,
			root: "published",
			value: Array.isArray(value) ? { ...told, positions: positionsOf(drafts, published) } : told,
		});
	})
	.get("/", describe(messageOperations.page), async (context) => {
		const { space, channel } = readChannel(context);
		const place = { space, kind: "channels", name: channel } as const;
		if (wantsEvents(context)) {
			need(context, "subscribe", place);
			if (context.req.method === "HEAD") return eventStreamHead(context);
			await admitConnection(context, { space, door: "stream" });
			return streamChannel(context, space, channel);
		}
		const request = readHistory(context, channel);
		const wait = readWait(context) ?? 0;
		need(context, wait > 0 ? "subscribe" : "history", place);
		if (wait > 0) await admitConnection(context, { space, door: "poll" });
		// Who waits may be one who may only subscribe: what that stands for is all that a page of it holds.
		const window = lackOf(context, "history", place) && { window: durationsOf(context.env).resumeWindow };
		const page = await awaitPage(context, space, { ...request, ...window }, wait);
		return writePage(context, request, page);
	})
	.get("/:seq", describe(messageOperations.read), async (context) => {
		const { space, channel } = readChannel(context);
		need(context, "history", { space, kind: "channels", name: channel });
		const text = context.req.param("seq");
		const seq = Number(text);
		if (!/^[1-9]\d*$/.test(text) || !isSeq(seq)) throw new Problem("bad_request", "A seq is a whole number from 1.");
		const after = { seq: seq - 1 };
		const page = await spaceStub(context.env, space).history({ channel, after, limit: 1, order: "asc" });
		if (!page.ok) throw new Problem(page.code, page.message, page.state);
		if (page.next !== seq || page.body === "") throw new Problem("not_found", "No message with that seq is retained.");
		return answer(context, { status: 200, root: "message", value: jsonText(page.body), etag: `${page.epoch}:${seq}` });
	});

function readDrafts(value: Json): readonly Draft[] {
	const values = Array.isArray(value) ? (value as readonly Json[]) : [value];
	if (values.length === 0) throw new Problem("bad_request", "An empty list publishes nothing.");
	if (values.length > limits.batchMessages) {
		throw new Problem("too_big", `One request publishes at most ${limits.batchMessages} messages.`);
	}
	return values.map((one) => {
		const draft = readDraft(one);
		if (!draft.ok) throw problemOf(draft.fault);
		return draft.value;
	});
}

/** Where each message of a request is stored; null for an ephemeral one. */
function positionsOf(drafts: readonly Draft[], { epoch, first }: Published): readonly (string | null)[] {
	if (first === null) return drafts.map(() => null);
	let seq = first;
	return drafts.map(({ ephemeral }) => (ephemeral ? null : `${epoch}:${seq++}`));
}

function readCondition(context: Context<App>): { readonly ifSeq: number; readonly ifEpoch: string } | undefined {
	const tags = readIfMatch(context);
	if (tags === undefined) return undefined;
	const tag = tags !== "*" && tags.length === 1 ? tags[0] : undefined;
	const position = parsePosition(tag && !tag.weak ? tag.tag : "");
	if (!position.ok) throw new Problem("bad_position", 'If-Match reads "<epoch>:<seq>", once and in double quotes.');
	return { ifSeq: position.value.seq, ifEpoch: position.value.epoch };
}

function writePage(context: Context<App>, request: HistoryRequest, page: HistoryPage): Response {
	const { epoch, floor, head, body, next, more } = page;
	// A bare seq may be ahead of the log, and no position is: asked for with its epoch, it would be refused.
	const position = `${epoch}:${request.order === "asc" ? Math.min(next, head) : next}`;
	if (more) {
		const url = new URL(context.req.url);
		url.searchParams.delete("since");
		url.searchParams.set(request.order === "asc" ? "after" : "before", position);
		url.searchParams.set("order", request.order);
		context.header("link", `<${url.pathname}${url.search}>; rel="next"`);
	}
	// Spliced around the stored text: a page of a thousand messages is not parsed to be written again.
	const text = `{"epoch":"${epoch}","floor":${floor},"head":${head},"messages":[${body}],"next":"${position}"}`;
	return answer(context, { status: 200, root: "page", value: jsonText(text), ...tagOf(request, page) });
}

/**
 * The ETag of a page that is closed: there is more beyond it, and where it starts is fixed. Its messages never change; only
 * `floor` and `head` move on, which it tells as they were, so the tag is weak. Of a keyed channel no page is closed.
 */
function tagOf({ order, before }: HistoryRequest, { epoch, body, next, more, loose }: HistoryPage) {
	const first = /^\{"seq":(\d+)/.exec(body)?.[1];
	if (loose || !more || first === undefined || (order === "desc" && before === undefined)) return {};
	return { etag: `${epoch}:${first}-${next}`, weak: true };
}
