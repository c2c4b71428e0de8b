import type { Json } from "../protocol/envelopes.ts";
import type { Member } from "../protocol/presence.ts";
import type { AerogramError } from "./errors.ts";
import type { MembersChange, Occupancy, PresenceOptions } from "./live/presence/changes.ts";
import type { Presences } from "./live/presence/presences.ts";
import { takeSnapshot } from "./snapshot.ts";

/** What presence needs of its space. */
export interface PresenceHost {
	/** The name of the space. */
	readonly name: string;
	/** What does the work: loaded at its first use. */
	live(): Promise<{ readonly presence: Presences }>;
	/** A failure that no promise carries. */
	report(error: AerogramError): void;
}

/**
 * Who is on a channel. `Data` is what its members say of themselves, as the application says; it is not checked.
 *
 * Rejects, and ends iterations, with an `AerogramError`: `unsupported` over long-poll, `closed`, `too_big`, `channel_full`,
 * or another refusal of the server.
 */
export class Presence<Data = Json> {
	readonly #host: PresenceHost;
	readonly #channel: string;

	constructor(host: PresenceHost, channel: string) {
		this.#host = host;
		this.#channel = channel;
	}

	/**
	 * Becomes a member of the channel, with this data (at most 4 KiB as JSON), or gives a member new data. This client stays
	 * one until it leaves, and enters again after every reconnect; while it is gone for less than 15 s, nobody notices.
	 * Resolves when the server has it. The space stays connected for as long.
	 */
	async enter(data?: Data, options?: PresenceOptions): Promise<void> {
		const snapshot = takeSnapshot(data ?? null);
		return (await this.#load()).enter(this.#channel, snapshot, options);
	}

	/**
	 * Changes the data of this client. The server takes it at most once a second: of updates that come faster, the last counts,
	 * and all resolve with it. Rejects with `not_found` where this client has not entered.
	 */
	async update(data: Data, options?: PresenceOptions): Promise<void> {
		const snapshot = takeSnapshot(data);
		return (await this.#load()).update(this.#channel, snapshot, options);
	}

	/** Ends the membership at once. One that did not enter leaves too. */
	async leave(options?: PresenceOptions): Promise<void> {
		return (await this.#load()).leave(this.#channel, options);
	}

	/** Everybody who is a member now, in order of `from`, then `client`, read over HTTP. */
	async get(options?: PresenceOptions): Promise<readonly Member<Data>[]> {
		return (await this.#load()).get<Data>(this.#host.name, this.#channel, options);
	}

	/**
	 * Calls back with everybody who is there, then whenever that changes; one call at a time, always with what is newest.
	 * Returns a function that ends it. Across reconnects it tells what really changed.
	 */
	subscribe(callback: (change: MembersChange<Data>) => unknown, options?: PresenceOptions): () => void;
	/** Iterates the same: `for await (const { members } of channel.presence.subscribe()) …`. It begins with the loop. */
	subscribe(options?: PresenceOptions): AsyncGenerator<MembersChange<Data>, void>;
	subscribe(first?: ViewCallback | PresenceOptions, second?: PresenceOptions): unknown {
		return this.#view("members", first, second);
	}

	/** Calls back with how many members and subscriptions the channel has, then whenever that changes. Returns what ends it. */
	occupancy(callback: (occupancy: Occupancy) => unknown, options?: PresenceOptions): () => void;
	/** Iterates the same. */
	occupancy(options?: PresenceOptions): AsyncGenerator<Occupancy, void>;
	occupancy(first?: ViewCallback | PresenceOptions, second?: PresenceOptions): unknown {
		return this.#view("occupancy", first, second);
	}

	#view(kind: "members" | "occupancy", first?: ViewCallback | PresenceOptions, options?: PresenceOptions): unknown {
		if (typeof first !== "function") return this.#iterate(kind, first);
		const open = this.#load().then((presence) => presence.view(kind, this.#channel, options, first), this.#host.report);
		return () => void open.then((view) => view?.end());
	}

	async *#iterate(kind: "members" | "occupancy", options?: PresenceOptions): AsyncGenerator {
		yield* (await this.#load()).view(kind, this.#channel, options);
	}

	async #load(): Promise<Presences> {
		return (await this.#host.live()).presence;
	}
}

type ViewCallback = (item: never) => unknown;
