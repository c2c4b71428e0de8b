import type { CallAnswer, CallAsk } from "./api/calls.ts";
import type { CallWork } from "./call-work.ts";
import type { Calls } from "./parts/calls/calls.ts";
import type { CallKnown, CallOutcome, CallRefusal } from "./parts/calls/outcome.ts";
import type { Rates } from "./parts/rates/rates.ts";
import { tooEarly } from "./too-early.ts";

/** What requests about calls need of the space. */
export interface CallRequestsHost {
	readonly calls: Calls;
	readonly work: CallWork;
	readonly rates: Rates;
}

/** Calls and replies for HTTP. */
export class CallRequests {
	readonly #host: CallRequestsHost;

	constructor(host: CallRequestsHost) {
		this.#host = host;
	}

	/** Does what is asked, and answers; what takes longer than this turn is waited for elsewhere. */
	ask(ask: CallAsk): CallAnswer {
		const { calls, rates, work } = this.#host;
		return work.now((): CallAnswer => {
			if (ask.refused && !calls.isDone(ask.id, ask.kind === "call")) return { ok: false, ...ask.refused };
			if (ask.kind !== "call" && calls.serviceOf(ask.id) !== ask.service) return unknown;
			if (ask.kind === "call" && calls.serviceOf(ask.id) === undefined) {
				const early = rates.request(ask.principal, 1, 1);
				if (early > 0) return answerOf(tooEarly(early));
			}
			return answerOf(this.#do(ask));
		});
	}

	#do(ask: CallAsk): CallKnown | CallOutcome | CallRefusal {
		const { calls } = this.#host;
		const { id, principal } = ask;
		switch (ask.kind) {
			case "call":
				// Nobody's socket: whoever waits for the result asks again, on one of its own.
				return calls.call({ ...ask, client: `${principal}\n` });
			case "read":
				return calls.again(id, principal);
			case "cancel":
				return calls.cancel(id, principal);
			case "reply":
				return calls.reply(id, ask.data, ask.failed);
			case "progress":
				calls.prolong(id, ask.attempt, ask.lease);
				return calls.progress(id, ask.attempt, ask.data);
			case "nack":
				return calls.nack(id, ask.attempt);
		}
	}
}

function answerOf(outcome: CallKnown | CallOutcome | CallRefusal): CallAnswer {
	if (!outcome.ok) {
		const { path, retryAfter, ...refusal } = outcome;
		if (retryAfter !== undefined) return { ...refusal, state: { retryAfter } };
		return path === undefined ? refusal : { ...refusal, state: { path } };
	}
	const { duplicate } = outcome;
	if (!("result" in outcome) || !outcome.result) return { ok: true, duplicate };
	const { data, failed } = outcome.result;
	return { ok: true, duplicate, result: { data, failed } };
}

const unknown = { ok: false, code: "not_found", message: "This service knows no such call." } as const;
