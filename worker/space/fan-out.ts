import type { Collections } from "./parts/collections/collections.ts";
import type { Log } from "./parts/log/log.ts";
import type { Outbox } from "./parts/outbox/outbox.ts";
import type { Watchers } from "./parts/watchers/watchers.ts";

/**
 * How many deliveries a message or a change of a record causes, which is what it costs: one for each who is there to get it,
 * also where its credit or its selector will keep it away, and never less than one.
 */
export class FanOut {
	readonly #log: Pick<Log, "channel">;
	readonly #outbox: Pick<Outbox, "count">;
	readonly #collections: Pick<Collections, "collection">;
	readonly #watchers: Pick<Watchers, "count">;

	constructor(
		log: Pick<Log, "channel">,
		outbox: Pick<Outbox, "count">,
		collections: Pick<Collections, "collection">,
		watchers: Pick<Watchers, "count">,
	) {
		this.#log = log;
		this.#outbox = outbox;
		this.#collections = collections;
		this.#watchers = watchers;
	}

	/** Of one message. */
	ofMessage(channel: string): number {
		return Math.max(1, this.#outbox.count(this.#log.channel(channel).number));
	}

	/** Of one write of a record. */
	ofRecord(collection: string): number {
		return Math.max(1, this.#watchers.count(this.#collections.collection(collection).number));
	}
}
