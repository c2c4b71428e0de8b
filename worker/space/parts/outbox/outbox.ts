import { encodeEphemeral, encodeMessages } from "../../../../protocol/codec/serving.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { Added, ChannelRef, Clock, Receiver, Run } from "../../ports.ts";
import { Window } from "../../window.ts";
import { Subscription } from "./subscription.ts";

/** What the outbox reads of the log. */
export interface Pages {
	/** The last seq of a channel. */
	head(channel: ChannelRef): number;
	/** The next page after a seq; nothing at the head. */
	page(channel: ChannelRef, after: number): Run | undefined;
}

/**
 * The part that hands messages to subscribers: live ones as they are stored, the others page by page from the log as
 * their credit allows. It does not know whether a receiver is a socket. A subscriber is live when what it was sent ends
 * where the new messages begin; being behind is not a state to be kept, but a difference between two seqs.
 */
export class Outbox {
	readonly #pages: Pages;
	readonly #now: Clock;
	/** How long a receiver may stay behind without giving any credit, in milliseconds. */
	readonly #slow: number;
	readonly #counted: (channel: number) => void;
	readonly #byChannel = new Map<number, Set<Subscription>>();
	readonly #byReceiver = new Map<Receiver, { readonly window: Window; readonly all: Map<number, Subscription> }>();

	/** `counted` is called where the count of a channel may have changed, with its number. */
	constructor(pages: Pages, now: Clock, slow: number, counted: (channel: number) => void = () => {}) {
		this.#pages = pages;
		this.#now = now;
		this.#slow = slow;
		this.#counted = counted;
	}

