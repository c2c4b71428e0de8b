import { expect, test } from "vitest";
import { durations, limits, quotas } from "../../../protocol/limits.ts";
import { Admission } from "../../../worker/space/admission.ts";
import { ChannelEnvelopes } from "../../../worker/space/channel-envelopes.ts";
import { Commit } from "../../../worker/space/commit.ts";
import { Dispatch } from "../../../worker/space/dispatch.ts";
import { Collections } from "../../../worker/space/parts/collections/collections.ts";
import { Log } from "../../../worker/space/parts/log/log.ts";
import { Outbox } from "../../../worker/space/parts/outbox/outbox.ts";
import { Rates } from "../../../worker/space/parts/rates/rates.ts";
import { Rights } from "../../../worker/space/parts/rights/rights.ts";
import { Schema } from "../../../worker/space/parts/schema/schema.ts";
import { Session } from "../../../worker/space/parts/sockets/session.ts";
import { Watchers } from "../../../worker/space/parts/watchers/watchers.ts";
import { Permits } from "../../../worker/space/permits.ts";
import { WatchEnvelopes } from "../../../worker/space/watch-envelopes.ts";
import { watchedCollections } from "../../../worker/space/watched-collections.ts";
import { MemorySql } from "./sqlite.ts";

/** What a space does with frames of one session, over SQLite in memory. */
class Bench {
	now = 1_700_000_000_000;
	readonly sql = new MemorySql();
	readonly log: Log;
	readonly outbox: Outbox;
	readonly watchers: Watchers;
	readonly commit: Commit;
	readonly dispatch: Dispatch;
	readonly session: Session;

	constructor() {
		const now = () => this.now;
		const { sql } = this;
		new Schema(sql, now, () => 0.5);
		const log = new Log(sql, now, () => "id");
		this.log = log;
		const head = ({ name }: { name: string }) => log.channel(name).head;
		const most = { count: 100, size: limits.pageBytes };
		const page = ({ name }: { name: string }, after: number) =>
			log.page(log.channel(name), { after, before: Number.POSITIVE_INFINITY }, most);
		this.outbox = new Outbox({ head, page }, now, durations.slow);
		const collections = new Collections(sql, now, () => "id");
		this.watchers = new Watchers(watchedCollections(collections), now, durations.slow);
		const host = { send() {}, stored() {}, abort() {} };
		this.commit = new Commit(sql, log, this.outbox, host);
		const rates = new Rates(quotas, now);
		const rights = new Rights(sql);
		const permits = new Permits(rights, "space", 0, now);
		const shared = {
			commit: this.commit,
			log,
			outbox: this.outbox,
			collections,
			watchers: this.watchers,
			rates,
			admission: new Admission(rates, { full: () => undefined, written() {} }),
			permits,
			durations,
			now,
			epoch: () => "0mws8iikc9alb9adv",
			checkLock: () => undefined,
		};
		this.dispatch = new Dispatch([new ChannelEnvelopes(shared), new WatchEnvelopes(shared)], permits);
		const authority = rights.keep({
			principal: "p",
			capabilities: [{ allow: ["publish", "subscribe", "history", "read"], on: "**/*/**" }],
			ends: this.now + 1_000_000,
			issued: this.now,
			key: "k",
			token: "t",
		});
		const socket = { send() {}, close() {}, serializeAttachment() {}, deserializeAttachment: () => null };
		const kept = { channels: [], members: [], occupancy: [], watches: [], serves: [], holds: [], awaits: [] };
		this.session = new Session(
			socket,
			{ principal: "p", client: "c", connection: "s" },
			{
				wantsToSend() {},
				closed: (session) => {
					this.outbox.remove(session);
					this.watchers.remove(session);
				},
			},
			{ ...kept, heard: this.now, spoke: true, authority },
		);
	}

	say(...envelopes: readonly object[]): void {
		this.dispatch.frame(this.session, JSON.stringify(envelopes));
	}

	/** Stores something in channel `a` for another client, at the next flush. */
	publish(): void {
		const drafts = [{ data: JSON.stringify("x".repeat(60_000)) }];
		this.commit.add({ append: { principal: "q", channel: "a", drafts }, done() {} });
	}

	/** Its window is full, and has been so for too long. */
	stick(): void {
		this.say({ t: "sub", ref: 1, ch: "a" });
		for (let index = 0; index < 6; index++) {
			this.publish();
			this.commit.flush();
		}
		this.now += durations.slow + 1;
	}
}

test.each([
	["subscribe", { t: "sub", ref: 2, ch: "b" }],
	["watch", { t: "watch", ref: 2, col: "b" }],
])("who is closed by what is stored before its %s gets none, of that and of what follows in its frame", (_, first) => {
	const bench = new Bench();
	bench.stick();
	bench.publish();
	bench.say(first, { t: "sub", ref: 3, ch: "c" }, { t: "pub", ref: 4, ch: "c", data: 1 });
	bench.commit.flush();
	expect(bench.session.over).toBe(true);
	expect(bench.log.channel("c").head).toBe(0);
	expect(bench.outbox.channelsOf(bench.session)).toEqual([]);
	expect(bench.watchers.watchesOf(bench.session)).toEqual([]);
});

test("who is not closed gets both, and all that follows in its frame", () => {
	const bench = new Bench();
	bench.publish();
	bench.say({ t: "sub", ref: 2, ch: "b" }, { t: "watch", ref: 3, col: "b" }, { t: "sub", ref: 4, ch: "c" });
	expect(bench.session.over).toBe(false);
	expect(bench.outbox.channelsOf(bench.session)).toHaveLength(2);
	expect(bench.watchers.watchesOf(bench.session)).toHaveLength(1);
});

test("what follows in a frame that closed its socket is not done, whatever it is", () => {
	const bench = new Bench();
	const unanswered = Array.from({ length: limits.inFlight }, (_, ref) => ({ t: "pub", ref, ch: "a", data: 1 }));
	for (let from = 0; from < unanswered.length; from += 100) bench.say(...unanswered.slice(from, from + 100));
	const refused = Array.from({ length: 90 }, (_, ref) => ({ t: "pub", ref, ch: "a", data: 1 }));
	for (let count = 0; count + 90 <= limits.refusals; count += 90) bench.say(...refused);
	expect(bench.session.over).toBe(false);
	bench.say(...refused, { t: "sub", ref: 1, ch: "b" });
	expect(bench.session.over).toBe(true);
	expect(bench.outbox.channelsOf(bench.session)).toEqual([]);
});
