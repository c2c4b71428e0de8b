import { limits } from "../../../../protocol/limits.ts";
import type { Clock, KeptAuthority } from "../../ports.ts";
import { Pollers } from "./pollers.ts";
import {
	type Attachment,
	type Connection,
	type Identity,
	type Kept,
	type PackedFrames,
	Session,
	type Socket,
	unpackWatch,
} from "./session.ts";

/** What the platform knows of the object's sockets. */
export interface SocketHost<PlatformSocket extends Socket> {
	/** Takes a socket over so that it outlives the object's sleep. */
	accept(socket: PlatformSocket): void;
	/** A session's socket was closed, from either side: nothing will be heard of it. Told once. */
	gone(session: Session): void;
	/** All sockets that are open. Called once a wake and in sweeps, never per message. */
	all(): readonly PlatformSocket[];
	/** When the runtime last answered a `ping` of it, in milliseconds since 1970; null when it never sent one. */
	lastPing(socket: PlatformSocket): number | null;
	/** A client has no connection any more, and none takes over. */
	left(who: Identity): void;
	/** Sockets that the object may have. */
	readonly most: number;
	/** How much later than a frame the note of it may be that outlives a sleep, in milliseconds. */
	readonly heardEvery: number;
}

/** The part that knows the sockets of a space: who is on each, and what leaves on it in this turn. */
export class Sockets<PlatformSocket extends Socket> {
	readonly #host: SocketHost<PlatformSocket>;
	readonly #now: Clock;
	readonly #sessions = new Map<PlatformSocket, Session>();
	readonly #byClient = new Map<string, Session>();
	/** All that a client has open, requests of pollers and of readers too. */
	readonly #open = new Map<string, Set<Session>>();
	/** Those of which nobody knows yet who is on them. */
	readonly #unknown = new Set<Session>();
	/** The client whose next connection is just being taken: it does not leave. */
	#arriving: string | undefined;
	readonly #pollers: Pollers;
	readonly #waiting = new Set<Session>();
	readonly #sessionHost = {
		wantsToSend: (session: Session) => void this.#waiting.add(session),
		closed: (session: Session) => this.remove(session.socket as PlatformSocket),
	};

	/** `gone` is told of each session once, when its socket is closed from either side: nothing will be heard of it. */
	constructor(host: SocketHost<PlatformSocket>, now: Clock) {
		this.#host = host;
		this.#now = now;
		this.#pollers = new Pollers(host.most);
	}

	/** Sockets open now. */
	get count(): number {
		return this.#sessions.size;
	}

	/** Whether one more would be too many. */
	get full(): boolean {
		return this.#sessions.size >= this.#host.most;
	}

	/** Whether one more of which nobody knows who is on it would be too many. */
	get fullOfUnknown(): boolean {
		return this.#unknown.size >= limits.socketsUnknown;
	}

	/** Finds the sockets that were open before the object slept, each with what it kept. */
	restore(): readonly Session[] {
		return this.#host.all().flatMap((socket) => {
			const attachment = socket.deserializeAttachment() as Attachment | null;
			if (!attachment) return [];
			// One of an earlier version lacks some: it is heard of now.
			const { channels, heard = this.#now(), spoke = true, authority, waits, ...later } = attachment;
			const { members = [], occupancy = [], watches = [], serves = [], holds = [], awaits = [], ...identity } = later;
			const seen = watches.map(unpackWatch);
			const kept = { channels, heard, spoke, members, occupancy, watches: seen, serves, holds, awaits };
			return [
				this.#add(socket, identity, {
					...kept,
					...(authority && { authority }),
					...(waits !== undefined && { waits }),
				}),
			];
		});
	}

	/**
	 * Takes a new socket, with `welcome` as its first envelope. What the same client had before is told that it was replaced,
	 * and closed. So is the new one itself where it is a request of a poller that was replaced already. What is held and
	 * belongs to no poller stands beside the others.
	 */
	accept(socket: PlatformSocket, identity: Identity, authority: KeptAuthority, welcome: string): void {
		this.#host.accept(socket);
		this.#admit(socket, identity, { ...nothingKept, heard: this.#now(), authority }, welcome);
	}

	/** Takes a new socket of which nobody knows yet who is on it: it may say so until `waits`. */
	acceptUnknown(socket: PlatformSocket, connection: Connection, waits: number, greeting: string): void {
		this.#host.accept(socket);
		const session = this.#add(socket, { ...connection, principal: "" }, { ...nothingKept, heard: this.#now(), waits });
		session.remember({});
		session.write(greeting);
	}

	/** It is known now who is on a socket: from here on it is as if it were new. Its session is another one. */
	admit(session: Session, principal: string, authority: KeptAuthority, welcome: string): void {
		const socket = session.socket as PlatformSocket;
		session.send();
		this.#waiting.delete(session);
		this.#unknown.delete(session);
		const kept = { ...nothingKept, heard: this.#now(), spoke: true, authority };
		this.#admit(socket, { ...session.identity, principal }, kept, welcome);
	}

	#admit(socket: PlatformSocket, identity: Identity, kept: Kept, welcome: string): void {
		this.#arriving = clientKey(identity);
		for (const each of this.#takeOver(identity)) each.close("replaced");
		this.#arriving = undefined;
		const isLast = this.#isLast(identity);
		const session = this.#add(socket, identity, kept);
		session.remember({});
		session.write(welcome);
		if (!isLast) session.close("replaced");
	}

	/** The session of a socket. */
	of(socket: PlatformSocket): Session | undefined {
		return this.#sessions.get(socket);
	}

	/** The session of a client's connection; `replaced` where the client has another one now. */
	find({ connection, ...client }: ClientId & { readonly connection: string }): Session | "replaced" | undefined {
		const session = this.#byClient.get(clientKey(client));
		return session && session.identity.connection !== connection ? "replaced" : session;
	}

	/** Takes off a socket that has closed. */
	remove(socket: PlatformSocket): void {
		const session = this.#sessions.get(socket);
		if (!session) return;
		this.#sessions.delete(socket);
		this.#waiting.delete(session);
		if (this.#unknown.delete(session)) return;
		const key = clientKey(session.identity);
		if (this.#byClient.get(key) === session) this.#byClient.delete(key);
		this.#pollers.remove(key, session);
		const open = this.#open.get(key);
		open?.delete(session);
		if (open?.size === 0) {
			this.#open.delete(key);
			if (key !== this.#arriving) this.#host.left(session.identity);
		}
		this.#host.gone(session);
	}

	/** Whether a client has any connection. */
	isThere(who: ClientId): boolean {
		return this.#open.has(clientKey(who));
	}

	/** A socket sent a frame. */
	heard(session: Session): void {
		session.hear(this.#now(), this.#host.heardEvery);
	}

	/** How long nothing came of a session: it connected, sent a frame or a ping. In milliseconds. */
	silence(session: Session): number {
		const ping = this.#host.lastPing(session.socket as PlatformSocket) ?? 0;
		return this.#now() - Math.max(ping, session.heard);
	}

	/** Sends what was written in this turn: one frame a socket. Never inside a transaction. */
	send(): void {
		this.#send(limits.frameEnvelopes);
	}

	/** Sends what was written in this turn as one frame a socket, however many envelopes it holds: the parts of a transaction. */
	sendTogether(): void {
		this.#send(Number.POSITIVE_INFINITY);
	}

	#send(most: number): void {
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		const packed: PackedFrames = new Map();
		for (const session of waiting) session.send(packed, most);
	}

	/** All sessions. */
	all(): readonly Session[] {
		return [...this.#sessions.values()];
	}

	/**
	 * The sockets that are silent for longer than `silence` milliseconds, although they pinged once or never sent anything:
	 * nobody is there any more, and no close ever came. The runtime tells of none where the client was gone before the
	 * handshake was answered. One that sends frames and never pinged is not expected to.
	 */
	silent(silence: number): readonly PlatformSocket[] {
		const sessions = [...this.#sessions].filter(([socket, { heard, kept }]) => {
			const last = this.#host.lastPing(socket) ?? (kept.spoke ? null : heard);
			return last !== null && this.#now() - last > silence;
		});
		return sessions.map(([socket]) => socket);
	}

	#add(socket: PlatformSocket, identity: Identity, kept: Kept): Session {
		const session = new Session(socket, identity, this.#sessionHost, kept);
		this.#sessions.set(socket, session);
		if (!kept.authority) {
			this.#unknown.add(session);
			return session;
		}
		const key = clientKey(identity);
		this.#open.set(key, (this.#open.get(key) ?? new Set()).add(session));
		if (!identity.held) this.#byClient.set(key, session);
		if (identity.poll !== undefined) this.#pollers.add(key, identity.poll, session);
		return session;
	}

	/** What gives way to a new connection: nothing to one that is held, unless it is the first of a poller. */
	#takeOver(identity: Identity): readonly Session[] {
		const { held, poll, connection } = identity;
		const key = clientKey(identity);
		if (held && poll !== connection) return [];
		const standing = this.#byClient.get(key);
		const polls = poll === undefined ? this.#pollers.end(key) : this.#pollers.begin(key, poll);
		return standing ? [standing, ...polls] : polls;
	}

	/** Whether nobody has taken over from whoever makes a connection. */
	#isLast(identity: Identity): boolean {
		const { poll } = identity;
		const key = clientKey(identity);
		return poll === undefined || (this.#pollers.isLast(key, poll) && !this.#byClient.has(key));
	}
}

/** What a new socket keeps. */
const nothingKept = { channels: [], members: [], occupancy: [], watches: [], spoke: false } as const;

type ClientId = Pick<Identity, "principal" | "client">;

function clientKey(identity: ClientId): string {
	return `${identity.principal}\n${identity.client}`;
}
