import { type ErrorCode, errorCodes, errorRow } from "../../protocol/errors.ts";
import type { Identity } from "../../protocol/identity.ts";
import type { Durations } from "../../protocol/limits.ts";
import { recheck } from "../auth/authenticate.ts";
import { durationsOf, type Env } from "../env.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { spaceStub } from "../http/stub.ts";
import { upgradeHeaders } from "../space/upgrade.ts";
import { refusedConnection } from "./requests.ts";

/** Where a held socket leads, and whom it speaks for. */
export interface HeldSocketTarget {
	readonly space: string;
	readonly identity: Identity;
	/** The id of the client. Default: none, so that the object gives the socket one of its own. */
	readonly client?: string;
	/**
	 * Whether it stands beside the client's other sockets, for one request or one reader. Otherwise it is the client's
	 * connection: it replaces the one before, and the next replaces it.
	 */
	readonly beside: boolean;
	/** With `beside`: the poller whose request it is, or `new`. */
	readonly poll?: string;
}

/** Who hears what comes on a held socket. */
export interface HeldSocketListener {
	/** A frame, as its text. */
	frame(text: string): void;
	/** It ended, and not by `close()`. Called once. The code is that of the close, or 1006. */
	ended(code: number): void;
}

/** Why a socket was closed for good, by its close code: who comes back as the same is not let in either. */
export function refusalOf(close: number): Problem | undefined {
	const code = errorCodes.find((each) => errorRow(each).close === close);
	return code && isForGood(code) ? new Problem(code, errorRow(code).title) : undefined;
}

/** Whether what is refused so is refused for good, because of who asks: 401 and 403. */
export function isForGood(code: ErrorCode): boolean {
	const { status } = errorRow(code);
	return status === 401 || status === 403;
}

/** Pings without a sign of life after which the object counts as gone, although no close came. */
const mostMissed = 2;

/**
 * The Worker's end of a socket to a space, held for as long as an HTTP request is open. The object sleeps while nothing
 * happens on it, which it could not while it answered the request itself.
 */
export class HeldSocket {
	readonly #socket: WebSocket;
	readonly #listener: HeldSocketListener;
	readonly #pings: ReturnType<typeof setInterval>;
	#missed = 0;
	#over = false;

	private constructor(socket: WebSocket, listener: HeldSocketListener, durations: Durations) {
		this.#socket = socket;
		this.#listener = listener;
		socket.binaryType = "arraybuffer";
		socket.addEventListener("message", ({ data }) => this.#take(data));
		socket.addEventListener("close", ({ code }) => this.#end(code));
		socket.addEventListener("error", () => this.#end(1006));
		socket.accept();
		// The runtime answers a ping for the object, and does not wake it. The first one makes its sweep expect the others.
		socket.send("ping");
		this.#pings = setInterval(() => this.#ping(), durations.ping);
	}

	/**
	 * Opens one, for who still counts: a request may be held for hours, and have another socket opened at any time of it.
	 *
	 * @throws Problem where the space takes none (`space_full`, `too_many_spaces`), for whom was revoked (`token_revoked`), and where
	 *   the key behind it is gone (`unauthorized`); and what the platform says when the object cannot be reached.
	 */
	static async open(env: Env, target: HeldSocketTarget, listener: HeldSocketListener): Promise<HeldSocket> {
		const counts = await recheck(target.identity, env);
		if (!counts.ok) throw problemOf(counts.fault);
		const headers = upgradeHeaders(target.identity);
		if (target.beside) headers.set("x-aerogram-held", "1");
		if (target.poll !== undefined) headers.set("x-aerogram-poll", target.poll);
		const query = target.client === undefined ? "" : `?client=${encodeURIComponent(target.client)}`;
		const { webSocket, status } = await spaceStub(env, target.space).fetch(`https://space/${query}`, { headers });
		if (!webSocket) throw refusedConnection(status);
		return new HeldSocket(webSocket, listener, durationsOf(env));
	}

	/** Sends a frame. On a socket that has ended it goes nowhere. */
	send(frame: string): void {
		if (!this.#over) this.#socket.send(frame);
	}

	/** Ends it. Nothing more is heard of it. */
	close(): void {
		if (this.#over) return;
		this.#stop();
		this.#socket.close(1000);
	}

	#take(data: unknown): void {
		this.#missed = 0;
		// The object sends text only, to who asks for no other subprotocol.
		if (!this.#over && typeof data === "string" && data !== "pong") this.#listener.frame(data);
	}

	#ping(): void {
		this.#missed += 1;
		if (this.#missed > mostMissed) this.#end(1006);
		else this.#socket.send("ping");
	}

	#end(code: number): void {
		if (this.#over) return;
		this.#stop();
		try {
			this.#socket.close(1000);
		} catch {
			// It is closed already.
		}
		this.#listener.ended(code);
	}

	#stop(): void {
		this.#over = true;
		clearInterval(this.#pings);
	}
}
