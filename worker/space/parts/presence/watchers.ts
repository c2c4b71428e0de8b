import { encodeOccupancy } from "../../../../protocol/codec/serving-presence.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { ChannelRef, Clock, Later, Receiver } from "../../ports.ts";
import type { MemberChange, Members } from "./members.ts";
import type { MemberRows } from "./rows.ts";
import { Scene } from "./scene.ts";

/** What can be watched of a channel. */
export type WatchedOf = "members" | "occupancy";

/** What watchers need of the space. */
export interface WatchersHost {
	readonly members: Members;
	readonly rows: MemberRows;
	readonly now: Clock;
	readonly later: Later;
	/** Between two batches of one channel, in milliseconds. */
	readonly batch: number;
	/** So long may a watcher not read what it is sent, in milliseconds. Then it is closed. */
	readonly slow: number;
	/** How many subscriptions a channel has. */
	subscribers(channel: number): number;
}

/** A channel that somebody watches. */
interface Watched {
	readonly channel: ChannelRef;
	scene: Scene | undefined;
	/** Who watches its occupancy, and what was told last. */
	readonly occupancy: Map<Receiver, string>;
	/** When the last batch was told. */
	at: number;
	/** Whether the next one is on its way. */
	due: boolean;
}

/** While somebody does not read, it is looked after so many batches whether it does again. */
const patience = 10;

/** Who watches which channel's members or occupancy. What changes is told in batches: the first at once, then one a while. */
export class Watchers {
	readonly #host: WatchersHost;
	readonly #channels = new Map<number, Watched>();
	readonly #byReceiver = new Map<Receiver, Set<Watched>>();

	constructor(host: WatchersHost) {
		this.#host = host;
	}

	/** What a receiver watches, by the numbers of the channels. */
	watchedBy(receiver: Receiver): Readonly<Record<WatchedOf, readonly number[]>> {
		const all = [...(this.#byReceiver.get(receiver) ?? [])];
		const numbers = (some: readonly Watched[]) => some.map(({ channel }) => channel.number);
		return {
			members: numbers(all.filter(({ scene }) => scene?.has(receiver))),
			occupancy: numbers(all.filter(({ occupancy }) => occupancy.has(receiver))),
		};
	}

	/** Someone watches, in place of its earlier watch of the same. `at`: the digest of the members that it knows of. */
	watch(receiver: Receiver, channel: ChannelRef, of: WatchedOf, at: string | undefined): void {
		const watched = this.#add(receiver, channel);
		if (of === "members") this.#scene(watched).join(receiver, at);
		else watched.occupancy.set(receiver, "");
		this.#soon(watched);
	}

	/** Takes up a watch from before the object slept. */
	resume(receiver: Receiver, channel: ChannelRef, of: WatchedOf): void {
		const watched = this.#add(receiver, channel);
		if (of === "members") {
			this.#scene(watched).resume(receiver);
		} else {
			watched.occupancy.set(receiver, "");
			this.#soon(watched);
		}
	}

	/** Ends one watch; returns whether there was one. */
	unwatch(receiver: Receiver, channel: number, of: WatchedOf): boolean {
		const watched = this.#channels.get(channel);
		if (!watched) return false;
		const left = of === "members" ? watched.scene?.leave(receiver) : watched.occupancy.delete(receiver);
		if (!watched.scene?.has(receiver) && !watched.occupancy.has(receiver)) {
			this.#byReceiver.get(receiver)?.delete(watched);
		}
		this.#tidy(watched);
		return left === true;
	}

	/** Ends all watches of a receiver. */
	remove(receiver: Receiver): void {
		for (const watched of this.#byReceiver.get(receiver) ?? []) {
			watched.scene?.leave(receiver);
			watched.occupancy.delete(receiver);
			this.#tidy(watched);
		}
		this.#byReceiver.delete(receiver);
	}

	/** A member has changed. */
	memberChanged(change: MemberChange): void {
		const watched = this.#channels.get(change.channel);
		if (!watched) return;
		watched.scene?.change(change);
		this.#soon(watched);
	}

	/** There may be more or fewer subscriptions to a channel. */
	subscribersChanged(channel: number): void {
		const watched = this.#channels.get(channel);
		if (watched && watched.occupancy.size > 0) this.#soon(watched);
	}

	#scene(watched: Watched): Scene {
		const { number } = watched.channel;
		watched.scene ??= new Scene(watched.channel, {
			digest: () => this.#host.members.digest(number),
			all: () => this.#host.rows.after(number),
		});
		return watched.scene;
	}

	#soon(watched: Watched): void {
		if (watched.due) return;
		const { now, batch } = this.#host;
		this.#tellIn(watched, Math.min(Math.max(0, watched.at + batch - now()), batch));
	}

	#tellIn(watched: Watched, delay: number): void {
		watched.due = true;
		this.#host.later(delay, () => this.#tell(watched));
	}

	#tell(watched: Watched): void {
		watched.due = false;
		if (this.#channels.get(watched.channel.number) !== watched) return;
		const now = this.#host.now();
		watched.at = now;
		const stuck = watched.scene?.tell(now, this.#host.slow) ?? [];
		for (const receiver of stuck) {
			this.remove(receiver);
			receiver.close("slow_consumer");
		}
		const behind = this.#tellOccupancy(watched) || watched.scene?.waiting;
		if (behind) this.#tellIn(watched, patience * this.#host.batch);
	}

	/** Returns whether somebody could not be told. */
	#tellOccupancy({ channel, occupancy }: Watched): boolean {
		if (occupancy.size === 0) return false;
		const { members, subscribers } = this.#host;
		const text = encodeOccupancy(channel.name, members.count(channel.number), subscribers(channel.number));
		let behind = false;
		for (const [receiver, told] of occupancy) {
			if (told === text) continue;
			if ((receiver.unsent ?? 0) > limits.windowBytes) {
				behind = true;
			} else {
				occupancy.set(receiver, text);
				receiver.write(text);
			}
		}
		return behind;
	}

	#add(receiver: Receiver, channel: ChannelRef): Watched {
		const { number } = channel;
		const watched = this.#channels.get(number) ?? {
			channel,
			scene: undefined,
			occupancy: new Map(),
			at: Number.NEGATIVE_INFINITY,
			due: false,
		};
		this.#channels.set(number, watched);
		this.#byReceiver.set(receiver, (this.#byReceiver.get(receiver) ?? new Set()).add(watched));
		return watched;
	}

	/** Forgets what nobody watches. */
	#tidy(watched: Watched): void {
		if (watched.scene?.empty) watched.scene = undefined;
		if (!watched.scene && watched.occupancy.size === 0) this.#channels.delete(watched.channel.number);
	}
}
