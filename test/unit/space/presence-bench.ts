import { readLiveNews } from "../../../protocol/codec/live.ts";
import type { Json } from "../../../protocol/envelopes.ts";
import { durations, quotas } from "../../../protocol/limits.ts";
import type { Member, PresenceNews } from "../../../protocol/presence.ts";
import type { Fault } from "../../../protocol/result.ts";
import type { MemberOutcome } from "../../../worker/space/parts/presence/members.ts";
import { Presence } from "../../../worker/space/parts/presence/presence.ts";
import type { ClientRef, Receiver } from "../../../worker/space/ports.ts";
import { freshSql } from "./sqlite.ts";

/** Somebody who watches, with the view that it has by what it was told. */
export class Watcher implements Receiver {
	readonly news: PresenceNews[] = [];
	readonly members = new Map<string, Member>();
	digest: string | undefined;
	/** It was told a change of something else than it had, and must ask again. */
	lost = false;
	closed: string | undefined;
	/** What it was sent and has not read. */
	unsent = 0;
	reads = true;

	write(envelope: string): void {
		if (!this.reads) {
			this.unsent += envelope.length;
			return;
		}
		const news = readLiveNews(JSON.parse(envelope) as { readonly [key: string]: Json });
		if (news?.type !== "members" && news?.type !== "occupancy") throw new Error(`not for a watcher: ${envelope}`);
		this.news.push(news);
		if (news.type === "members") this.#follow(news);
	}

	close(code: string): void {
		this.closed = code;
	}

	/** Who is there, by what it was told: each as `client=data`, in order. */
	get view(): readonly string[] {
		return [...this.members.values()].map(({ client, data }) => `${client}=${data}`).sort();
	}

	#follow(news: Extract<PresenceNews, { type: "members" }>): void {
		if (news.snapshot) {
			if (this.#parts === 0) this.members.clear();
			for (const member of news.entries) this.members.set(member.client, member);
			this.#parts = news.more ? this.#parts + 1 : 0;
			[this.digest, this.lost] = [news.to, false];
			return;
		}
		if (news.after !== this.digest) {
			this.lost = true;
			return;
		}
		for (const { event, ...member } of news.entries) {
			if (event === "leave") this.members.delete(member.client);
			else this.members.set(member.client, member);
		}
		this.digest = news.to;
	}

	#parts = 0;
}

/** The channel that tests use. */
export const chat = { number: 1, name: "chat" };

/** Somebody with an id. */
export function client(id: string): ClientRef {
	return { principal: "p", client: id };
}

/** The part, over SQLite in memory and a clock that is moved by hand. */
export class Bench {
	readonly sql = freshSql();
	full: Fault | undefined;
	now = 1_000_000;
	/** When the part wants `end` to be called. */
	due: number | undefined;
	subscribers = 0;
	#timers: { readonly at: number; readonly work: () => void }[] = [];
	presence = this.#make();

	/** Lets time pass, and what is due in it happen. */
	advance(duration: number): void {
		const end = this.now + duration;
		for (;;) {
			const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
			if (!next) break;
			this.#timers = this.#timers.filter((timer) => timer !== next);
			this.now = Math.max(this.now, next.at);
			next.work();
		}
		this.now = end;
		if (this.due !== undefined && this.due <= this.now) this.due = this.presence.end();
	}

	/** Timers that are set. */
	get timers(): number {
		return this.#timers.length;
	}

	/** The object dies, or sleeps: its memory is gone, and so are its timers. */
	restart(isThere: (who: ClientRef) => boolean): void {
		this.#timers = [];
		this.presence = this.#make();
		this.presence.start(isThere);
	}

	/** Enters, and answers with what became of it; undefined while it waits. */
	enter(id: string, data: Json = null): MemberOutcome | undefined {
		return this.#ask((done) => this.presence.enter(chat, client(id), JSON.stringify(data), done));
	}

	/** Updates likewise. */
	update(id: string, data: Json, done: (outcome: MemberOutcome) => void = () => {}): MemberOutcome | undefined {
		return this.#ask((answered) =>
			this.presence.update(chat, client(id), JSON.stringify(data), (outcome) => {
				answered(outcome);
				done(outcome);
			}),
		);
	}

	/** Who is stored as a member, each as `client=data`, in order. */
	get stored(): readonly string[] {
		const rows = this.sql.all<{ client: string; data: string }>("SELECT client, data FROM members WHERE channel = 1");
		return rows.map(({ client: id, data }) => `${id}=${JSON.parse(data)}`).sort();
	}

	/** Watches the members of the channel. */
	watch(at?: string, watcher = new Watcher()): Watcher {
		this.presence.watch(watcher, chat, "members", at);
		return watcher;
	}

	#ask(ask: (done: (outcome: MemberOutcome) => void) => void): MemberOutcome | undefined {
		let outcome: MemberOutcome | undefined;
		ask((became) => {
			outcome = became;
		});
		return outcome;
	}

	#make(): Presence {
		return new Presence({
			sql: this.sql,
			room: () => this.full,
			membersPerChannel: quotas.membersPerChannel,
			now: () => this.now,
			later: (delay, work) => void this.#timers.push({ at: this.now + delay, work }),
			durations,
			subscribers: () => this.subscribers,
			endAt: (due) => {
				this.due = Math.min(due, this.due ?? due);
			},
			entered: () => {},
		});
	}
}
