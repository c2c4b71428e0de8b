import { limits, type Quotas } from "../../protocol/limits.ts";
import { Rates } from "./parts/rates/rates.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Clock } from "./ports.ts";
import type { Room } from "./room.ts";
import { tooEarly } from "./too-early.ts";

/** Who may make names on a socket: a row is stored for one that is only subscribed to, watched or entered, and stays. */
export class Admission {
	readonly #rates: Pick<Rates, "client">;
	readonly #room: Pick<Room, "full" | "written">;

	constructor(rates: Pick<Rates, "client">, room: Pick<Room, "full" | "written">) {
		this.#rates = rates;
		this.#room = room;
	}

	/**
	 * Whether a session may not give a channel or a collection its row: then it is answered with the reason. One that has its row,
	 * which is its number, costs nothing: who comes back is not kept waiting. Outside of any transaction.
	 */
	refuses(session: Session, ref: number, { number }: { readonly number: number }): boolean {
		if (number !== 0) return false;
		// Nothing else notes the rows of a space in which nothing is ever published.
		this.#room.written();
		const early = this.#rates.client(session.identity.principal, session.client, 1);
		const refusal = early > 0 ? tooEarly(early) : this.#room.full();
		if (!refusal) {
			session.publishes.refused = 0;
			return false;
		}
		const { code, message, retryAfter } = refusal;
		session.refuse(ref, { code, message, ...(retryAfter !== undefined && { retryAfter }) });
		if (code === "rate_limited") this.limited(session);
		return true;
	}

	/** Notes that a session was told to wait. Who does not is closed in the end: every refusal is work. */
	limited(session: Session): void {
		session.publishes.refused += 1;
		if (session.publishes.refused > limits.refusals) session.close("rate_limited");
	}
}

/** What bounds how much is asked of a space and stored in it, as those need it who serve that. */
export function boundsOf(quotas: Quotas, room: Room, now: Clock) {
	const rates = new Rates(quotas, now);
	return { rates, room: room.full, admission: new Admission(rates, room) };
}
