import type {
	ChannelInput,
	ChannelOutput,
	NoContract,
	RecordInput,
	RecordOutput,
	ServiceInput,
	ServiceOutput,
	ServiceReply,
	ServiceRequest,
} from "../protocol/contract/infer.ts";
import type { Json } from "../protocol/envelopes.ts";
import type { CallHandler, CallOptions, ServeOptions, Serving } from "./call-options.ts";
import { Channel, type ChannelHost, type PublishOptions } from "./channel.ts";
import { checkName } from "./check-name.ts";
import { Collection, type CollectionHost } from "./collection.ts";
import type { ConnectionState, StateChange } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import type { AerogramError } from "./errors.ts";
import { type ChannelGap, Feed } from "./feed.ts";
import type { Lock, LockOptions } from "./http/lock.ts";
import { loadHttp, notLoaded } from "./http/send.ts";
import type { Transacted, Transaction, TransactionOptions } from "./http/transaction.ts";
import type { Live } from "./live/live.ts";
import { Publisher } from "./publisher.ts";
import type { Published } from "./publishing.ts";
import { type Pushed, Session } from "./session.ts";
import type { Settings } from "./settings.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { SubscriberOptions, Subscription } from "./subscribing.ts";

/** One message of a publish to many channels. */
export interface ChannelMessage extends PublishOptions {
	readonly channel: string;
	readonly data: unknown;
}

/** The events of a space. */
export interface SpaceEvents {
	/** The connection went from one state to another. */
	state: StateChange;
	/** Something failed that no promise carries: a callback threw, a subscription with a callback ended. */
	error: AerogramError;
	/** Some subscription could not be given everything. */
	gap: ChannelGap;
}

/** A name where there is no contract: with one, what it does not speak of is JSON. */
type Loose<Contracted> = [NoContract] extends [Contracted] ? string : never;

/**
 * One space: its channels, and the one connection that serves them all. It opens at the first publish or subscription
 * and closes `durations.linger` after the last.
 */
export class Space<Contracted = NoContract> {
	readonly name: string;
	readonly #settings: Settings;
	readonly #session: Session;
	readonly #publisher: Publisher;
	readonly #feeds = new Map<string, Feed>();
	#live: Live | undefined;
	#liveLoading: Promise<Live> | undefined;
	readonly #emitter: Emitter<SpaceEvents>;
	readonly #host: ChannelHost & CollectionHost;

