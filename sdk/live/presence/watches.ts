import type { PresenceNews } from "../../../protocol/presence.ts";
import type { Watched } from "../../../protocol/watch.ts";
import { AerogramError } from "../../errors.ts";
import type { LiveLink } from "../live-link.ts";
import type { MembersChange, Occupancy, PresenceOptions } from "./changes.ts";
import { compare, KnownMembers, type MemberMap } from "./members.ts";
import { View } from "./view.ts";

type ChannelWatched = Exclude<Watched, { kind: "records" }>;

/** What one channel is watched for, by all who do so here. */
abstract class Watch {
	readonly watched: ChannelWatched;
	readonly views = new Set<View>();
	/** A `watch` waits for its answer. */
	asked = false;

	constructor(watched: ChannelWatched) {
		this.watched = watched;
	}

	/** The digest that is known, for the server to go on from. */
	abstract get digest(): string | undefined;
	/** Takes news. False where it has missed something. */
	abstract take(news: PresenceNews): boolean;
	/** The connection is lost. */
	abstract interrupt(): void;
	/** What a new view takes from. */
	abstract reader(): () => unknown;
}

class MembersWatch extends Watch {
	readonly #known = new KnownMembers();

	get digest(): string | undefined {
		return this.#known.digest;
	}

	take(news: PresenceNews): boolean {
		return news.type !== "members" || this.#known.take(news);
	}

	interrupt(): void {
		this.#known.interrupt();
	}

	reader(): () => MembersChange | undefined {
		let seen: MemberMap | undefined;
		return () => {
			const { members } = this.#known;
			if (!members || members === seen) return undefined;
			const change = compare(seen, members);
			seen = members;
			return change;
		};
	}
}

class OccupancyWatch extends Watch {
	readonly digest = undefined;
	#last: Occupancy | undefined;

	take(news: PresenceNews): boolean {
		if (news.type !== "occupancy") return true;
		const { members, subscribers } = news;
		if (this.#last?.members === members && this.#last.subscribers === subscribers) return true;
		this.#last = { members, subscribers };
		return true;
	}

	interrupt(): void {}

	reader(): () => Occupancy | undefined {
		let seen: Occupancy | undefined;
		return () => {
			if (this.#last === seen) return undefined;
			seen = this.#last;
			return seen;
		};
	}
}

/** What is watched of channels: asked for again after every reconnect, and where something was missed. */
export class Watches {
	readonly #link: LiveLink;
	readonly #watches = new Map<string, Watch>();

	constructor(link: LiveLink) {
		this.#link = link;
	}

	/** Watches the members or the occupancy of a channel: what its view gives is a `MembersChange` or an `Occupancy`. */
	view(
		kind: ChannelWatched["kind"],
		channel: string,
		{ signal }: PresenceOptions = {},
		callback?: (item: never) => unknown,
	): View {
		const { link } = this.#link;
		const watched = { kind, channel };
		const key = keyOf(watched);
		const standing = this.#watches.get(key);
		const watch = standing ?? (kind === "members" ? new MembersWatch(watched) : new OccupancyWatch(watched));
		link.retain();
		const view = new View(callback as ((item: unknown) => unknown) | undefined, signal, {
			take: watch.reader(),
			report: (error) => link.report(error),
			left: () => {
				watch.views.delete(view);
				if (watch.views.size === 0 && this.#watches.delete(key) && link.welcome) this.#unwatch(watch);
				link.release();
			},
		});
		watch.views.add(view);
		this.#watches.set(key, watch);
		if (link.ended) view.fail(link.ended);
		else if (signal?.aborted) view.abort();
		else if (standing) view.wake();
		else this.#ask(watch);
		return view;
	}

	/** A connection stands, and no watch on it. */
	up(): void {
		for (const watch of [...this.#watches.values()]) this.#ask(watch);
	}

	/** The connection is gone. */
	down(): void {
		for (const watch of this.#watches.values()) {
			watch.asked = false;
			watch.interrupt();
		}
	}

	/** Nothing will come any more. */
	end(error: AerogramError): void {
		for (const watch of [...this.#watches.values()]) for (const view of [...watch.views]) view.fail(error);
	}

	/** News came. */
	news(news: PresenceNews): void {
		const watch = this.#watches.get(keyOf({ kind: news.type, channel: news.channel }));
		if (!watch) return;
		// While it is asked again, whatever still comes may follow on what was missed.
		if (!watch.take(news)) {
			if (!watch.asked) this.#ask(watch);
			return;
		}
		for (const view of [...watch.views]) view.wake();
	}

	#ask(watch: Watch): void {
		const { welcome } = this.#link.link;
		if (!welcome) return;
		if (!welcome.features.includes("presence")) {
			return this.#refused(watch, new AerogramError("unsupported", "There is no presence on this connection."));
		}
		const { watched, digest } = watch;
		watch.asked = true;
		this.#link.request(
			(ref) => ({ type: "watch", ref, watched, ...(digest !== undefined && { start: { from: "digest", digest } }) }),
			() => {
				watch.asked = false;
			},
			(error) => this.#refused(watch, error),
		);
	}

	#unwatch({ watched }: Watch): void {
		this.#link.request(
			(ref) => ({ type: "unwatch", ref, watched }),
			() => {},
			() => {},
		);
	}

	#refused(watch: Watch, error: AerogramError): void {
		for (const view of [...watch.views]) view.fail(error);
	}
}

function keyOf({ kind, channel }: ChannelWatched): string {
	return `${kind} ${channel}`;
}