	/** The numbers of the channels a receiver is subscribed to. */
	channelsOf(receiver: Receiver): readonly number[] {
		return [...(this.#byReceiver.get(receiver)?.all.keys() ?? [])];
	}

	/** Subscribes a receiver after a seq, in place of its earlier subscription to the channel, and sends what fits. */
	subscribe(receiver: Receiver, channel: ChannelRef, after: number): void {
		const subscription = this.#add(receiver, channel, after);
		this.#fill(subscription);
	}

	/** Takes up a subscription from before the object slept. How far it had been sent is told by the next credit. */
	resume(receiver: Receiver, channel: ChannelRef): void {
		this.#add(receiver, channel, undefined);
	}

	/** Ends one subscription; returns whether there was one. */
	unsubscribe(receiver: Receiver, channel: number): boolean {
		const subscription = this.#byReceiver.get(receiver)?.all.get(channel);
		if (!subscription) return false;
		subscription.leave();
		this.#delete(subscription);
		return true;
	}

	/** Ends everything of a receiver. */
	remove(receiver: Receiver): void {
		for (const subscription of this.#byReceiver.get(receiver)?.all.values() ?? []) this.#delete(subscription);
		this.#byReceiver.delete(receiver);
	}

	/** Hands what was just stored to every live subscriber of its channel. */
	publish(added: Added): void {
		this.#offer(added, ({ window }) => window.open);
	}

	/**
	 * Hands on what one transaction stored. A receiver whose window is open gets its parts on all channels where it is up to
	 * date, also those for which the window would no longer be open: they are one, and are not torn apart for lack of credit.
	 */
	publishTogether(parts: readonly Added[]): void {
		const asked = new Map<Window, boolean>();
		for (const added of parts) {
			this.#offer(added, ({ window }) => {
				const open = asked.get(window) ?? window.open;
				asked.set(window, open);
				return open;
			});
		}
	}

	#offer(added: Added, isOpen: (subscription: Subscription) => boolean): void {
		const subscribers = this.#byChannel.get(added.channel.number);
		if (!subscribers?.size) return;
		const envelope = encodeMessages(added.channel.name, added.after, added.body, added.to);
		for (const subscription of subscribers) {
			subscription.sent ??= added.after;
			if (subscription.sent === added.after && isOpen(subscription)) {
				subscription.deliver(envelope, added.to, this.#now());
			} else if (subscription.window.stuck(this.#now(), this.#slow)) {
				this.#giveUp(subscription.receiver);
			}
		}
	}

	/**
	 * Hands ephemeral messages, JSON texts joined by `,\n`, to those that are up to date now and read what they are sent.
	 * For the others they are over: nothing of them is kept. Receivers of the client `except` do not get them.
	 */
	pass(channel: ChannelRef, body: string, except: string | undefined): void {
		const subscribers = this.#byChannel.get(channel.number);
		if (!subscribers?.size) return;
		const head = this.#pages.head(channel);
		const envelope = encodeEphemeral(channel.name, body);
		for (const subscription of subscribers) {
			if (except !== undefined && subscription.receiver.client === except) continue;
			if (subscription.sent === undefined) this.#tellHead(subscription);
			if (subscription.sent === head) subscription.pass(envelope);
		}
	}

	/** How many are subscribed to a channel. */
	count(channel: number): number {
		return this.#byChannel.get(channel)?.size ?? 0;
	}

	/**
	 * Takes credit: everything up to `seq` has been consumed, and whatever was sent on subscriptions that have ended. Sends what
	 * now fits, on all channels of the receiver. `least`: the seq from which it may be sent messages, whatever it says.
	 */
	credit(receiver: Receiver, channel: number, seq: number, least: () => number = () => 0): void {
		const known = this.#byReceiver.get(receiver);
		if (!known) return;
		const subscription = known.all.get(channel);
		subscription?.release(seq, this.#now());
		known.window.refresh(this.#now());
		// Woken from sleep, nobody remembers what was sent after `seq`: it is sent again, and the client drops what it has.
		if (subscription) subscription.sent ??= Math.min(Math.max(seq, least()), this.#pages.head(subscription.channel));
		for (const each of known.all.values()) {
			if (each.sent === undefined) this.#tellHead(each);
			this.#fill(each);
		}
	}

	/** Ends all subscriptions of a channel with one last envelope. Returns the receivers it had. */
	end(channel: number, envelope: string): readonly Receiver[] {
		const subscribers = [...(this.#byChannel.get(channel) ?? [])];
		for (const subscription of subscribers) {
			subscription.receiver.write(envelope);
			subscription.release(Number.POSITIVE_INFINITY, this.#now());
			this.#delete(subscription);
		}
		return subscribers.map((subscription) => subscription.receiver);
	}

	/** Closes the receivers that stay behind without giving credit. */
	closeStuck(): void {
		for (const [receiver, { window, all }] of this.#byReceiver) {
			const behind = [...all.values()].some((each) => this.#isBehind(each));
			if (behind && window.stuck(this.#now(), this.#slow)) this.#giveUp(receiver);
		}
	}

	/**
	 * Woken from sleep, nobody remembers whether a quiet channel's subscriber was behind. An empty envelope at the head
	 * tells it where the log stands: who misses something sees a gap, subscribes again, and until then takes no ephemeral
	 * message.
	 */
	#tellHead(subscription: Subscription): void {
		const head = this.#pages.head(subscription.channel);
		subscription.deliver(encodeMessages(subscription.channel.name, head, "", head), head, this.#now());
	}

	#giveUp(receiver: Receiver): void {
		this.remove(receiver);
		receiver.close("slow_consumer");
	}

	#isBehind(subscription: Subscription): boolean {
		return subscription.sent !== undefined && subscription.sent < this.#pages.head(subscription.channel);
	}

	#fill(subscription: Subscription): void {
		while (subscription.window.open && this.#isBehind(subscription)) {
			const page = this.#pages.page(subscription.channel, subscription.sent ?? 0);
			if (!page) return;
			const envelope = encodeMessages(subscription.channel.name, page.after, page.body, page.to);
			subscription.deliver(envelope, page.to, this.#now());
		}
	}

	#add(receiver: Receiver, channel: ChannelRef, after: number | undefined): Subscription {
		const known = this.#byReceiver.get(receiver) ?? { window: new Window(limits.windowBytes), all: new Map() };
		this.#byReceiver.set(receiver, known);
		this.unsubscribe(receiver, channel.number);
		const subscription = new Subscription(receiver, known.window, channel, after);
		known.all.set(channel.number, subscription);
		const subscribers = this.#byChannel.get(channel.number) ?? new Set();
		this.#byChannel.set(channel.number, subscribers.add(subscription));
		this.#counted(channel.number);
		return subscription;
	}

	#delete(subscription: Subscription): void {
		this.#byReceiver.get(subscription.receiver)?.all.delete(subscription.channel.number);
		const subscribers = this.#byChannel.get(subscription.channel.number);
		subscribers?.delete(subscription);
		if (subscribers?.size === 0) this.#byChannel.delete(subscription.channel.number);
		this.#counted(subscription.channel.number);
	}
}
