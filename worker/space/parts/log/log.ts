import { exceedsBytes } from "../../../../protocol/codec/json.ts";
import type { ResetReason, Start } from "../../../../protocol/envelopes.ts";
import { limits, retention } from "../../../../protocol/limits.ts";
import type { Fault } from "../../../../protocol/result.ts";
import type { Added, Append, ChannelRules, Clock, Outcome, Room, Run, Sql, StoredDraft } from "../../ports.ts";
import type { Channel } from "./channel.ts";
import { Channels, storedKindOf } from "./channels.ts";
import { Checkpoints } from "./checkpoints.ts";
import { earlierOutcome } from "./dedup.ts";
import { KeyedRows } from "./keyed-rows.ts";
import { KeyedStore } from "./keyed-store.ts";
import { Keys } from "./keys.ts";
import type { Backwards, MessageStore, MessageStores, Most, Span } from "./message-store.ts";
import { refused } from "./refused.ts";
import { screenAppend } from "./screening.ts";
import { Search } from "./search.ts";
import { SegmentStore } from "./segment-store.ts";
import { Segments } from "./segments.ts";
import { StagedChannel, type Stores } from "./staged-channel.ts";
import { type TrimStores, trimChannel } from "./trim.ts";

/** What became of one flush. Memory follows only when `apply` is called, after the transaction stands. */
export interface Appended {
	readonly outcomes: readonly Outcome[];
	readonly added: readonly Added[];
	/** When, in milliseconds since 1970. */
	readonly ts: number;
	/** When the first of what was added has been kept long enough: Infinity where that is never. */
	readonly expires: number;
	apply(): void;
}

/** What was trimmed because of its age. Memory follows only when `apply` is called, after the transaction stands. */
export interface Trimmed {
	/** When there is something to trim again, in milliseconds since 1970; undefined where that is never. */
	readonly next: number | undefined;
	apply(): void;
}

const everywhereLog: ChannelRules = () => ({ kind: "log", retention });

/** The part that keeps the channels of a space: their messages in order, who published what, and where reading starts. */
export class Log {
	readonly #now: Clock;
	readonly #makeId: () => string;
	readonly #rules: ChannelRules;
	readonly #room: Room;
	readonly #keyed: KeyedStore;
	readonly #messages: MessageStores;
	readonly #channels: Channels;
	readonly #checkpoints: Checkpoints;
	readonly #keys: Keys;

