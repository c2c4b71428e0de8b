import { encodeServer } from "../../protocol/codec/serving.ts";
import type { AuthRequest, ClientEnvelope } from "../../protocol/envelopes.ts";
import { errorRow } from "../../protocol/errors.ts";
import type { Identity } from "../../protocol/identity.ts";
import { failureLine } from "../../protocol/log.ts";
import type { Fault, Result } from "../../protocol/result.ts";
import { type Beginning, tooManySpaces } from "./beginning.ts";
import type { Jobs } from "./parts/jobs/jobs.ts";
import type { Rights } from "./parts/rights/rights.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Sockets } from "./parts/sockets/sockets.ts";
import type { Permits } from "./permits.ts";
import type { Clock, KeptAuthority } from "./ports.ts";

/** What it needs of the space to know who is on its sockets. */
export interface AuthDeskHost {
	readonly sockets: Pick<Sockets<WebSocket>, "all" | "of" | "send">;
	readonly rights: Rights;
	readonly permits: Permits;
	readonly jobs: Jobs;
	readonly beginning: Pick<Beginning, "admits">;
	readonly now: Clock;
	/** Whom a token or a key speaks for; may take long. */
	verify(credential: string): Promise<Result<Identity>>;
	/** Stores whatever was said before and waits. */
	flush(): void;
	/** It is known now who is on a socket. */
	admit(session: Session, principal: string, authority: KeptAuthority): void;
	/** A socket may do other things than before. */
	narrow(session: Session): void;
}

/** Who is on a socket, as it says itself by `auth`; what it may do from then on; and its end. */
export class AuthDesk {
	readonly #host: AuthDeskHost;
	/** Those whose `auth` is being looked at. */
	readonly #busy = new Set<Session>();

	constructor(host: AuthDeskHost) {
		this.#host = host;
	}

	/** Takes an `auth`; false for any other envelope. It is answered later; what comes meanwhile is done by the rights of before. */
	take(session: Session, envelope: ClientEnvelope): boolean {
		if (envelope.type !== "auth") return false;
		if (this.#busy.has(session)) {
			session.refuse(envelope.ref, {
				code: "bad_request",
				message: "Wait for the answer to the auth before this one.",
			});
			return true;
		}
		this.#busy.add(session);
		this.#verify(session, envelope)
			.catch((error: unknown) => {
				console.error(failureLine("auth", error));
				session.refuse(envelope.ref, { code: "internal", message: errorRow("internal").title });
			})
			.finally(() => {
				this.#busy.delete(session);
				this.#host.sockets.send();
			});
		return true;
	}

	/** A socket ends at some time: it is looked at then, and the object may sleep until then. */
	watch(session: Session): void {
		const end = this.#host.permits.endOf(session);
		if (end < Number.POSITIVE_INFINITY) this.#host.jobs.by("ends", end);
	}

	/** What is done later. */
	get jobs() {
		return { ends: () => this.expire() };
	}

	/** Closes the sockets that are over. Returns when the next one is. */
	expire(): number | undefined {
		const { permits, sockets } = this.#host;
		let next = Number.POSITIVE_INFINITY;
		for (const session of sockets.all()) {
			const over = permits.overFor(session);
			if (over) session.close(over);
			else next = Math.min(next, permits.endOf(session));
		}
		return next === Number.POSITIVE_INFINITY ? undefined : next;
	}

	/** Milliseconds until the token of a socket ends, as `welcome` and the answer to `auth` say it. */
	endsIn({ ends }: Pick<KeptAuthority, "ends">): { readonly endsIn?: number } {
		return ends === undefined ? {} : { endsIn: Math.max(0, ends - this.#host.now()) };
	}

	async #verify(session: Session, { ref, token }: AuthRequest): Promise<void> {
		const { beginning, sockets, verify } = this.#host;
		const verified = await verify(token);
		// Whoever is known was asked for at the door.
		const isNew = verified.ok && !session.kept.authority;
		const admitted = !isNew || (await beginning.admits(verified.value));
		// It may have closed meanwhile.
		if (sockets.of(session.socket as WebSocket) !== session) return;
		if (!verified.ok) this.#refuse(session, ref, verified.fault);
		else if (!admitted) this.#refuse(session, ref, tooManySpaces);
		else if (session.kept.authority) this.#renew(session, ref, verified.value);
		else this.#begin(session, ref, verified.value);
	}

	/** Who is on a socket is told first; then it is as if it were new. */
	#begin(session: Session, ref: number, identity: Identity): void {
		const { rights, admit } = this.#host;
		const authority = rights.keep(identity);
		session.write(encodeServer({ type: "done", ref, says: this.endsIn(authority) }));
		admit(session, identity.principal, authority);
	}

	#renew(session: Session, ref: number, identity: Identity): void {
		const { flush, narrow, rights } = this.#host;
		// A client is somebody's: what it has, and what it says again, is that one's.
		if (identity.principal !== session.identity.principal) return session.close("another_principal");
		flush();
		const authority = rights.keep(identity);
		session.remember({ authority });
		session.write(encodeServer({ type: "done", ref, says: this.endsIn(authority) }));
		narrow(session);
		this.watch(session);
	}

	/** Whoever stands keeps what it has, until that ends. Nobody else has anything to stay for. */
	#refuse(session: Session, ref: number, fault: Fault): void {
		session.refuse(ref, fault);
		if (!session.kept.authority && errorRow(fault.code).close !== undefined) session.close(fault.code);
	}
}
