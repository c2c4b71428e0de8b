import { anonymous } from "../../protocol/identity.ts";
import type { Durations } from "../../protocol/limits.ts";
import { AuthDesk, type AuthDeskHost } from "./auth-desk.ts";
import { Coverage, type CoverageHost } from "./coverage.ts";
import type { Listing } from "./listing.ts";
import type { Session } from "./parts/sockets/session.ts";
import type { Sockets } from "./parts/sockets/sockets.ts";
import type { KeptAuthority } from "./ports.ts";
import { socketResponse } from "./socket-host.ts";
import { readUpgrade } from "./upgrade.ts";
import { welcome, welcomeUnknown } from "./welcome.ts";

/** What letting sockets in needs of the space. */
export interface DoorHost extends CoverageHost, Omit<AuthDeskHost, "admit" | "narrow"> {
	readonly sockets: Sockets<WebSocket>;
	readonly durations: Pick<Durations, "sweep" | "unknown">;
	readonly listing: Pick<Listing, "visited">;
}

/** Lets sockets in: those of which the Worker says who is on them, and those that have yet to say so. */
export class Door {
	/** Who is on a socket, as it says itself. */
	readonly auth: AuthDesk;
	readonly #host: DoorHost;
	readonly #coverage: Coverage;

	constructor(host: DoorHost) {
		this.#host = host;
		this.#coverage = new Coverage(host);
		this.auth = new AuthDesk({
			...host,
			admit: (session, principal, authority) => this.#admit(session, principal, authority),
			narrow: (session) => this.#coverage.narrow(session),
		});
	}

	/** Takes a socket over; 507 where whoever is on it may begin no other space, 503 where there are as many as there may be. */
	async open(request: Request): Promise<Response> {
		const { beginning, sockets, rights, jobs, durations, now } = this.#host;
		const { connection, identity } = readUpgrade(request);
		if (identity && !(await beginning.admits(identity))) return new Response(null, { status: 507 });
		if (sockets.full || (!identity && sockets.fullOfUnknown)) return new Response(null, { status: 503 });
		const { 0: theirs, 1: ours } = new WebSocketPair();
		if (identity) {
			const who = { ...connection, principal: identity.principal };
			const authority = rights.keep(identity);
			sockets.accept(ours, who, authority, this.#welcome(connection.connection, authority));
			this.#came(sockets.of(ours));
		} else {
			const waits = now() + durations.unknown;
			sockets.acceptUnknown(ours, connection, waits, welcomeUnknown());
			jobs.by("ends", waits);
		}
		sockets.send();
		jobs.ensure("sweep", now() + durations.sweep);
		return socketResponse(request, theirs);
	}

	/** It is known now who is on a socket. */
	#admit(session: Session, principal: string, authority: KeptAuthority): void {
		const { sockets } = this.#host;
		const { connection } = session.identity;
		sockets.admit(session, principal, authority, this.#welcome(connection, authority));
		this.#came(sockets.of(session.socket as WebSocket));
	}

	/** The client of a new socket is there; what it may no longer have from before ends. */
	#came(session: Session | undefined): void {
		const { listing, permits, presence } = this.#host;
		if (!session) return;
		const over = permits.overFor(session);
		if (over) return session.close(over);
		if (session.identity.principal !== anonymous) listing.visited();
		presence.came(session.identity);
		// What stands beside a client's connection, for one request, says nothing of what the client may have.
		if (!session.identity.held) this.#coverage.members(session);
		this.auth.watch(session);
	}

	#welcome(connection: string, authority: KeptAuthority): string {
		return welcome(this.#host.epoch(), connection, this.auth.endsIn(authority));
	}
}
