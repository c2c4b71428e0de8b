import type { Sql } from "../../ports.ts";
import type { Producer } from "./producers.ts";
import type { Segments } from "./segments.ts";

/** What the log keeps in memory of one channel. A copy is worked on; the original changes once a flush is stored. */
export interface Channel {
	/** 0 until its first message is stored. */
	readonly number: number;
	readonly name: string;
	/** How it retains messages. Every channel is a `log` until kinds by pattern exist; the row has the word from the start. */
	readonly kind: "log";
	readonly head: number;
	/** The oldest seq retained; head + 1 when nothing is. */
	readonly floor: number;
	/** When the head was stored. No message is older than the one before it, whatever the clock does. */
	readonly ts: number;
	/** The segment that grows, in characters. */
	readonly tail: { readonly first: number; readonly size: number } | undefined;
	/** Bytes of all its segments, once they were needed. */
	readonly bytes: number | undefined;
	/** The seq up to which the stored checkpoint knows the producers. */
	readonly checkpoint: number;
	/** By `producerKey`; loaded at its first publish. The one thing here that is changed in place: a copy a flush is dear. */
	readonly producers: Map<string, Producer> | undefined;
}

/** Above this many, what is kept in memory is dropped; it is read again when needed. */
const mostInMemory = 10_000;

/** The channels of a space. Reading one that does not exist makes nothing. */
export class Channels {
	readonly #sql: Sql;
	readonly #segments: Segments;
	#loaded = new Map<string, Channel>();
	/** A wake asks for the channel of every subscription of every socket: mostly the same few. */
	#names = new Map<number, string>();

	constructor(sql: Sql, segments: Segments) {
		this.#sql = sql;
		this.#segments = segments;
	}

	/** A channel by name, as last stored. */
	get(name: string): Channel {
		return this.#loaded.get(name) ?? this.#load(name);
	}

	/** A channel by number, if there is one. */
	byNumber(number: number): Channel | undefined {
		const known = this.#names.get(number);
		if (known !== undefined) return this.get(known);
		const row = this.#sql.all<{ name: string }>("SELECT name FROM channels WHERE number = ?", number)[0];
		if (!row) return undefined;
		this.#names.set(number, row.name);
		return this.get(row.name);
	}

	/** Gives a channel its row, and with it its number. */
	create(channel: Channel): Channel {
		if (channel.number !== 0) return channel;
		const rows = this.#sql.all<{ number: number }>(
			"INSERT INTO channels (name, kind) VALUES (?, ?) RETURNING number",
			channel.name,
			channel.kind,
		);
		return { ...channel, number: rows[0]?.number ?? 0 };
	}

	/** Takes over what has been stored. */
	set(channel: Channel): void {
		if (this.#loaded.size >= mostInMemory) this.#loaded.clear();
		this.#loaded.set(channel.name, channel);
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#loaded = new Map();
		this.#names = new Map();
	}

	/** Names after `after`, in order of name. */
	names(after: string, most: number): readonly string[] {
		return this.#sql
			.all<{ name: string }>("SELECT name FROM channels WHERE name > ? ORDER BY name LIMIT ?", after, most)
			.map((row) => row.name);
	}

	#load(name: string): Channel {
		const row = this.#sql.all<{ number: number }>("SELECT number FROM channels WHERE name = ?", name)[0];
		const newest = row && this.#segments.newest(row.number);
		const oldest = row && this.#segments.oldest(row.number);
		const channel: Channel = {
			number: row?.number ?? 0,
			name,
			kind: "log",
			head: newest?.last ?? 0,
			floor: oldest?.first ?? 1,
			ts: newest?.ts ?? 0,
			tail: newest && { first: newest.first, size: newest.size },
			bytes: undefined,
			checkpoint: 0,
			producers: undefined,
		};
		if (row) this.set(channel);
		return channel;
	}
}
