import { Hono } from "hono";
import { mint } from "../auth/mint.ts";
import { readRevocation } from "../auth/revocation-body.ts";
import { makeTicket } from "../auth/tickets.ts";
import { answer } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { erase, readErasure } from "../http/erasing.ts";
import { problemOf } from "../http/problem.ts";
import { needAll } from "../http/rights.ts";
import { revokeEverywhere } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { tokenOperations } from "../openapi/operations/tokens.ts";

/** Tokens: a key mints them. */
export const tokens = new Hono<App>().post("/", describe(tokenOperations.mint), async (context) => {
	const body = await readBody(context, 3);
	const minted = await mint(context.env, context.get("identity"), body, Date.now());
	if (!minted.ok) throw problemOf(minted.fault);
	return answer(context, { status: 200, root: "token", value: { ...minted.value } });
});

/** Tickets: what opens a socket or an event stream by its URL. */
export const tickets = new Hono<App>().post("/", describe(tokenOperations.ticket), async (context) => {
	const body = await readBody(context);
	const made = await makeTicket(context.env, context.get("identity"), body, Date.now());
	if (!made.ok) throw problemOf(made.fault);
	return answer(context, { status: 200, root: "ticket", value: { ...made.value } });
});

/** Revocations: what counts no more. */
export const revocations = new Hono<App>().post("/", describe(tokenOperations.revoke), async (context) => {
	needAll(context, "admin", "**/*/**");
	const revocation = readRevocation(await readBody(context), Date.now());
	if (!revocation.ok) throw problemOf(revocation.fault);
	await revokeEverywhere(context.env, revocation.value);
	return answer(context, { status: 200, root: "revocation", value: { ...revocation.value } });
});

/** Erasures: what a principal left. */
export const erasures = new Hono<App>().post("/", describe(tokenOperations.erase), async (context) => {
	const body = await readBody(context);
	const erasure = readErasure(body);
	if (!erasure.ok) throw problemOf(erasure.fault);
	const { sub, space } = erasure.value;
	needAll(context, "admin", `${space ?? "**"}/*/**`);
	const done = await erase(context.env, { principal: sub, by: context.get("principal") }, erasure.value);
	return answer(context, { status: done.next === undefined ? 200 : 202, root: "erasure", value: { sub, ...done } });
});
