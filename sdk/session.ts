import { encodeClient } from "../protocol/codec/envelope.ts";
import type { ChannelRequest, Json, ServerEnvelope } from "../protocol/envelopes.ts";
import { Connection, type ConnectionState, type Loss, type StateChange, type Welcome } from "./connection.ts";
import { AerogramError } from "./errors.ts";
import { FrameWriter } from "./frame-writer.ts";
import { type Answer, Requests } from "./requests.ts";
import type { Settings } from "./settings.ts";

/** What publishing and subscribing need of a space's connection, and all they may know of it. */
export interface Link {
	readonly settings: Settings;
	/** The welcome of the connection that stands now; undefined while there is none. */
	readonly welcome: Welcome | undefined;
	/** Why nothing can be sent ever again, once that is so. */
	readonly ended: AerogramError | undefined;
	retain(): void;
	release(): void;
	/** Sends an envelope that is not answered. Only while there is a welcome. */
	send(envelope: ChannelRequest): void;
	/** The same of an envelope's text. */
	sendText(text: string): void;
	/** Sends an envelope under a new ref, which it returns, and waits `patience` milliseconds for the answer. */
	request(patience: number, envelope: (ref: number) => ChannelRequest, answered: (answer: Answer) => void): number;
	/** The same of an envelope's text. */
	requestText(patience: number, text: (ref: number) => string, answered: (answer: Answer) => void): number;
	/** Ignores the answer to a ref from now on. */
	forget(ref: number): void;
	/** Tells the application of a failure that no promise carries. */
	report(error: AerogramError): void;
}

/** Whom a session tells. */
export interface SessionEvents {
	readonly up: (welcome: Welcome) => void;
	readonly down: (loss: Loss) => void;
	/** What no request asked for: messages, and the end of a standing subscription. `weight`: characters per message. */
	readonly pushed: (envelope: Pushed, weight: number) => void;
	/** News of presence, watches or calls, by the wire's own names. `length`: characters of the frame that they came in. */
	readonly live: (fields: { readonly [key: string]: Json }, length: number) => void;
	/** Nothing will be sent any more. */
	readonly ended: (error: AerogramError) => void;
	readonly changed: (change: StateChange) => void;
	readonly report: (error: AerogramError) => void;
}

/** An envelope that is no answer. */
export type Pushed = Extract<ServerEnvelope, { type: "messages" | "ephemeral" | "reset" }>;

/** One space's connection with its requests and its frames. */
export class Session implements Link {
	readonly settings: Settings;
	readonly #events: SessionEvents;
	readonly #connection: Connection;
	readonly #requests: Requests;
	readonly #writer: FrameWriter;
	#welcome: Welcome | undefined;

	constructor(space: string, settings: Settings, events: SessionEvents) {
		this.settings = settings;
		this.#events = events;
		this.#requests = new Requests(settings.clock, () =>
			this.#connection.drop(new AerogramError("timeout", "The server did not answer in time.")),
		);
		this.#writer = new FrameWriter((frame) => this.#connection.send(frame));
		this.#connection = new Connection({
			...settings,
			makeTransport: () => settings.transport(settings.socketUrl(space)),
			up: (welcome) => {
				this.#welcome = welcome;
				events.up(welcome);
			},
			down: (loss) => {
				this.#lost();
				events.down(loss);
			},
			received: (envelopes, length) => this.#received(envelopes, length),
			failed: events.ended,
			changed: events.changed,
		});
	}

	get welcome(): Welcome | undefined {
		return this.#welcome;
	}

	get state(): ConnectionState {
		return this.#connection.state;
	}

	get reason(): AerogramError | undefined {
		return this.#connection.reason;
	}

	get ended(): AerogramError | undefined {
		if (this.state === "closed") return new AerogramError("closed", "This space was closed.");
		return this.state === "failed" ? this.reason : undefined;
	}

	connect(): void {
		this.#connection.connect();
	}

	close(): void {
		if (this.state === "closed") return;
		this.#lost();
		this.#connection.close();
		this.#events.ended(new AerogramError("closed", "This space was closed."));
	}

	retain(): void {
		this.#connection.retain();
	}

	release(): void {
		this.#connection.release();
	}

	send(envelope: ChannelRequest): void {
		this.sendText(encodeClient(envelope));
	}

	sendText(text: string): void {
		if (this.#welcome) this.#writer.write(text, this.#welcome.limits);
	}

	request(patience: number, envelope: (ref: number) => ChannelRequest, answered: (answer: Answer) => void): number {
		return this.requestText(patience, (ref) => encodeClient(envelope(ref)), answered);
	}

	requestText(patience: number, text: (ref: number) => string, answered: (answer: Answer) => void): number {
		const ref = this.#requests.add(patience, answered);
		this.sendText(text(ref));
		return ref;
	}

	forget(ref: number): void {
		this.#requests.forget(ref);
	}

	report(error: AerogramError): void {
		this.#events.report(error);
	}

	#lost(): void {
		this.#welcome = undefined;
		this.#requests.clear();
	}

	#received(envelopes: readonly ServerEnvelope[], length: number): void {
		let messages = 0;
		for (const envelope of envelopes) if ("entries" in envelope) messages += envelope.entries.length;
		const weight = length / Math.max(1, messages);
		for (const envelope of envelopes) {
			switch (envelope.type) {
				case "welcome":
				case "bye":
					break;
				case "messages":
				case "ephemeral":
					this.#events.pushed(envelope, weight);
					break;
				case "live":
					this.#events.live(envelope.fields, length);
					break;
				case "reset":
					if (envelope.ref === undefined) this.#events.pushed(envelope, weight);
					else this.#requests.answer(envelope);
					break;
				case "error":
					// A fault that names no request is about a frame as a whole.
					if (envelope.ref === undefined) this.report(new AerogramError(envelope.code, envelope.message));
					else this.#requests.answer(envelope);
					break;
				default:
					this.#requests.answer(envelope);
			}
		}
	}
}
