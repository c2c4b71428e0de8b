import { missingRight, type Operation, type ResourceKind } from "../../protocol/capabilities.ts";
import type { ClientEnvelope } from "../../protocol/envelopes.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Fault } from "../../protocol/result.ts";
import { needOf } from "./needs.ts";
import type { Rights } from "./parts/rights/rights.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Clock } from "./ports.ts";

/** What sockets may do in this space, and for how long. */
export class Permits {
	readonly #rights: Rights;
	readonly #space: string;
	readonly #leeway: number;
	readonly #now: Clock;

	/** `leeway`: how long after the end of its token a socket may still speak, in milliseconds. */
	constructor(rights: Rights, space: string, leeway: number, now: Clock) {
		this.#rights = rights;
		this.#space = space;
		this.#leeway = leeway;
		this.#now = now;
	}

	/** Whether a socket may do something. One of which nobody knows who is on it may do nothing. */
	allows({ kept }: Session, operation: Operation, kind: ResourceKind, name: string): boolean {
		return kept.authority !== undefined && this.#rights.of(kept.authority).allows(operation, this.#space, kind, name);
	}

	/** Why a socket may not do something. */
	lack(session: Session, operation: Operation, kind: ResourceKind, name: string): Fault | undefined {
		return this.allows(session, operation, kind, name) ? undefined : missingRight(operation, this.#space, kind, name);
	}

	/** Why a socket may not say something, as far as the envelope tells what it is about. */
	lackFor(session: Session, envelope: ClientEnvelope): Fault | undefined {
		const need = needOf(envelope);
		return need && this.lack(session, need.operation, need.kind, need.name);
	}

	/** When a socket ends, in milliseconds since 1970: some time after its token, or when it must have said who is on it. */
	endOf({ kept: { authority, waits = 0 } }: Session): number {
		if (!authority) return waits;
		return authority.ends === undefined ? Number.POSITIVE_INFINITY : authority.ends + this.#leeway;
	}

	/** Why a socket is over; undefined while it is not. */
	overFor(session: Session): ErrorCode | undefined {
		if (this.endOf(session) > this.#now()) return undefined;
		return session.kept.authority ? "token_expired" : "unauthorized";
	}
}
