import { type Context, Hono } from "hono";
import { type Fields, isFields } from "../../protocol/codec/fields.ts";
import { parseJson, writeJson } from "../../protocol/codec/json.ts";
import { callTimeoutRule, isCallTimeout, readCallReply } from "../../protocol/codec/serving-calls.ts";
import type { Json } from "../../protocol/envelopes.ts";
import { type ErrorCode, isErrorCode } from "../../protocol/errors.ts";
import { durations } from "../../protocol/limits.ts";
import { isSeq } from "../../protocol/position.ts";
import { durationsOf } from "../env.ts";
import { answer, jsonText } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { admitConnection, hasConnectHook } from "../http/connect-hook.ts";
import { readIdempotency } from "../http/idempotency.ts";
import { readClient, readPathName } from "../http/names.ts";
import { readNumber } from "../http/numbers.ts";
import { prefersAsync } from "../http/preferences.ts";
import { Problem } from "../http/problem.ts";
import { lackOf, need, verdict } from "../http/rights.ts";
import { spaceStub } from "../http/stub.ts";
import type { App } from "../http/types.ts";
import { describe } from "../openapi/describe.ts";
import { serviceOperations } from "../openapi/operations/services.ts";
import type { CallAnswer, CallAsk } from "../space/api/calls.ts";
import { takeCall } from "../streams/call-take.ts";
import { awaitCall, resultText, streamCall } from "../streams/call-wait.ts";
import type { CallResult } from "../streams/call-watch.ts";
import { eventStreamHead, readWait, wantsEvents } from "../streams/requests.ts";

type Ask = CallAsk extends infer One
	? One extends CallAsk
		? Omit<One, "principal" | "service" | "id">
		: never
	: never;

/** The services of a space: calling them, and serving them without a socket. */
export const services = new Hono<App>()
	.post("/:service/calls", describe(serviceOperations.call), async (context) => {
		const { space, service } = readService(context);
		const refused = verdict(context, "call", { space, kind: "services", name: service });
		const value = await readBody(context);
		const { data = null, timeout } = objectOf(value, 'A call is an object: {"data": …, "timeout": 10000}.');
		if (timeout !== undefined && !isCallTimeout(timeout)) throw new Problem("bad_request", callTimeoutRule);
		const wait = prefersAsync(context) ? 0 : (readWait(context) ?? durationsOf(context.env).waitMost);
		const idempotency = await readIdempotency(context, value);
		const id = idempotency ? await idOfKey(context.get("principal"), idempotency.key) : crypto.randomUUID();
		// Whether it may wait is asked before there is a call. What is stored is answered so whatever is said to that.
		const settled = idempotency && hasConnectHook && wait > 0 && (await isSettled(context, id));
		const rejected = settled ? undefined : await pollRejection(context, space, wait);
		if (rejected && !idempotency) throw rejected;
		const called = await ask(context, id, {
			kind: "call",
			data: writeJson(data),
			...(timeout !== undefined && { timeout }),
			...(idempotency && { hash: idempotency.hash }),
			...(rejected && { refused: { code: rejected.code, message: rejected.message } }),
			...refused,
		});
		if (called.duplicate) context.header("idempotency-replayed", "true");
		const result = called.result ?? (await awaitCall(context, space, id, rejected ? 0 : wait));
		return answerResult(context, { space, service, id }, result);
	})
	.post("/:service/next", describe(serviceOperations.take), async (context) => {
		const { space, service } = readService(context);
		need(context, "serve", { space, kind: "services", name: service });
		const request = { space, service, client: readClient(context), lease: readLease(context) };
		const wait = readWait(context) ?? 0;
		await admitPoll(context, space, wait, request.client);
		const taken = await takeCall(context, request, wait);
		if (!taken) return context.body(null, 204);
		const { id, attempt, from, deadline, data } = taken;
		return answer(context, { status: 200, root: "call", value: { id, attempt, from, deadline, data } });
	})
	.get("/:service/calls/:call", describe(serviceOperations.read), async (context) => {
		const { space, service, id } = readCall(context);
		need(context, "call", { space, kind: "services", name: service });
		const events = wantsEvents(context);
		if (events && context.req.method === "HEAD") return eventStreamHead(context);
		const wait = events ? 0 : (readWait(context) ?? 0);
		if (events) await admitConnection(context, { space, door: "stream" });
		const told = await tell(context, id, { kind: "read" });
		// For a result that is there nobody waits. What is unknown is asked about too: the refusal tells nothing of it.
		if (!(told.ok && told.result)) await admitPoll(context, space, wait);
		const { result: known } = expectOk(told);
		if (events) return streamCall(context, space, id);
		const result = known ?? (await awaitCall(context, space, id, wait));
		return answerResult(context, { space, service, id }, result);
	})
	.delete("/:service/calls/:call", describe(serviceOperations.cancel), async (context) => {
		const { space, service, id } = readCall(context);
		need(context, "call", { space, kind: "services", name: service });
		await ask(context, id, { kind: "cancel" });
		return context.body(null, 204);
	})
	.put("/:service/calls/:call/reply", describe(serviceOperations.reply), async (context) => {
		const { space, service, id } = readCall(context);
		const refused = lackOf(context, "serve", { space, kind: "services", name: service });
		const rule = 'A reply holds data, or an error: {"message": "…", "data": …}.';
		const reply = readCallReply(objectOf(await readBody(context), rule));
		if (!reply) throw new Problem("bad_request", rule);
		const failed = "error" in reply;
		const data = failed ? { code: "handler_failed", ...reply.error } : reply.data;
		const { duplicate } = await ask(context, id, {
			kind: "reply",
			data: writeJson(data),
			failed,
			...(refused && { refused }),
		});
		return answer(context, { status: 200, root: "replied", value: { id, duplicate } });
	})
	.post("/:service/calls/:call/progress", describe(serviceOperations.progress), async (context) => {
		const { space, service, id } = readCall(context);
		need(context, "serve", { space, kind: "services", name: service });
		const fields = objectOf(await readBody(context), 'Progress is an object: {"attempt": 1, "data": …}.');
		const { data } = fields;
		const told = await ask(context, id, {
			kind: "progress",
			attempt: readAttempt(fields),
			...(data !== undefined && { data: writeJson(data) }),
			lease: readLease(context),
		});
		if (told.duplicate) throw new Problem("cancelled", "Nobody waits for this call any more: it has its result.");
		return context.body(null, 204);
	})
	.post("/:service/calls/:call/nack", describe(serviceOperations.nack), async (context) => {
		const { space, service, id } = readCall(context);
		need(context, "serve", { space, kind: "services", name: service });
		const fields = objectOf(await readBody(context), 'A call is handed back by its attempt: {"attempt": 1}.');
		await ask(context, id, { kind: "nack", attempt: readAttempt(fields) });
		return context.body(null, 204);
	});

