import { decodeServerFrame } from "../protocol/codec/envelope.ts";
import type { ServerEnvelope } from "../protocol/envelopes.ts";
import type { Durations } from "../protocol/limits.ts";
import { backoffDelay, spreadDelay } from "./backoff.ts";
import { type Clock, Timer } from "./clock.ts";
import { closeCodeOf, closedLocally, closeError, fateOf } from "./close-codes.ts";
import { AerogramError, toAerogramError } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Transport } from "./transports/port.ts";

/**
 * Where a connection stands. `idle`: not needed now. `connecting`: on its way, until the server's welcome. `connected`.
 * `waiting`: lost, trying again after a delay. `suspended`: the same, and offline for two minutes already. `failed`: the
 * server refused; only `connect()` tries again. `closed`: by `close()`, for good.
 */
export type ConnectionState = "idle" | "connecting" | "connected" | "waiting" | "suspended" | "failed" | "closed";

/** One step from a state to another. */
export interface StateChange {
	readonly state: ConnectionState;
	readonly previous: ConnectionState;
	/** Why, where something went wrong. */
	readonly reason: AerogramError | undefined;
	/** In `waiting` and `suspended`: milliseconds until the next attempt. */
	readonly retryIn: number | undefined;
}

/** The first envelope of a connection. */
export type Welcome = Extract<ServerEnvelope, { type: "welcome" }>;

/** How a connection was lost. */
export interface Loss {
	/** The close code; 0 when this side gave it up. */
	readonly code: number;
	readonly error: AerogramError;
}

/** What a connection needs, and whom it tells. */
export interface ConnectionParts {
	readonly clock: Clock;
	readonly random: () => number;
	readonly durations: Durations;
	/** Makes a transport for one attempt. What it throws ends in `failed`. */
	readonly makeTransport: () => Transport;
	readonly up: (welcome: Welcome) => void;
	readonly down: (loss: Loss) => void;
	/** Envelopes of one frame, and how many characters it had. */
	readonly received: (envelopes: readonly ServerEnvelope[], length: number) => void;
	/** No more attempts: everything that waits must be told. */
	readonly failed: (error: AerogramError) => void;
	readonly changed: (change: StateChange) => void;
}

/** The state machine of one space's connection: when to open, when to give up, when to try again. */
export class Connection {
	readonly #parts: ConnectionParts;
	/** In `connecting` the patience for the welcome, in `waiting` the delay; no other state has both. */
	readonly #timer: Timer;
	readonly #linger: Timer;
	readonly #heartbeat: Heartbeat;
	#state: ConnectionState = "idle";
	#reason: AerogramError | undefined;
	#transport: Transport | undefined;
	#uses = 0;
	#attempt = 0;
	#connectedAt: number | undefined;
	#offlineSince: number | undefined;

