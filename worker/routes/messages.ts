import { type Context, Hono } from "hono";
import { readDraft } from "../../protocol/codec/fields.ts";
import type { Draft, Json } from "../../protocol/envelopes.ts";
import { limits } from "../../protocol/limits.ts";
import { isSeq, parsePosition } from "../../protocol/position.ts";
import { readJson } from "../http/body.ts";
import { readIdempotency } from "../http/idempotency.ts";
import { readChannel } from "../http/names.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import type { HistoryPage, HistoryRequest } from "../space/api.ts";

/** The messages of a channel: publish, history, one message. */
export const messages = new Hono<App>()
	.post("/", async (context) => {
		const { space, channel } = readChannel(context);
		const { value, text } = await readJson(context.req.raw);
		const drafts = readDrafts(value);
		const idempotency = await readIdempotency(context.req.raw, text);
		const published = await spaceStub(context.env, space).publish({
			principal: context.get("principal"),
			channel,
			drafts,
			...(idempotency && { idempotency }),
			...readIfMatch(context),
		});
		if (!published.ok) throw new Problem(published.code, published.message, published.state);
		const { epoch, first, count, duplicate } = published;
		const positions = Array.from({ length: count }, (_, index) => `${epoch}:${(first ?? 0) + index}`);
		if (duplicate) context.header("idempotency-replayed", "true");
		context.header("location", `/v1/spaces/${space}/channels/${channel}/messages/${first}`);
		const answer = { epoch, seq: first, position: positions[0] };
		return context.json(Array.isArray(value) ? { ...answer, positions } : answer, 201);
	})
	.get("/", async (context) => {
		const { space, channel } = readChannel(context);
		if (context.req.header("accept")?.includes("text/event-stream")) {
			throw new Problem("not_acceptable", "Live messages come over a WebSocket; this server has no event streams.");
		}
		const request = readHistory(context, channel);
		const page = await spaceStub(context.env, space).history(request);
		if (!page.ok) throw new Problem(page.code, page.message, page.state);
		return writePage(context, request, page);
	})
	.get("/:seq", async (context) => {
		const { space, channel } = readChannel(context);
		const seq = Number(context.req.param("seq"));
		if (!isSeq(seq) || seq === 0) throw new Problem("bad_request", "A seq is a whole number from 1.");
		const after = { seq: seq - 1 };
		const page = await spaceStub(context.env, space).history({ channel, after, limit: 1, order: "asc" });
		if (!page.ok) throw new Problem(page.code, page.message, page.state);
		if (page.next !== seq || page.body === "") throw new Problem("not_found", "No message with that seq is retained.");
		context.header("etag", `"${page.epoch}:${seq}"`);
		context.header("cache-control", "private, no-cache");
		return context.body(page.body, 200, { "content-type": "application/json" });
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

function readIfMatch(context: Context<App>): { readonly ifSeq?: number; readonly ifEpoch?: string } {
	const header = context.req.header("if-match");
	if (header === undefined) return {};
	const position = parsePosition(/^"(.+)"$/.exec(header.trim())?.[1] ?? "");
	if (!position.ok) throw new Problem("bad_position", 'If-Match reads "<epoch>:<seq>", in double quotes.');
	return { ifSeq: position.value.seq, ifEpoch: position.value.epoch };
}

function readHistory(context: Context<App>, channel: string): HistoryRequest {
	const { after, before, since, limit, order } = context.req.query();
	const parsedOrder = order ?? (before !== undefined && after === undefined && since === undefined ? "desc" : "asc");
	if (parsedOrder !== "asc" && parsedOrder !== "desc") throw new Problem("bad_request", "order is asc or desc.");
	return {
		channel,
		...(after !== undefined && { after: readPosition(after) }),
		...(before !== undefined && { before: readPosition(before) }),
		...(since !== undefined && { since: readNumber(since, "since", Number.MAX_SAFE_INTEGER) }),
		limit: limit === undefined ? limits.pageMessages : Math.max(1, readNumber(limit, "limit", limits.pageMessagesMost)),
		order: parsedOrder,
	};
}

function readPosition(text: string): { readonly seq: number; readonly epoch?: string } {
	if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
	const position = parsePosition(text);
	if (!position.ok) throw problemOf(position.fault);
	return position.value;
}

function readNumber(text: string, name: string, most: number): number {
	const number = Number(text);
	if (!/^\d{1,16}$/.test(text) || number > most) {
		throw new Problem("bad_request", `${name} is a whole number of at most ${most}.`);
	}
	return number;
}

function writePage(context: Context<App>, request: HistoryRequest, page: HistoryPage): Response {
	const { epoch, floor, head, body, next, more } = page;
	const position = `${epoch}:${next}`;
	if (more) {
		const url = new URL(context.req.url);
		url.searchParams.delete("since");
		url.searchParams.set(request.order === "asc" ? "after" : "before", position);
		url.searchParams.set("order", request.order);
		context.header("link", `<${url.pathname}${url.search}>; rel="next"`);
	}
	// Spliced around the stored text: a page of a thousand messages is not parsed to be written again.
	const text = `{"epoch":"${epoch}","floor":${floor},"head":${head},"messages":[${body}],"next":"${position}"}\n`;
	return context.body(text, 200, { "content-type": "application/json" });
}
