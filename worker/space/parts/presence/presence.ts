import { failureLine } from "../../../../protocol/log.ts";
import type { ChannelRef, ClientRef, Clock, Later, Receiver, Room, Sql } from "../../ports.ts";
import { keyOf, type MemberOutcome, Members } from "./members.ts";
import { MemberRows } from "./rows.ts";
import { textOfMember } from "./scene.ts";
import { Updates } from "./updates.ts";
import { type WatchedOf, Watchers } from "./watchers.ts";

/** What presence needs of the space. */
export interface PresenceHost {
	readonly sql: Sql;
	readonly now: Clock;
	readonly later: Later;
	/** Milliseconds each, as `protocol/limits.ts` says them. */
	readonly durations: {
		readonly grace: number;
		readonly memberUpdate: number;
		readonly presenceBatch: number;
		readonly slow: number;
	};
	/** Whether more may be stored. */
	readonly room: Room;
	/** Members that a channel may have. */
	readonly membersPerChannel: number;
	/** How many subscriptions a channel has. */
	subscribers(channel: number): number;
	/** `end` is to be called at a time, in milliseconds since 1970. */
	endAt(due: number): void;
	/** There are members: sockets that are dead must be found soon. */
	entered(): void;
}

/** A part of the members of a channel. */
export interface MemberPage {
	/** How many there are in all. */
	readonly count: number;
	/** Their texts, joined by commas. */
	readonly body: string;
	/** The member after which there are more. */
	readonly next: ClientRef | undefined;
}

const done: MemberOutcome = { ok: true };

/**
 * The part that knows who is on which channel, and tells those who watch. A membership is a row. It ends when its client
 * leaves, or when it has been without any connection for the grace: what is noted of that is a row, too, so that a start of
 * the object knows of it.
 */
export class Presence {
	readonly #host: PresenceHost;
	readonly #rows: MemberRows;
	readonly #members: Members;
	readonly #watchers: Watchers;
	readonly #updates: Updates<MemberOutcome>;
	/** Clients that are gone while they are members, by their key. */
	readonly #gone = new Set<string>();