	constructor(parts: ConnectionParts) {
		this.#parts = parts;
		this.#timer = new Timer(parts.clock);
		this.#linger = new Timer(parts.clock);
		this.#heartbeat = new Heartbeat({
			...parts,
			ping: () => this.send("ping"),
			dead: () => this.drop(new AerogramError("timeout", "The server gave no sign of life.")),
		});
	}

	/** Where it stands. */
	get state(): ConnectionState {
		return this.#state;
	}

	/** Why it is not connected, where something went wrong. */
	get reason(): AerogramError | undefined {
		return this.#reason;
	}

	/** Something needs it from now on. */
	retain(): void {
		this.#uses += 1;
		this.#linger.stop();
		if (this.#state === "idle") this.#open();
	}

	/** Something needs it no longer. After the last, it stays for `durations.linger`. */
	release(): void {
		this.#uses -= 1;
		if (this.#uses === 0) this.#rest();
	}

	/** Connects now, out of `idle`, `waiting`, `suspended` and `failed`. Unused, it stays for `durations.linger`. */
	connect(): void {
		if (this.#state === "closed" || this.#state === "connecting" || this.#state === "connected") return;
		this.#attempt = 0;
		this.#open();
		if (this.#uses === 0) this.#rest();
	}

	/** Sends a text frame. Only while connected. */
	send(text: string): void {
		this.#transport?.send(text);
	}

	/** Gives this connection up without waiting for the other side, and tries again. */
	drop(error: AerogramError): void {
		if (this.#transport) this.#lost({ code: closedLocally, error });
	}

	/** Ends it for good. */
	close(): void {
		this.#discard();
		this.#enter("closed", undefined);
	}

	#rest(): void {
		if (this.#state === "idle" || this.#state === "failed" || this.#state === "closed") return;
		this.#linger.start(this.#parts.durations.linger, () => {
			const loss = { code: closedLocally, error: new AerogramError("closed", "The connection was no longer used.") };
			const connected = this.#connectedAt !== undefined;
			this.#discard();
			if (connected) this.#parts.down(loss);
			this.#enter("idle", undefined);
		});
	}

	#open(): void {
		this.#timer.stop();
		this.#offlineSince ??= this.#parts.clock.now();
		try {
			const transport = this.#parts.makeTransport();
			this.#transport = transport;
			transport.open({
				received: (text) => this.#transport === transport && this.#received(text),
				closed: (code, reason) =>
					this.#transport === transport && this.#lost({ code, error: closeError(code, reason) }),
			});
		} catch (thrown) {
			this.#fail(toAerogramError(thrown, "network"));
			return;
		}
		this.#timer.start(this.#parts.durations.connect, () =>
			this.drop(new AerogramError("timeout", "The server did not answer in time.")),
		);
		this.#enter("connecting", this.#reason);
	}

	#received(text: string): void {
		this.#heartbeat.beat();
		if (text === "pong") return;
		const frame = decodeServerFrame(text);
		if (!frame.ok) {
			this.drop(new AerogramError(frame.fault.code, `The server sent what cannot be read. ${frame.fault.message}`));
			return;
		}
		const [first] = frame.value;
		if (this.#state === "connecting") {
			if (first?.type === "welcome") this.#welcomed(first);
			else if (first?.type !== "bye") return;
		}
		const transport = this.#transport;
		this.#parts.received(frame.value, text.length);
		const bye = frame.value.find((envelope) => envelope.type === "bye");
		// The last word says more than the close that follows, which may come late, or not at all.
		if (bye && this.#transport === transport) {
			this.#lost({ code: closeCodeOf(bye.code), error: new AerogramError(bye.code, bye.message) });
		}
	}

	#welcomed(welcome: Welcome): void {
		this.#timer.stop();
		this.#connectedAt = this.#parts.clock.now();
		this.#offlineSince = undefined;
		this.#heartbeat.start();
		const change = this.#set("connected", undefined);
		this.#parts.up(welcome);
		this.#tell(change);
	}

	#lost(loss: Loss): void {
		const { clock, random, durations } = this.#parts;
		const connectedAt = this.#connectedAt;
		this.#discard();
		if (fateOf(loss.code) === "fail") {
			if (connectedAt !== undefined) this.#parts.down(loss);
			this.#fail(loss.error);
			return;
		}
		if (connectedAt !== undefined && clock.now() - connectedAt >= durations.stable) this.#attempt = 0;
		const herd = connectedAt !== undefined && fateOf(loss.code) === "spread";
		const delay = (herd ? spreadDelay : backoffDelay)(this.#attempt, random, durations);
		this.#attempt += 1;
		this.#offlineSince ??= clock.now();
		const change = this.#uses === 0 ? this.#set("idle", loss.error) : this.#retryAfter(delay, loss.error);
		if (connectedAt !== undefined) this.#parts.down(loss);
		this.#tell(change);
	}

	#retryAfter(delay: number, error: AerogramError): StateChange {
		const { clock, durations } = this.#parts;
		const offline = clock.now() - (this.#offlineSince ?? clock.now());
		this.#timer.start(delay, () => this.#open());
		return this.#set(offline >= durations.suspended ? "suspended" : "waiting", error, delay);
	}

	#fail(error: AerogramError): void {
		this.#discard();
		const change = this.#set("failed", error);
		this.#parts.failed(error);
		this.#tell(change);
	}

	/** Leaves nothing behind: no transport, no timer. */
	#discard(): void {
		const transport = this.#transport;
		this.#transport = undefined;
		this.#connectedAt = undefined;
		this.#timer.stop();
		this.#linger.stop();
		this.#heartbeat.stop();
		transport?.close();
	}

	#enter(state: ConnectionState, reason: AerogramError | undefined): void {
		this.#tell(this.#set(state, reason));
	}

	#set(state: ConnectionState, reason: AerogramError | undefined, retryIn?: number): StateChange {
		const previous = this.#state;
		this.#state = state;
		this.#reason = reason;
		if (state === "idle") this.#offlineSince = undefined;
		return { state, previous, reason, retryIn };
	}

	/** Comes last in every step: a listener may call anything, `close` included. */
	#tell(change: StateChange): void {
		if (change.state !== change.previous && change.state === this.#state) this.#parts.changed(change);
	}
}
