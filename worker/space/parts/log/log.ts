import { exceedsBytes } from "../../../../protocol/codec/json.ts";
import type { ResetReason, Start } from "../../../../protocol/envelopes.ts";
import { limits, retention as shippedRetention } from "../../../../protocol/limits.ts";
import type { Added, Append, Clock, Outcome, Run, Sql } from "../../ports.ts";
import { type Channel, Channels } from "./channels.ts";
import { Keys } from "./keys.ts";
import { ProducerStore, producerKey } from "./producers.ts";
import { Segments, separator, textsOf } from "./segments.ts";
import { type Retention, StagedChannel } from "./staged-channel.ts";

/** What became of one flush. Memory follows only when `apply` is called, after the transaction stands. */
export interface Appended {
	readonly outcomes: readonly Outcome[];
	readonly added: readonly Added[];
	apply(): void;
}

/** The part that keeps the channels of a space: their messages in order, who published what, and where reading starts. */
export class Log {
	readonly #sql: Sql;
	readonly #now: Clock;
	readonly #makeId: () => string;
	readonly #retention: Retention;
	readonly #segments: Segments;
	readonly #channels: Channels;
	readonly #producers: ProducerStore;
	readonly #keys: Keys;

	/** `retention` is what one channel keeps: what is passed first trims it. Default: the shipped one. */
	constructor(sql: Sql, now: Clock, makeId: () => string, retention: Retention = shippedRetention) {
		this.#retention = retention;
		this.#sql = sql;
		this.#now = now;
		this.#makeId = makeId;
		this.#segments = new Segments(sql);
		this.#channels = new Channels(sql, this.#segments);
		this.#producers = new ProducerStore(sql, this.#segments);
		this.#keys = new Keys(sql);
	}

	/** A channel as it is stored now. One that does not exist is empty, with number 0. */
	channel(name: string): Channel {
		return this.#channels.get(name);
	}

	/** Makes sure that a channel has a number, so that somebody can subscribe before its first message. */
	ensure(name: string): Channel {
		const channel = this.#channels.create(this.#channels.get(name));
		this.#channels.set(channel);
		return channel;
	}

	/** A channel by its number. */
	byNumber(number: number): Channel | undefined {
		return this.#channels.byNumber(number);
	}

	/** Names of channels after `after`, in order. */
	names(after: string, most: number): readonly string[] {
		return this.#channels.names(after, most);
	}

	/** Stores a whole flush. Runs inside one transaction of the caller. */
	append(appends: readonly Append[]): Appended {
		const now = this.#now();
		const stores = {
			channels: this.#channels,
			segments: this.#segments,
			producers: this.#producers,
			retention: this.#retention,
		};
		const staged = new Map<string, StagedChannel>();
		// Asked once a flush: it is a query of its own, and a flush is small beside the limit.
		const full = this.#sql.size() > limits.spaceBytes;
		const outcomes = appends.map((append) => {
			const channel = staged.get(append.channel) ?? new StagedChannel(stores, append.channel);
			staged.set(append.channel, channel);
			return this.#appendOne(append, channel, now, full);
		});
		const added: Added[] = [];
		for (const channel of staged.values()) {
			const run = channel.write(now);
			if (run) added.push(run);
		}
		return {
			outcomes,
			added,
			apply() {
				for (const channel of staged.values()) channel.apply();
			},
		};
	}

	/** Dedup comes first: a publish that is stored must be answered so, whatever has changed since. */
	#appendOne(append: Append, channel: StagedChannel, now: number, full: boolean): Outcome {
		const earlier = this.#producerOutcome(append, channel) ?? this.#keyOutcome(append, now);
		if (earlier) return earlier;
		if (append.drafts.some((draft) => exceedsBytes(draft.data, limits.messageBytes))) {
			return refused("too_big", `The data of a message may be at most ${limits.messageBytes} bytes of JSON.`);
		}
		if (append.ifSeq !== undefined && append.ifSeq !== channel.head) {
			const message = `The channel's head is ${channel.head}, not ${append.ifSeq}.`;
			return { ...refused("condition_failed", message), head: channel.head };
		}
		if (full) {
			return refused("storage_full", "The space is full: wait for retention, purge a channel or wipe the space.");
		}
		const first = channel.add(append, now, this.#makeId);
		const count = append.drafts.length;
		if (append.idempotency) {
			const { key, hash } = append.idempotency;
			this.#keys.set(append.principal, key, { hash, first, count }, now);
		}
		return { ok: true, first, count, duplicate: false };
	}

