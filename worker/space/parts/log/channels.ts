import type { ChannelKind, ChannelRules, Sql } from "../../ports.ts";
import type { Channel, StoredKind } from "./channel.ts";
import type { MessageStores } from "./message-store.ts";
import { Remembered } from "./remembered.ts";

/** Above this many, what is kept in memory is dropped; it is read again when needed. */
const mostInMemory = 10_000;

/** The channels of a space. Reading one that does not exist makes nothing. */
export class Channels {
	readonly #sql: Sql;
	readonly #stores: MessageStores;
	readonly #rules: ChannelRules;
	#loaded = new Map<string, Channel>();
	/** A wake asks for the channel of every subscription of every socket: mostly the same few. */
	#names = new Map<number, string>();
	readonly #remembered = new Remembered();

	constructor(sql: Sql, stores: MessageStores, rules: ChannelRules) {
		this.#sql = sql;
		this.#stores = stores;
		this.#rules = rules;
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

	/** Gives a channel its row, and with it its number; brings the kind of one that holds nothing yet up to date. */
	create(channel: Channel): Channel {
		const { number, name, stored, head } = channel;
		if (number !== 0) {
			if (head === 0) this.restore(channel, stored);
			return channel;
		}
		const query = "INSERT INTO channels (name, kind) VALUES (?, ?) RETURNING number";
		return { ...channel, number: this.#sql.all<{ number: number }>(query, name, stored)[0]?.number ?? 0 };
	}

	/** Notes how a channel is stored from now on. It must hold nothing. */
	restore(channel: Channel, stored: StoredKind): Channel {
		this.#sql.run("UPDATE channels SET kind = ? WHERE number = ? AND kind <> ?", stored, channel.number, stored);
		return { ...channel, stored, ...this.#ruleOf(channel.name, stored) };
	}

	/** Takes over what has been stored. */
	set(channel: Channel): void {
		if (this.#loaded.size >= mostInMemory) this.#forget();
		this.#loaded.set(channel.name, channel);
		for (const name of this.#remembered.note(channel.name, channel.producers?.size ?? 0)) {
			const least = this.#loaded.get(name);
			if (least) this.#loaded.set(name, { ...least, producers: undefined, checkpoint: 0 });
		}
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#forget();
		this.#names = new Map();
	}

	/** Names after `after`, in order of name. */
	names(after: string, most: number): readonly string[] {
		return this.#sql
			.all<{ name: string }>("SELECT name FROM channels WHERE name > ? ORDER BY name LIMIT ?", after, most)
			.map((row) => row.name);
	}

	/** The channels that hold something, with when the oldest of it was stored. */
	oldest(): readonly { readonly name: string; readonly ts: number }[] {
		return this.#sql.all<{ name: string; ts: number }>(
			`SELECT name, coalesce(
				(SELECT min(ts) FROM keyed WHERE channel = number),
				(SELECT ts FROM segments WHERE k >= number * 4294967296 AND k < (number + 1) * 4294967296 AND body <> '' ORDER BY k LIMIT 1)
			) AS ts FROM channels WHERE ts IS NOT NULL`,
		);
	}

	#forget(): void {
		this.#loaded.clear();
		this.#remembered.clear();
	}

	#load(name: string): Channel {
		const row = this.#sql.all<{ number: number; kind: string }>(
			"SELECT number, kind FROM channels WHERE name = ?",
			name,
		)[0];
		const written = row?.kind === "keyed" ? "keyed" : "log";
		const state = row && this.#stores[written].state(row.number);
		const stored = state ? written : storedKindOf(this.#rules(name));
		const channel: Channel = {
			number: row?.number ?? 0,
			name,
			stored,
			...this.#ruleOf(name, stored),
			...(state ?? { head: 0, floor: 1, ts: 0, tail: undefined }),
			bytes: undefined,
			checkpoint: 0,
			producers: undefined,
		};
		if (row) this.set(channel);
		return channel;
	}

	#ruleOf(name: string, stored: StoredKind): Pick<Channel, "kind" | "retention" | "screen"> {
		const { kind, retention, screen } = this.#rules(name);
		return { kind: kind === "ephemeral" ? kind : stored, retention, screen };
	}
}

/** How a channel is stored that holds nothing yet. One that keeps nothing counts as a log. */
export function storedKindOf({ kind }: { readonly kind: ChannelKind }): StoredKind {
	return kind === "keyed" ? kind : "log";
}
