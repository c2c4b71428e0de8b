import { limits } from "../../../../protocol/limits.ts";
import type { Clock } from "../../ports.ts";
import { type Attachment, type Identity, Session, type Socket } from "./session.ts";

/** What the platform knows of the object's sockets. */
export interface SocketHost<PlatformSocket extends Socket> {
	/** Takes a socket over so that it outlives the object's sleep. */
	accept(socket: PlatformSocket): void;
	/** All sockets that are open. Called once a wake and in sweeps, never per message. */
	all(): readonly PlatformSocket[];
	/** When the runtime last answered a `ping` of it, in milliseconds since 1970; null when it never sent one. */
	lastPing(socket: PlatformSocket): number | null;
}

/** The part that knows the sockets of a space: who is on each, and what leaves on it in this turn. */
export class Sockets<PlatformSocket extends Socket> {
	readonly #host: SocketHost<PlatformSocket>;
	readonly #now: Clock;
	readonly #sessions = new Map<PlatformSocket, Session>();
	readonly #byClient = new Map<string, Session>();
	readonly #waiting = new Set<Session>();
	readonly #sessionHost = {
		wantsToSend: (session: Session) => void this.#waiting.add(session),
		closed: (session: Session) => void this.remove(session.socket as PlatformSocket),
	};

	constructor(host: SocketHost<PlatformSocket>, now: Clock) {
		this.#host = host;
		this.#now = now;
	}

	/** Sockets open now. */
	get count(): number {
		return this.#sessions.size;
	}

	/** Whether one more would be too many. */
	get full(): boolean {
		return this.#sessions.size >= limits.socketsPerSpace;
	}

	/** Finds the sockets that were open before the object slept, each with the channels it is subscribed to. */
	restore(): readonly { readonly session: Session; readonly channels: readonly number[] }[] {
		return this.#host.all().flatMap((socket) => {
			const attachment = socket.deserializeAttachment() as Attachment | null;
			if (!attachment) return [];
			const { channels, ...identity } = attachment;
			return [{ session: this.#add(socket, identity), channels }];
		});
	}

	/** Takes a new socket. One that the same client had before is told so and closed. */
	accept(
		socket: PlatformSocket,
		identity: Identity,
	): { readonly session: Session; readonly replaced: Session | undefined } {
		const replaced = this.#byClient.get(clientKey(identity));
		this.#host.accept(socket);
		const session = this.#add(socket, identity);
		session.remember([]);
		replaced?.close("replaced");
		return { session, replaced };
	}

	/** The session of a socket. */
	of(socket: PlatformSocket): Session | undefined {
		return this.#sessions.get(socket);
	}

	/** Takes off a socket that has closed. Returns its session, once. */
	remove(socket: PlatformSocket): Session | undefined {
		const session = this.#sessions.get(socket);
		if (!session) return undefined;
		this.#sessions.delete(socket);
		this.#waiting.delete(session);
		const key = clientKey(session.identity);
		if (this.#byClient.get(key) === session) this.#byClient.delete(key);
		return session;
	}

	/** Sends what was written in this turn: one frame a socket. Never inside a transaction. */
	send(): void {
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		for (const session of waiting) session.send();
	}

	/** All sessions. */
	all(): readonly Session[] {
		return [...this.#sessions.values()];
	}

	/**
	 * The sockets that have pinged once and are silent for longer than `silence` milliseconds: nobody is there any more,
	 * although no close ever came. One that never pinged is not expected to.
	 */
	silent(silence: number): readonly PlatformSocket[] {
		return [...this.#sessions.keys()].filter((socket) => {
			const ping = this.#host.lastPing(socket);
			return ping !== null && this.#now() - ping > silence;
		});
	}

	#add(socket: PlatformSocket, identity: Identity): Session {
		const session = new Session(socket, identity, this.#sessionHost);
		this.#sessions.set(socket, session);
		this.#byClient.set(clientKey(identity), session);
		return session;
	}
}

function clientKey(identity: Identity): string {
	return `${identity.principal}\n${identity.client}`;
}