function readService(context: Context<App>): { readonly space: string; readonly service: string } {
	return { space: readPathName(context, "space"), service: readPathName(context, "service") };
}

function readCall(context: Context<App>): { readonly space: string; readonly service: string; readonly id: string } {
	return { ...readService(context), id: readPathName(context, "call") };
}

/** Lets the application say who may wait; who waits for nothing sends a plain request. */
async function admitPoll(context: Context<App>, space: string, wait: number, client?: string): Promise<void> {
	if (wait > 0) await admitConnection(context, { space, client, door: "poll" });
}

/** Why the application lets it not wait; undefined where it does. */
async function pollRejection(context: Context<App>, space: string, wait: number): Promise<Problem | undefined> {
	try {
		await admitPoll(context, space, wait);
		return undefined;
	} catch (error) {
		if (error instanceof Problem) return error;
		throw error;
	}
}

/** For how long a call is in the hands of whoever took it, in milliseconds; by default for the grace. */
function readLease(context: Context<App>): number {
	const text = context.req.query("lease");
	if (text === undefined) return durationsOf(context.env).grace;
	return readNumber(text, "lease", 1, durations.callMost / 1_000) * 1_000;
}

function readAttempt({ attempt }: Fields): number {
	if (isSeq(attempt)) return attempt;
	throw new Problem("bad_request", "attempt is the number that the call was handed over with.");
}

function objectOf(value: Json, rule: string): Fields {
	if (isFields(value)) return value;
	throw new Problem("bad_request", rule);
}

/** The same key of the same principal is the same call. */
async function idOfKey(principal: string, key: string): Promise<string> {
	const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${principal}\n${key}`));
	return `key.${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Whether a call has its result, so that nobody waits for it. */
async function isSettled(context: Context<App>, id: string): Promise<boolean> {
	const told = await tell(context, id, { kind: "read" });
	return told.ok && told.result !== undefined;
}

async function ask(context: Context<App>, id: string, what: Ask): Promise<Extract<CallAnswer, { ok: true }>> {
	return expectOk(await tell(context, id, what));
}

function expectOk(answered: CallAnswer): Extract<CallAnswer, { ok: true }> {
	if (answered.ok) return answered;
	throw new Problem(answered.code, answered.message, answered.state);
}

function tell(context: Context<App>, id: string, what: Ask): Promise<CallAnswer> {
	const { space, service } = readService(context);
	const principal = context.get("principal");
	return spaceStub(context.env, space).calls({ ...what, principal, service, id } as CallAsk);
}

function answerResult(
	context: Context<App>,
	{ space, service, id }: { readonly space: string; readonly service: string; readonly id: string },
	result: CallResult | undefined,
): Response {
	if (result?.failed) throw failure(id, result.data);
	if (result) return answer(context, { status: 200, root: "result", value: jsonText(resultText(id, result)) });
	const headers = { location: `/v1/spaces/${space}/services/${service}/calls/${id}` };
	return answer(context, { status: 202, root: "call", value: { id, service }, headers });
}

function failure(id: string, text: string): Problem {
	const read = parseJson(text, Number.POSITIVE_INFINITY);
	const { code, message, data } = read.ok && isFields(read.value) ? read.value : ({} as Fields);
	const known: ErrorCode = isErrorCode(code) ? code : "internal";
	return new Problem(known, typeof message === "string" ? message : "", {
		call: id,
		...(data !== undefined && { data }),
	});
}
