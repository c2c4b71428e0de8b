import type { ClientEnvelope } from "../../protocol/envelopes.ts";
import type { Fault } from "../../protocol/result.ts";
import type { CallAnswer, CallAsk } from "./api/calls.ts";
import { CallEnvelopes } from "./call-envelopes.ts";
import { CallRequests } from "./call-requests.ts";
import { CallWork, type CallWorkHost } from "./call-work.ts";
import { Calls } from "./parts/calls/calls.ts";
import type { Rates } from "./parts/rates/rates.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Permits } from "./permits.ts";
import type { CallScreens, Room, Sql } from "./ports.ts";

/** What calls need of the space. */
export interface CallDeskHost extends Omit<CallWorkHost, "calls" | "database"> {
	readonly database: Sql & CallWorkHost["database"];
	readonly rates: Rates;
	readonly room: Room;
	readonly permits: Permits;
	/** Who looks at what is asked and answered. */
	readonly callScreens: CallScreens;
}

/** Everything about calls, put together: what sockets say, what HTTP asks, and what is done later. */
export class CallDesk {
	readonly #work: CallWork;
	readonly #envelopes: CallEnvelopes;
	readonly #requests: CallRequests;

	constructor(host: CallDeskHost) {
		const calls = new Calls(host.database, host.now, host.durations, host.callScreens, host.room);
		this.#work = new CallWork({ ...host, calls });
		this.#envelopes = new CallEnvelopes(calls, this.#work, host.permits, host.rates);
		this.#requests = new CallRequests({ calls, work: this.#work, rates: host.rates });
	}

	/** Takes an envelope about calls; false for any other. */
	take(session: Session, envelope: ClientEnvelope, refused: Fault | undefined): boolean {
		switch (envelope.type) {
			case "call":
			case "call-again":
			case "cancel":
			case "serve":
			case "progress":
			case "reply":
			case "nack":
				this.#envelopes.take(session, envelope, refused);
				return true;
			default:
				return false;
		}
	}

	/** Does what HTTP asks. */
	ask(ask: CallAsk): CallAnswer {
		return this.#requests.ask(ask);
	}

	/** Does what sockets said and is queued. */
	flush(): void {
		this.#work.flush();
	}

	/** A socket may no longer serve some services: the calls that it has in hand go to others. */
	dismiss(session: Session, services: readonly string[]): void {
		if (services.length > 0) this.#work.dismiss(session, services);
	}

	/** A socket is gone. */
	gone(session: Session): void {
		this.#work.gone(session);
	}

	/** The space was wiped: a socket's numbers of calls mean nothing any more. */
	wiped(sessions: readonly Session[]): void {
		this.#work.clear();
		for (const session of sessions) session.remember({ serves: [], holds: [], awaits: [] });
	}

	/** The jobs that are its own. */
	readonly jobs = {
		calls: () => this.#work.expire(),
		results: () => this.#work.forget(),
	} as const;
}