	/** Throws `bad_name`. */
	constructor(name: string, settings: Settings) {
		this.name = checkName(name, "space");
		this.#settings = settings;
		this.#emitter = new Emitter((thrown) => console.error("A listener of an Aerogram space threw.", thrown));
		this.#session = new Session(this.name, settings, {
			up: (welcome) => {
				this.#publisher.up(welcome);
				this.#live?.up();
				if (welcome.endsIn) this.#loadLive().catch(() => {});
				for (const feed of this.#feeds.values()) feed.up();
			},
			down: (loss) => {
				this.#publisher.down(loss);
				this.#live?.down();
				for (const feed of this.#feeds.values()) feed.down();
			},
			pushed: (envelope, weight) => this.#pushed(envelope, weight),
			live: (fields, length) => this.#live?.news(fields, length),
			ended: (error) => {
				this.#publisher.end(error);
				this.#live?.end(error);
				for (const feed of [...this.#feeds.values()]) feed.end(error);
			},
			changed: (change) => this.#emitter.emit("state", change),
			report: (error: AerogramError) => this.#report(error),
		});
		this.#publisher = new Publisher(this.#session, this.name);
		this.#host = {
			name: this.name,
			settings,
			publish: async (publishing) =>
				(publishing.draft.ephemeral ? (await this.#loadLive()).ephemeral : this.#publisher).publish(publishing),
			subscribe: (channel, options) => this.#subscribe(channel, options),
			live: () => this.#loadLive(),
			report: (error: AerogramError) => this.#report(error),
		};
		this.#publisher.restore();
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

	/** How many stored publishes have no outcome yet. */
	get pending(): number {
		return this.#publisher.pending;
	}

	/**
	 * Publishes to many channels at once, each message as `channel.publish` does. Never rejects: it resolves, in the order
	 * of the list, with what became of each, as `Promise.allSettled` does.
	 */
	publish(messages: readonly ChannelMessage[]): Promise<PromiseSettledResult<Published>[]> {
		return Promise.allSettled(
			messages.map(async ({ channel, data, ...options }) => this.channel<unknown>(channel).publish(data, options)),
		);
	}

	/**
	 * A channel of this space. What its messages hold is what the contract says of its name, else what `Data` says, which
	 * nobody checks; so is what its members say of themselves (`MemberData`). Throws `bad_name`.
	 */
	channel<Name extends string, _ extends Name>(
		name: Name,
	): Channel<ChannelOutput<Contracted, Name>, ChannelInput<Contracted, Name>>;
	// One type argument is never enough for the first of these, so that it names the data.
	channel<Data, MemberData = Json>(name: string): Channel<Data, Data, MemberData>;
	channel(name: string): Channel {
		return new Channel(this.#host, name);
	}

	/** A collection of this space. What its records hold is said likewise. Throws `bad_name`. */
	collection<Name extends string, _ extends Name>(
		name: Name,
	): Collection<RecordOutput<Contracted, Name>, RecordInput<Contracted, Name>>;
	collection<Data extends object>(name: string): Collection<Data>;
	collection(name: string): Collection {
		return new Collection(this.#host, name);
	}

	/**
	 * Calls a service, and resolves to the reply: what the contract says of the service, else `Output`, which nobody checks. The call is stored at
	 * the server, so that it survives lost connections on both sides; its handler may run more than once.
	 *
	 * Rejects with an `AerogramError`: `handler_failed`, with the message and `data` of the handler, `deadline_passed`,
	 * `cancelled` by somebody else, `unknown_outcome` after a wipe, `calls_full`, `bad_name`, `not_json`, `too_big`, `closed`;
	 * with the signal's reason when that is aborted.
	 */
	call<Name extends string>(
		service: Name,
		input?: ServiceInput<Contracted, Name>,
		options?: CallOptions,
	): Promise<ServiceOutput<Contracted, Name>>;
	call<Output>(service: Loose<Contracted>, input?: unknown, options?: CallOptions): Promise<Output>;
	async call(service: string, input: unknown = null, options: CallOptions = {}): Promise<unknown> {
		const snapshot = takeSnapshot(input);
		const { calls } = await this.#loadLive();
		return calls.call(checkName(service, "service"), snapshot, options);
	}

	/**
	 * Serves a service: `handler` answers its calls, until `close()`. One that several clients serve is called in turns. What
	 * it gets is what the contract says, else `Input`, which nobody checks. Throws `bad_name`. What the server refuses comes as the `error`
	 * event, and to `ready`.
	 */
	serve<Name extends string>(
		service: Name,
		handler: CallHandler<ServiceRequest<Contracted, Name>, ServiceReply<Contracted, Name>>,
		options?: ServeOptions,
	): Serving;
	serve<Input>(service: Loose<Contracted>, handler: CallHandler<Input>, options?: ServeOptions): Serving;
	serve(service: string, handler: CallHandler<never>, options: ServeOptions = {}): Serving {
		checkName(service, "service");
		const closing = new AbortController();
		const ready = this.#loadLive().then(({ calls }) =>
			calls.serve(service, handler as CallHandler, options, closing.signal),
		);
		ready.catch((error) => this.#report(error));
		return { ready, close: () => closing.abort() };
	}

	/**
	 * Publishes and writes records, all or nothing: `build` is called once, adds the writes, and may not wait for anything; what it
	 * gave is what is stored. Goes over HTTP, and is safe to send again. Rejects with what the methods of `Http` reject with, or with the refusal
	 * of the first write that cannot be done: `item` of the error counts it, from 0.
	 */
	async transaction(build: (tx: Transaction) => void, options: TransactionOptions = {}): Promise<Transacted> {
		return (await loadHttp()).sendTransaction(this.#settings, this.name, build, options.signal);
	}

	/**
	 * Takes a lock, and waits while another holds it. Goes over HTTP. Rejects with what the methods of `Http` reject with; with
	 * `condition_failed` where another held it for all of `wait`.
	 */
	async lock(name: string, options: LockOptions): Promise<Lock> {
		return (await loadHttp()).takeLock(this.#settings, this.name, name, options);
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

	/** Presence, watches, calls and ephemeral publishes: loaded at their first use. Rejects with `network` where they cannot be. */
	#loadLive(): Promise<Live> {
		this.#liveLoading ??= import("./over-live.ts").then(
			({ Live }) => {
				this.#live = new Live(this.#session);
				return this.#live;
			},
			(cause: unknown) => {
				this.#liveLoading = undefined;
				return notLoaded(cause);
			},
		);
		return this.#liveLoading;
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
		else if (envelope.type === "ephemeral") feed?.pass(envelope, weight);
		else feed?.reset(envelope.reason);
	}

	#report(error: AerogramError): void {
		if (!this.#emitter.emit("error", error)) console.error(error);
	}
}
