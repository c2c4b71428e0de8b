import { exceedsBytes } from "../../../../protocol/codec/json.ts";
import type { ErrorCode } from "../../../../protocol/errors.ts";
import { limits } from "../../../../protocol/limits.ts";
import type { ClientRef, Clock, Room } from "../../ports.ts";
import { Digest } from "./digest.ts";
import type { MemberRow, MemberRows } from "./rows.ts";

/** What became of a request of a member. */
export type MemberOutcome =
	| { readonly ok: true }
	| { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly retryAfter?: number };

/** A change that is stored: what stood before, and what stands now. */
export interface MemberChange {
	/** The number of the channel. */
	readonly channel: number;
	/** Names the member. */
	readonly key: string;
	readonly before: MemberRow | undefined;
	readonly now: MemberRow | undefined;
}

/** What is known of a channel without a look at its rows. */
interface Known {
	count: number;
	/** Made when it is first asked for. */
	digest?: Digest;
}

/** Names a client, in memory. */
export function keyOf({ principal, client }: ClientRef): string {
	return `${principal}\n${client}`;
}

/**
 * Who is a member of what. The rows are the truth; what is kept in memory, counts and digests and where a client is a
 * member, follows each of them. Every change is told to `changed`, once it is stored.
 */
export class Members {
	readonly #room: Room;
	readonly #most: number;
	readonly #rows: MemberRows;
	readonly #now: Clock;
	readonly #changed: (change: MemberChange) => void;
	readonly #channels = new Map<number, Known>();
	readonly #byClient = new Map<string, Set<number>>();
	/** The latest `ts` of a row that was taken away: one that comes after it must not look the same. */
	#latest = 0;

	/** `room`: whether more may be stored. `most`: members that a channel may have. */
	constructor(
		{ room, most }: { readonly room: Room; readonly most: number },
		rows: MemberRows,
		now: Clock,
		changed: (change: MemberChange) => void,
	) {
		this.#room = room;
		this.#most = most;
		this.#rows = rows;
		this.#now = now;
		this.#changed = changed;
	}

	/** Reads who is a member of what. Returns every client that is one of anything. */
	load(): readonly ClientRef[] {
		const clients = new Map<string, ClientRef>();
		for (const { channel, principal, client } of this.#rows.memberships()) {
			const who = { principal, client };
			clients.set(keyOf(who), who);
			this.#note(channel, keyOf(who));
		}
		return [...clients.values()];
	}

	/** Whether anybody is a member of anything. */
	get any(): boolean {
		return this.#byClient.size > 0;
	}

	/** How many members a channel has. */
	count(channel: number): number {
		return this.#channels.get(channel)?.count ?? 0;
	}

	/** The channels that a client is a member of. */
	channelsOf(who: ClientRef): readonly number[] {
		return [...(this.#byClient.get(keyOf(who)) ?? [])];
	}

	/** The digest of a channel's members. */
	digest(channel: number): Digest {
		const known = this.#channels.get(channel);
		if (!known) return new Digest();
		if (!known.digest) {
			known.digest = new Digest();
			for (const member of this.#rows.times(channel)) known.digest.add(keyOf(member), member.ts);
		}
		return known.digest.copy();
	}

	/** Why a client may not become a member of a channel with this data; undefined where it may. */
	refusal(channel: number, who: ClientRef, data: string): MemberOutcome | undefined {
		const standing = this.#byClient.get(keyOf(who));
		if (exceedsBytes(data, limits.memberBytes)) {
			return {
				ok: false,
				code: "too_big",
				message: `A member's data may be at most ${limits.memberBytes} bytes of JSON.`,
			};
		}
		const full = this.#room();
		if (full) return { ok: false, ...full };
		if (standing?.has(channel)) return undefined;
		if ((standing?.size ?? 0) >= limits.membershipsPerClient) {
			const message = `A client may be a member of at most ${limits.membershipsPerClient} channels.`;
			return { ok: false, code: "too_big", message };
		}
		if (this.count(channel) < this.#most) return undefined;
		return { ok: false, code: "channel_full", message: `A channel has at most ${this.#most} members.` };
	}

	/** Whether a client is a member of a channel. */
	has(channel: number, who: ClientRef): boolean {
		return this.#byClient.get(keyOf(who))?.has(channel) ?? false;
	}

	/** Stores a member, a new one or in place of what it was. Nothing where that has the same data. */
	put(channel: number, { principal, client }: ClientRef, data: string): void {
		const who = { principal, client };
		const before = this.#rows.get(channel, who);
		if (before?.data === data) return;
		// Later than what stood there before, whatever the clock says: by `ts`, a digest tells the two apart.
		const now = { ...who, ts: Math.max(this.#now(), (before?.ts ?? this.#latest) + 1), data };
		this.#rows.put(channel, now);
		if (!before) this.#note(channel, keyOf(who));
		this.#follow({ channel, key: keyOf(who), before, now });
	}

	/** Takes a member away; none there is nothing to do. */
	remove(channel: number, who: ClientRef): void {
		const before = this.#rows.get(channel, who);
		if (!before) return;
		this.#rows.delete(channel, who);
		this.#forget(channel, keyOf(who));
		this.#latest = Math.max(this.#latest, before.ts);
		this.#follow({ channel, key: keyOf(who), before, now: undefined });
	}

	/** Forgets what is in memory, after a wipe. */
	clear(): void {
		this.#channels.clear();
		this.#byClient.clear();
	}

	#follow(change: MemberChange): void {
		const digest = this.#channels.get(change.channel)?.digest;
		if (change.before) digest?.remove(change.key, change.before.ts);
		if (change.now) digest?.add(change.key, change.now.ts);
		this.#changed(change);
	}

	#note(channel: number, key: string): void {
		const known = this.#channels.get(channel) ?? { count: 0 };
		known.count += 1;
		this.#channels.set(channel, known);
		this.#byClient.set(key, (this.#byClient.get(key) ?? new Set()).add(channel));
	}

	#forget(channel: number, key: string): void {
		const known = this.#channels.get(channel);
		if (known) known.count -= 1;
		const standing = this.#byClient.get(key);
		standing?.delete(channel);
		if (standing?.size === 0) this.#byClient.delete(key);
	}
}