	constructor(host: PresenceHost) {
		this.#host = host;
		const { sql, now, later, durations, room } = host;
		this.#rows = new MemberRows(sql);
		this.#members = new Members({ room, most: host.membersPerChannel }, this.#rows, now, (change) =>
			this.#watchers.memberChanged(change),
		);
		this.#updates = new Updates(durations.memberUpdate, now, later);
		this.#watchers = new Watchers({
			members: this.#members,
			rows: this.#rows,
			now,
			later,
			batch: durations.presenceBatch,
			slow: durations.slow,
			subscribers: (channel) => host.subscribers(channel),
		});
	}

	/** Reads who is a member, when the object starts. A client that is not there, and not known to be gone, is gone from now. */
	start(isThere: (who: ClientRef) => boolean): void {
		for (const gone of this.#rows.gone()) this.#gone.add(keyOf(gone));
		for (const who of this.#members.load()) {
			if (isThere(who)) this.came(who);
			else this.left(who);
		}
	}

	// --- members ---------------------------------------------------------------------------------------------------

	/** Why a client may not become a member of a channel with this data; undefined where it may. */
	refusal({ number }: ChannelRef, who: ClientRef, data: string): MemberOutcome | undefined {
		return this.#members.refusal(number, who, data);
	}

	/**
	 * Makes a client a member, or gives a member other data. `answered` is called when that took effect or was refused: of a
	 * member, not before its last change is old enough.
	 */
	enter(channel: ChannelRef, who: ClientRef, data: string, answered: (outcome: MemberOutcome) => void): void {
		if (this.#members.has(channel.number, who)) return this.#change(channel, who, data, answered);
		const outcome = this.#put(channel, who, data);
		answered(outcome);
		if (outcome.ok) this.#host.entered();
	}

	/** Gives a member other data. */
	update(channel: ChannelRef, who: ClientRef, data: string, answered: (outcome: MemberOutcome) => void): void {
		if (this.#members.has(channel.number, who)) return this.#change(channel, who, data, answered);
		answered({ ok: false, code: "not_found", message: "This client is no member of the channel: enter it." });
	}

	/** Ends a membership at once; none there is nothing to do. */
	leave(channel: ChannelRef, who: ClientRef): void {
		this.#members.remove(channel.number, who);
		this.#updates.drop(updateKey(channel.number, who), done);
	}

	/** The numbers of the channels that a client is a member of. */
	channelsOf(who: ClientRef): readonly number[] {
		return this.#members.channelsOf(who);
	}

	/** Whether a client is a member of anything. */
	isMember(who: ClientRef): boolean {
		return this.#members.channelsOf(who).length > 0;
	}

	/** Whether anybody is a member of anything. */
	get any(): boolean {
		return this.#members.any;
	}

	/** How many members a channel has. */
	count(channel: number): number {
		return this.#members.count(channel);
	}

	/** Members of a channel after one, in order of principal and client: at most so many, and about so many characters. */
	page(
		channel: number,
		after: ClientRef | undefined,
		most: { readonly count: number; readonly size: number },
	): MemberPage {
		const texts: string[] = [];
		let size = 0;
		let last: ClientRef | undefined;
		let next: ClientRef | undefined;
		for (const member of this.#rows.after(channel, after)) {
			const text = textOfMember(member);
			size += text.length;
			if (texts.length > 0 && (texts.length >= most.count || size > most.size)) {
				next = last;
				break;
			}
			texts.push(text);
			last = { principal: member.principal, client: member.client };
		}
		return { count: this.count(channel), body: texts.join(","), next };
	}

	// --- clients that come and go ----------------------------------------------------------------------------------

	/** A client has a connection. */
	came(who: ClientRef): void {
		if (this.#gone.delete(keyOf(who))) this.#rows.deleteGone(who);
	}

	/** A client's last connection has ended. A member of anything stays one for the grace. */
	left(who: ClientRef): void {
		if (!this.isMember(who) || this.#gone.has(keyOf(who))) return;
		const due = this.#host.now() + this.#host.durations.grace;
		this.#rows.putGone({ principal: who.principal, client: who.client, due });
		this.#gone.add(keyOf(who));
		this.#host.endAt(due);
	}

	/** Ends all memberships of those that are gone for the grace. Returns when the next of them is due. */
	end(): number | undefined {
		const gone = this.#rows.gone();
		const now = this.#host.now();
		this.endNow(gone.filter(({ due }) => due <= now));
		return gone.find(({ due }) => due > now)?.due;
	}

	/** Ends all memberships of some clients. */
	endNow(clients: readonly ClientRef[]): void {
		for (const who of clients) {
			for (const channel of this.#members.channelsOf(who)) {
				this.#members.remove(channel, who);
				this.#updates.drop(updateKey(channel, who), done);
			}
			// Last: where something fails before it, the rest is done the next time.
			this.came(who);
		}
	}

	/** Forgets everything, after a wipe. */
	clear(): void {
		this.#members.clear();
		this.#updates.clear();
		this.#gone.clear();
	}

	// --- watchers --------------------------------------------------------------------------------------------------

	/** Someone watches a channel. `at`: the digest of the members that it knows of. */
	watch(receiver: Receiver, channel: ChannelRef, of: WatchedOf, at: string | undefined): void {
		this.#watchers.watch(receiver, channel, of, at);
	}

	/** Takes up a watch from before the object slept. */
	resume(receiver: Receiver, channel: ChannelRef, of: WatchedOf): void {
		this.#watchers.resume(receiver, channel, of);
	}

	/** Ends one watch; returns whether there was one. */
	unwatch(receiver: Receiver, channel: number, of: WatchedOf): boolean {
		return this.#watchers.unwatch(receiver, channel, of);
	}

	/** Ends all watches of a receiver. */
	remove(receiver: Receiver): void {
		this.#watchers.remove(receiver);
	}

	/** What a receiver watches, by the numbers of the channels. */
	watchedBy(receiver: Receiver): Readonly<Record<WatchedOf, readonly number[]>> {
		return this.#watchers.watchedBy(receiver);
	}

	/** There may be more or fewer subscriptions to a channel. */
	subscribersChanged(channel: number): void {
		this.#watchers.subscribersChanged(channel);
	}

	#change(channel: ChannelRef, who: ClientRef, data: string, answered: (outcome: MemberOutcome) => void): void {
		const refused = this.#members.refusal(channel.number, who, data);
		if (refused) return answered(refused);
		this.#updates.take(updateKey(channel.number, who), () => this.#put(channel, who, data), answered);
	}

	#put({ number }: ChannelRef, who: ClientRef, data: string): MemberOutcome {
		const refused = this.#members.refusal(number, who, data);
		if (refused) return refused;
		try {
			this.#members.put(number, who, data);
			return done;
		} catch (error) {
			// The row comes first: nothing has changed.
			console.error(failureLine("storing a member", error));
			return { ok: false, code: "internal", message: "The server failed; nothing of this was stored. Send it again." };
		}
	}
}

function updateKey(channel: number, who: ClientRef): string {
	return `${channel}\n${keyOf(who)}`;
}
