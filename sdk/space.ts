import type { Draft, Json } from "../protocol/envelopes.ts";
import { Channel, type ChannelHost, checkName } from "./channel.ts";
import type { ConnectionState, StateChange } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import type { AerogramError } from "./errors.ts";
import { type ChannelGap, Feed } from "./feed.ts";
import type { Settings } from "./options.ts";
import { type Published, Publisher } from "./publisher.ts";
import { type Pushed, Session } from "./session.ts";
import type { SubscriberOptions, Subscription } from "./subscription.ts";

/** The events of a space. */
export interface SpaceEvents {
	/** The connection went from one state to another. */
	state: StateChange;
	/** Something failed that no promise carries: a callback threw, a subscription with a callback ended. */
	error: AerogramError;
	/** Some subscription could not be given everything. */
	gap: ChannelGap;
}

/**
 * One space: its channels, and the one connection that serves them all. It opens at the first publish or subscription
 * and closes `durations.linger` after the last.
 */
export class Space {
	readonly name: string;
	readonly #settings: Settings;
	readonly #session: Session;
	readonly #publisher: Publisher;
	readonly #feeds = new Map<string, Feed>();
	readonly #emitter: Emitter<SpaceEvents>;
	readonly #host: ChannelHost;

	/** Throws `bad_name`. */
	constructor(name: string, settings: Settings) {
		this.name = checkName(name, "space");
		this.#settings = settings;
		this.#emitter = new Emitter((thrown) => console.error("A listener of an Aerogram space threw.", thrown));
		this.#session = new Session(this.name, settings, {
			up: (welcome) => {
				this.#publisher.up(welcome);
				for (const feed of this.#feeds.values()) feed.up();
			},
			down: (loss) => {
				this.#publisher.down(loss);
				for (const feed of this.#feeds.values()) feed.down();
			},
			pushed: (envelope, weight) => this.#pushed(envelope, weight),
			ended: (error) => {
				this.#publisher.end(error);
				for (const feed of [...this.#feeds.values()]) feed.end(error);
			},
			changed: (change) => this.#emitter.emit("state", change),
			report: (error) => this.#report(error),
		});
		this.#publisher = new Publisher(this.#session);
		this.#host = {
			name: this.name,
			settings,
			publish: (channel: string, draft: Draft, bytes: number, signal): Promise<Published> =>
				this.#publisher.publish(channel, draft, bytes, signal),
			subscribe: (channel, options) => this.#subscribe(channel, options),
		};
	}

	/** Where the connection stands. */
	get state(): ConnectionState {
		return this.#session.state;
	}

	/** Why it is not connected, where something went wrong. */
	get reason(): AerogramError | undefined {
		return this.#session.reason;
	}

	/** The id of this client, which every message it publishes names. */
	get client(): string {
		return this.#settings.client;
	}

	/** A channel of this space. `Data` is what its messages hold. Throws `bad_name`. */
	channel<Data = Json>(name: string): Channel<Data> {
		return new Channel<Data>(this.#host, name);
	}

	/** Calls `listener` at each event of that name. Returns a function that ends that. Without listeners errors are printed. */
	on<Name extends keyof SpaceEvents>(name: Name, listener: (event: SpaceEvents[Name]) => void): () => void {
		return this.#emitter.on(name, listener);
	}

	/** Connects now: ahead of the first use, before the next attempt is due, or once more after `failed`. */
	connect(): void {
		this.#session.connect();
	}

	/**
	 * Closes the connection for good. Subscriptions end; publishes that wait reject with `closed`, or `unknown_outcome` when
	 * they were sent. No timer stays behind.
	 */
	close(): void {
		this.#session.close();
	}

	#subscribe(channel: string, options: SubscriberOptions): Subscription {
		let feed = this.#feeds.get(channel);
		if (!feed) {
			feed = new Feed(channel, this.#session, {
				empty: () => this.#feeds.delete(channel),
				gap: (gap) => this.#emitter.emit("gap", gap),
			});
			this.#feeds.set(channel, feed);
		}
		return feed.add(options);
	}

	#pushed(envelope: Pushed, weight: number): void {
		const feed = this.#feeds.get(envelope.channel);
		if (envelope.type === "messages") feed?.messages(envelope, weight);
		else feed?.reset(envelope.reason);
	}

	#report(error: AerogramError): void {
		if (!this.#emitter.emit("error", error)) console.error(error);
	}
}
