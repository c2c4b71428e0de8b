import type { CallReply, CallRequest } from "../../protocol/calls.ts";
import { writeJson } from "../../protocol/codec/json.ts";
import { encodeServer } from "../../protocol/codec/serving.ts";
import { encodeResult } from "../../protocol/codec/serving-calls.ts";
import type { Fault } from "../../protocol/result.ts";
import type { CallWork } from "./call-work.ts";
import type { Calls } from "./parts/calls/calls.ts";
import type { CallKnown, CallOutcome, CallRefusal } from "./parts/calls/outcome.ts";
import type { Rates } from "./parts/rates/rates.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Permits } from "./permits.ts";
import { tooEarly } from "./too-early.ts";

type Of<Type extends CallRequest["type"]> = Extract<CallRequest, { type: Type }>;

/** What a client's envelopes about calls lead to. */
export class CallEnvelopes {
	readonly #calls: Calls;
	readonly #work: CallWork;
	readonly #permits: Permits;
	readonly #rates: Rates;

	constructor(calls: Calls, work: CallWork, permits: Permits, rates: Rates) {
		this.#calls = calls;
		this.#work = work;
		this.#permits = permits;
		this.#rates = rates;
	}

	/** Takes one. It is done at the next tick, with all others that came until then. */
	take(session: Session, envelope: CallRequest, refused: Fault | undefined): void {
		switch (envelope.type) {
			case "call":
				return this.#call(session, envelope, refused);
			case "call-again": {
				const { ref, id } = envelope;
				const ask = () => this.#lack(session, "call", id) ?? this.#calls.again(id, session.identity.principal, session);
				return this.#work.later({ work: ask, done: (known) => tellKnown(session, ref, id, known) }, session, ref);
			}
			case "serve":
				return this.#serve(session, envelope);
			case "progress":
				return this.#progress(session, envelope);
			case "reply": {
				const { ref, id } = envelope;
				const { data, failed } = replyText(envelope.reply);
				return this.#answer(session, ref, () => {
					// That it was stored already is found before the right to say it.
					const lack = this.#calls.isDone(id, false) ? undefined : this.#lack(session, "serve", id);
					return lack ?? this.#calls.reply(id, data, failed, session);
				});
			}
			case "nack":
				return this.#answer(
					session,
					envelope.ref,
					() => this.#lack(session, "serve", envelope.id) ?? this.#calls.nack(envelope.id, envelope.attempt, session),
				);
			case "cancel":
				return this.#answer(
					session,
					envelope.ref,
					() => this.#lack(session, "call", envelope.id) ?? this.#calls.cancel(envelope.id, session.identity.principal),
				);
		}
	}

	/** Why a session may not speak of a call, which names its service only by its id. */
	#lack(session: Session, operation: "call" | "serve", id: string): CallRefusal | undefined {
		const service = this.#calls.serviceOf(id);
		const lack = service === undefined ? undefined : this.#permits.lack(session, operation, "services", service);
		return lack && { ok: false, ...lack };
	}

	#call(session: Session, { ref, service, id, data, timeout }: Of<"call">, refused: Fault | undefined): void {
		const { principal } = session.identity;
		const asked = {
			id,
			service,
			principal,
			client: session.client,
			data: writeJson(data),
			...(timeout !== undefined && { timeout }),
		};
		const work = () => {
			// One that is known is answered, whatever its right is now, and whatever else was asked of late.
			if (!this.#calls.isDone(id, true)) {
				if (refused) return { ok: false, ...refused } as const;
				const early = this.#rates.client(principal, session.client, 1);
				if (early > 0) return tooEarly(early);
			}
			return this.#calls.call(asked, session);
		};
		this.#work.later({ work, done: (known) => tellKnown(session, ref, id, known) }, session, ref);
	}

	#serve(session: Session, { ref, service, concurrency, lease, holds = [] }: Of<"serve">): void {
		if (session.identity.held && lease === undefined && concurrency > 0) {
			const message = "A poll cannot serve: take one call with a lease, or POST …/services/{service}/next.";
			return session.refuse(ref, { code: "unsupported", message });
		}
		const serving = { service, concurrency, ...(lease !== undefined && { lease }) };
		this.#answer(session, ref, () => this.#calls.serve(session, serving, holds));
	}

	#progress(session: Session, { id, attempt, data }: Of<"progress">): void {
		const work = () => this.#lack(session, "serve", id) ?? this.#calls.progress(id, attempt, writeJson(data), session);
		// It has no answer: only what is wrong with it is told.
		const done = (outcome: CallOutcome | CallRefusal) => {
			if (!outcome.ok && (outcome.code === "too_big" || outcome.code === "forbidden")) {
				refuse(session, undefined, outcome);
			}
		};
		this.#work.later({ work, done }, session, undefined);
	}

	#answer(session: Session, ref: number, work: () => CallOutcome | CallRefusal | undefined): void {
		const done = (outcome: CallOutcome | CallRefusal | undefined) => {
			if (outcome && !outcome.ok) refuse(session, ref, outcome);
			else session.write(encodeServer({ type: "done", ref, ...(outcome?.duplicate && { says: { dup: true } }) }));
		};
		this.#work.later({ work, done }, session, ref);
	}
}

/** A reply, or the error of a handler, as it is stored. */
export function replyText(reply: CallReply): { readonly data: string; readonly failed: boolean } {
	if ("data" in reply) return { data: writeJson(reply.data), failed: false };
	const { message, data } = reply.error;
	return {
		data: writeJson({ code: "handler_failed", message, ...(data !== undefined && { data }) }),
		failed: true,
	};
}

function tellKnown(session: Session, ref: number, id: string, known: CallKnown | CallRefusal): void {
	if (!known.ok) return refuse(session, ref, known);
	const { duplicate, result } = known;
	session.write(encodeServer({ type: "done", ref, ...(duplicate && { says: { dup: true } }) }));
	if (result) session.write(encodeResult(id, result.data, result.failed));
}

function refuse(session: Session, ref: number | undefined, { ok: _, ...fault }: CallRefusal): void {
	session.refuse(ref, fault);
}