	/**
	 * `rules`: the kind and retention of each channel; default: all are logs, with the shipped retention. `room`: whether more
	 * may be stored; default: always.
	 */
	constructor(
		sql: Sql,
		now: Clock,
		makeId: () => string,
		rules: ChannelRules = everywhereLog,
		room: Room = () => undefined,
	) {
		this.#room = room;
		this.#now = now;
		this.#makeId = makeId;
		this.#rules = rules;
		const segments = new Segments(sql);
		this.#keyed = new KeyedStore(new KeyedRows(sql), segments);
		this.#messages = { log: new SegmentStore(segments), keyed: this.#keyed };
		this.#channels = new Channels(sql, this.#messages, rules);
		this.#checkpoints = new Checkpoints(sql);
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
		const stores: Stores = { ...this.#stores, channels: this.#channels, search: new Search() };
		const staged = new Map<string, StagedChannel>();
		// Asked once a flush, which is small beside the limit.
		const full = this.#room();
		const outcomes = appends.map((append) => {
			const channel = staged.get(append.channel) ?? new StagedChannel(stores, append.channel);
			staged.set(append.channel, channel);
			return this.#appendOne(append, channel, now, full);
		});
		const added: Added[] = [];
		let expires = Number.POSITIVE_INFINITY;
		for (const channel of staged.values()) {
			const run = channel.write(now);
			if (!run) continue;
			added.push(run);
			expires = Math.min(expires, channel.channel.ts + channel.channel.retention.age);
		}
		return {
			outcomes,
			added,
			ts: now,
			expires,
			apply() {
				for (const channel of staged.values()) channel.apply();
			},
		};
	}

	/** Dedup comes before rights and rates: a publish that is stored must be answered so, whatever has changed since. */
	#appendOne(asked: Append, channel: StagedChannel, now: number, full: Fault | undefined): Outcome {
		const earlier = earlierOutcome(asked, channel, this.#keys, now);
		if (earlier) return earlier;
		if (asked.refused) return refused(asked.refused.code, asked.refused.message);
		const early = asked.admit?.() ?? 0;
		if (early > 0) {
			return {
				...refused("rate_limited", "That is too much in a short time: wait and send it again."),
				retryAfter: early,
			};
		}
		if ([...asked.drafts, ...(asked.ephemeral ?? [])].some(isTooBig)) {
			return refused("too_big", `The data of a message may be at most ${limits.messageBytes} bytes of JSON.`);
		}
		if (channel.channel.stored === "keyed" && asked.drafts.some(({ key }) => key === undefined)) {
			return refused("bad_request", "This channel keeps the last message of each key: publish with a key.");
		}
		const screened = screenAppend(asked, channel.channel);
		if (!screened.ok) return screened;
		const { append } = screened;
		const guarded = append.guard?.();
		if (guarded) return { ok: false, code: guarded.code, message: guarded.message };
		if (append.ifSeq !== undefined && append.ifSeq !== channel.head) {
			const message = `The channel's head is ${channel.head}, not ${append.ifSeq}.`;
			return { ...refused("condition_failed", message), head: channel.head };
		}
		const passes = append !== asked && append.ephemeral ? { passes: append.ephemeral } : {};
		if (append.drafts.length === 0) return { ok: true, first: null, count: 0, duplicate: false, ...passes };
		if (full) {
			const { code, message, retryAfter } = full;
			return { ...refused(code, message), ...(retryAfter !== undefined && { retryAfter: 1_000 * retryAfter }) };
		}
		const first = channel.add(append, now, this.#makeId);
		const count = append.drafts.length;
		if (append.idempotency) {
			const { key, hash } = append.idempotency;
			this.#keys.set(append.principal, key, { hash, first, count }, now);
		}
		return { ok: true, first, count, duplicate: false, ...passes };
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
				return { after: this.#store(channel).beforeLast(channel, start.count) };
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
		return this.#store(channel).beforeTime(channel, ts);
	}

	/**
	 * The next messages of a span, up to about the most of it that may be, and at least one; nothing where there is nothing
	 * more in it. What was trimmed is not accounted for: then the run starts later than the span.
	 */
	page(channel: Channel, { after, before }: Span, most: Most): Run | undefined {
		const start = Math.max(after, channel.floor - 1);
		const run = this.#store(channel).page(channel, { after: start, before }, most);
		return run ?? (start > after ? { after: start, to: start, body: "" } : undefined);
	}

	/** The newest messages of a span, newest first: at most as many as may be, and at least one segment's, or one. */
	newest(channel: Channel, span: Span, most: Most): Backwards {
		return this.#store(channel).newest(channel, span, most);
	}

	/** Drops all messages of a channel and keeps its head, so that no seq is used twice. Dedup survives it. */
	purge(channel: Channel, now: number): Channel {
		const { producers } = channel.producers ? channel : this.#checkpoints.load(channel.number, this.#store(channel));
		const kept = this.#checkpoints.save(channel.number, channel.head, producers ?? new Map(), now);
		const emptied = this.#store(channel).dropBefore(channel, channel.head + 1);
		// It may now be another kind of channel: nothing of the one before is left.
		const stored = storedKindOf(this.#rules(channel.name));
		const { floor, head } = emptied;
		const tail = stored === "log" ? { first: floor, size: 0 } : undefined;
		const purged = { ...emptied, tail, bytes: 0, producers: kept, checkpoint: head };
		return this.#channels.restore(purged, stored);
	}

	/** Drops what has been kept long enough, also of channels that nobody publishes to. Runs in one transaction of the caller. */
	trim(): Trimmed {
		const now = this.#now();
		const trimmed: Channel[] = [];
		let next = Number.POSITIVE_INFINITY;
		for (const { name, ts } of this.#channels.oldest()) {
			const { age } = this.#rules(name).retention;
			if (ts + age > now) next = Math.min(next, ts + age);
			else trimmed.push(this.#trim(this.#channels.get(name), now));
		}
		const names = new Set(trimmed.map(({ name }) => name));
		for (const { name, ts } of trimmed.length === 0 ? [] : this.#channels.oldest()) {
			if (names.has(name)) next = Math.min(next, ts + this.#rules(name).retention.age);
		}
		return {
			next: next === Number.POSITIVE_INFINITY ? undefined : next,
			apply: () => {
				for (const channel of trimmed) this.#channels.set(channel);
			},
		};
	}

	/** Takes a changed channel over into memory, once the transaction stands. */
	set(channel: Channel): void {
		this.#channels.set(channel);
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#channels.clear();
		this.#keyed.clear();
	}

	/** Drops expired idempotency keys; returns whether there is anything to come back for. */
	sweep(): boolean {
		this.#keys.sweep(this.#now());
		return this.#keys.any();
	}

	#trim(channel: Channel, now: number): Channel {
		const { producers, checkpoint } = channel.producers
			? { producers: channel.producers, checkpoint: channel.checkpoint }
			: this.#checkpoints.load(channel.number, this.#store(channel));
		return trimChannel(this.#stores, { ...channel, producers, checkpoint }, () => producers, now);
	}

	#isAnother(channel: Channel, seq: number, id: string | undefined): boolean {
		if (id === undefined || seq < channel.floor) return false;
		const text = this.#store(channel).at(channel, seq);
		return text !== undefined && (JSON.parse(text) as { id: string }).id !== id;
	}

	#store(channel: Channel): MessageStore {
		return this.#messages[channel.stored];
	}

	get #stores(): TrimStores {
		return { messages: this.#messages, checkpoints: this.#checkpoints };
	}
}

function isTooBig(draft: StoredDraft): boolean {
	return exceedsBytes(draft.data, limits.messageBytes);
}