	#producerOutcome(append: Append, channel: StagedChannel): Outcome | undefined {
		if (!append.producer) return undefined;
		const { client, n, previous } = append.producer;
		const known = channel.producer(producerKey(append.principal, client));
		if (!known) {
			if (previous < 0) return undefined;
			return refused(
				"producer_unknown",
				"Nothing of this client is remembered here; whether its last publish was stored is not known.",
			);
		}
		if (n <= known.n) {
			return { ok: true, first: channel.seqOf(append.principal, client, n), count: 1, duplicate: true };
		}
		if (previous <= known.n) return undefined;
		return {
			...refused("out_of_order", `Publish ${previous} has not arrived; the last one is ${known.n}.`),
			last: known.n,
		};
	}

	#keyOutcome(append: Append, now: number): Outcome | undefined {
		if (!append.idempotency) return undefined;
		const used = this.#keys.get(append.principal, append.idempotency.key, now);
		if (!used) return undefined;
		if (used.hash === append.idempotency.hash) {
			return { ok: true, first: used.first, count: used.count, duplicate: true };
		}
		return refused("idempotency_mismatch", "This idempotency key was first used with another request; make a new key.");
	}

	/**
	 * Where a subscription that asks for `start` begins: the seq after which it is sent messages, or why it cannot begin
	 * there. `epoch` is that of the space. A position never changes anything here, whatever it says.
	 */
	locate(channel: Channel, start: Start, epoch: string): { readonly after: number } | { readonly reset: ResetReason } {
		switch (start.from) {
			case "live":
				return { after: channel.head };
			case "start":
				return { after: channel.floor - 1 };
			case "last":
				return { after: Math.max(channel.floor - 1, channel.head - start.count) };
			case "since":
				return { after: this.before(channel, start.ts) };
			case "position":
				if (start.epoch !== epoch) return { reset: "epoch" };
				if (start.seq > channel.head) return { reset: "ahead" };
				if (start.seq < channel.floor - 1) return { reset: "retention" };
				return this.#isAnother(channel, start.seq, start.id) ? { reset: "epoch" } : { after: start.seq };
		}
	}

	/** The seq before the first message stored at or after `ts`. */
	before(channel: Channel, ts: number): number {
		const segment = this.#segments.since(channel.number, ts);
		if (!segment) return channel.head;
		const first = this.page(channel, segment.first - 1, 1);
		const index = first ? textsOf(first).findIndex((text) => (JSON.parse(text) as { ts: number }).ts >= ts) : -1;
		return segment.first - 1 + Math.max(0, index);
	}

	/**
	 * The next messages after a seq, up to about `most` characters of them and at least one; nothing at the head. Joins
	 * what is stored, parses nothing.
	 */
	page(channel: Channel, after: number, most: number, count = Number.POSITIVE_INFINITY): Run | undefined {
		const bodies: string[] = [];
		let size = 0;
		let to = after;
		for (const run of this.#segments.after(channel.number, after)) {
			if (size > 0 && size + run.body.length > most) break;
			const over = run.to - after - count;
			bodies.push(over > 0 ? textsOf(run).slice(0, -over).join(separator) : run.body);
			size += run.body.length;
			to = Math.min(run.to, after + count);
			if (over >= 0 || size >= most) break;
		}
		return bodies.length === 0 ? undefined : { after, to, body: bodies.join(separator) };
	}

	/**
	 * The newest messages before a seq and after `after`, newest first, each as its JSON text: `count` of them, or fewer
	 * where they would pass about `most` characters, and at least one segment's.
	 */
	newestBefore(channel: Channel, before: number, after: number, count: number, most: number): readonly string[] {
		const texts: string[] = [];
		let size = 0;
		for (const run of this.#segments.before(channel.number, before)) {
			if (size > 0 && size + run.body.length > most) break;
			size += run.body.length;
			const end = Math.min(run.to, before - 1) - run.after;
			const start = Math.max(0, after - run.after);
			texts.push(...textsOf(run).slice(start, end).reverse());
			if (texts.length >= count || run.after <= after) break;
		}
		return texts.slice(0, count);
	}

	/** Drops all messages of a channel and keeps its head, so that no seq is used twice. Dedup survives it. */
	purge(channel: Channel, now: number): Channel {
		const { producers } = channel.producers ? channel : this.#producers.load(channel.number);
		const kept = this.#producers.save(channel.number, channel.head, producers ?? new Map(), now);
		this.#segments.deleteAll(channel.number);
		this.#segments.start(channel.number, { after: channel.head, to: channel.head, body: "" }, channel.ts);
		const floor = channel.head + 1;
		const tail = { first: floor, size: 0 };
		return { ...channel, floor, tail, bytes: 0, producers: kept, checkpoint: channel.head };
	}

	/** Takes a changed channel over into memory, once the transaction stands. */
	set(channel: Channel): void {
		this.#channels.set(channel);
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#channels.clear();
	}

	/** Drops expired idempotency keys; returns whether there is anything to come back for. */
	sweep(): boolean {
		this.#keys.sweep(this.#now());
		return this.#keys.any();
	}

	#isAnother(channel: Channel, seq: number, id: string | undefined): boolean {
		if (id === undefined || seq < channel.floor) return false;
		const run = this.page(channel, seq - 1, 1, 1);
		return run !== undefined && (JSON.parse(run.body) as { id: string }).id !== id;
	}
}

function refused(
	code: "too_big" | "condition_failed" | "storage_full" | "producer_unknown" | "out_of_order" | "idempotency_mismatch",
	message: string,
) {
	return { ok: false, code, message } as const;
}
