import { type Context, Hono } from "hono";
import { limits } from "../../protocol/limits.ts";
import { isClientId } from "../../protocol/names.ts";
import { isEpoch } from "../../protocol/position.ts";
import { answer, jsonText } from "../http/answer.ts";
import { readChannel } from "../http/names.ts";
import { readNumber } from "../http/numbers.ts";
import { Problem } from "../http/problem.ts";
import { need } from "../http/rights.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { channelOperations } from "../openapi/operations/channels.ts";
import type { MemberPageRequest } from "../space/api/presence.ts";

/** Who is on a channel. */
export const presence = new Hono<App>().get("/", describe(channelOperations.members), async (context) => {
	const { space, channel } = readChannel(context);
	need(context, "occupants", { space, kind: "channels", name: channel });
	const request: MemberPageRequest = { channel, limit: readLimit(context), ...readCursor(context) };
	const page = await spaceStub(context.env, space).members(request);
	if (!page.ok) throw new Problem(page.code, page.message, page.state);
	const { epoch, count, body } = page;
	const next = page.next && `${epoch}:${page.next.client}:${page.next.principal}`;
	if (next !== null) {
		const url = new URL(context.req.url);
		url.searchParams.set("cursor", next);
		context.header("link", `<${url.pathname}${url.search}>; rel="next"`);
	}
	const text = `{"epoch":"${epoch}","count":${count},"members":[${body}],"next":${JSON.stringify(next)}}`;
	return answer(context, { status: 200, root: "members", value: jsonText(text) });
});

function readLimit(context: Context<App>): number {
	const limit = context.req.query("limit");
	return limit === undefined ? limits.pageMessages : readNumber(limit, "limit", 1, limits.pageMessagesMost);
}

/** Of its three parts the principal stands last, because it may hold anything. Throws a `Problem` (`bad_position`). */
function readCursor(context: Context<App>): Pick<MemberPageRequest, "cursor"> {
	const text = context.req.query("cursor");
	if (text === undefined) return {};
	const [epoch = "", client = "", ...rest] = text.split(":");
	if (!isEpoch(epoch) || !isClientId(client) || rest.length === 0) {
		throw new Problem("bad_position", "cursor is the next of the page before.");
	}
	return { cursor: { epoch, after: { principal: rest.join(":"), client } } };
}
