import { expect, test } from "vitest";
import { durations, limits, quotas } from "../../../protocol/limits.ts";
import type { MemberOutcome } from "../../../worker/space/parts/presence/members.ts";
import { Bench, chat, client, Watcher } from "./presence-bench.ts";

const { grace, memberUpdate, presenceBatch, slow } = durations;

test("who watches is told everyone, then what changes, and has at every time what is stored", () => {
	const bench = new Bench();
	bench.enter("a", 1);
	const watcher = bench.watch();
	bench.advance(0);
	expect(watcher.view).toEqual(["a=1"]);
	bench.enter("b", 2);
	bench.advance(presenceBatch);
	bench.update("b", 3);
	bench.presence.leave(chat, client("a"));
	bench.advance(presenceBatch);
	expect([watcher.view, bench.stored, watcher.lost]).toEqual([["b=3"], ["b=3"], false]);
	expect(watcher.news.map((news) => "entries" in news && news.entries.length)).toEqual([1, 1, 2]);
	expect(bench.timers).toBe(0);
});

test("the first change is told at once, those of the next tenth of a second together, each member once", () => {
	const bench = new Bench();
	const watcher = bench.watch();
	bench.advance(1_000);
	bench.enter("a");
	bench.advance(0);
	expect(watcher.view).toEqual(["a=null"]);
	for (let turn = 0; turn < 10; turn++) {
		bench.enter("b");
		bench.presence.leave(chat, client("b"));
		bench.enter(`c${turn}`);
		bench.advance(presenceBatch / 20);
	}
	expect(watcher.news.length).toBe(2);
	bench.advance(presenceBatch);
	const [, , batch] = watcher.news;
	expect(watcher.news.length).toBe(3);
	expect(batch && "entries" in batch && batch.entries.map((entry) => "event" in entry && entry.event)).toEqual(
		Array(10).fill("enter"),
	);
});

test("a digest is the same for the same members, however they came to be, and another one after any change", () => {
	const bench = new Bench();
	const digests = new Set<string | undefined>();
	const look = () => {
		const watcher = bench.watch();
		bench.advance(0);
		bench.presence.remove(watcher);
		digests.add(watcher.digest);
		return watcher.digest;
	};
	look();
	bench.enter("a", 1);
	look();
	bench.enter("b", 1);
	const both = look();
	bench.restart(() => true);
	expect(look()).toBe(both);
	bench.presence.leave(chat, client("b"));
	look();
	// In the very millisecond in which it was there before, with other data.
	bench.enter("b", 2);
	look();
	bench.update("b", 1);
	look();
	// Two of them saw a alone, with the same digest.
	expect(digests.size).toBe(5);
});

test("a watch at the digest that still holds is told nothing, one at another is told everyone", () => {
	const bench = new Bench();
	bench.enter("a");
	const first = bench.watch();
	bench.advance(presenceBatch);
	const again = bench.watch(first.digest);
	bench.advance(presenceBatch);
	expect(again.news).toEqual([]);
	const other = bench.watch("0.0.0");
	bench.advance(presenceBatch);
	expect(other.view).toEqual(["a=null"]);
});

test("who missed a change because the object died is told so when it starts, and asks again", () => {
	const bench = new Bench();
	const watcher = bench.watch();
	bench.advance(presenceBatch);
	bench.enter("a");
	bench.restart(() => true);
	bench.presence.resume(watcher, chat, "members");
	expect(watcher.lost).toBe(true);
	bench.watch(watcher.digest, watcher);
	bench.advance(presenceBatch);
	expect([watcher.view, watcher.lost]).toEqual([["a=null"], false]);
});

test("an update takes effect at once, those that come faster once a second, the last of them, and all are answered then", () => {
	const bench = new Bench();
	bench.enter("a", 0);
	const answers: [number, MemberOutcome][] = [];
	expect(bench.update("a", 1)).toEqual({ ok: true });
	for (const value of [2, 3, 4]) {
		expect(bench.update("a", value, (outcome) => answers.push([value, outcome]))).toBeUndefined();
	}
	bench.advance(memberUpdate - 1);
	expect([bench.stored, answers]).toEqual([["a=1"], []]);
	bench.advance(1);
	expect(bench.stored).toEqual(["a=4"]);
	expect(answers).toEqual([2, 3, 4].map((value) => [value, { ok: true }]));
	// Another enter is no way around it.
	expect(bench.enter("a", 5)).toBeUndefined();
	bench.presence.leave(chat, client("a"));
	bench.advance(10 * memberUpdate);
	expect(bench.stored).toEqual([]);
});

test("a client that comes back within the grace never left; after it, it has left once", () => {
	const bench = new Bench();
	bench.enter("a");
	const watcher = bench.watch();
	bench.advance(presenceBatch);
	bench.presence.left(client("a"));
	bench.advance(grace - 1);
	bench.presence.came(client("a"));
	bench.advance(10 * grace);
	expect([bench.stored, watcher.news.length]).toEqual([["a=null"], 1]);
	bench.presence.left(client("a"));
	bench.advance(grace);
	bench.advance(presenceBatch);
	expect([bench.stored, watcher.view, watcher.news.length]).toEqual([[], [], 2]);
	expect(bench.sql.all("SELECT * FROM gone")).toEqual([]);
});

test("of the members that an object finds at its start, those without a connection leave after the grace, once", () => {
	const bench = new Bench();
	for (const id of ["here", "gone", "known"]) bench.enter(id);
	bench.presence.left(client("known"));
	bench.advance(grace - 1_000);
	bench.restart((who) => who.client === "here");
	bench.advance(1_000);
	expect(bench.stored).toEqual(["gone=null", "here=null"]);
	bench.advance(grace - 1_000);
	expect(bench.stored).toEqual(["here=null"]);
});

test("a watcher that does not read is sent no more, then everyone once it reads, or is closed after half a minute", () => {
	const bench = new Bench();
	const reading = bench.watch();
	const stopping = bench.watch();
	const stopped = bench.watch();
	bench.advance(presenceBatch);
	for (const watcher of [stopping, stopped]) {
		watcher.reads = false;
		watcher.unsent = limits.windowBytes + 1;
	}
	for (let turn = 0; turn < 20; turn++) {
		bench.enter(`c${turn}`);
		bench.advance(presenceBatch);
		// Asking again and again does not help it.
		bench.watch(undefined, stopped);
	}
	expect([stopping.unsent, stopped.unsent]).toEqual([limits.windowBytes + 1, limits.windowBytes + 1]);
	stopping.reads = true;
	stopping.unsent = 0;
	bench.advance(1_000);
	expect(stopping.view).toEqual(reading.view);
	bench.advance(slow);
	expect([reading.closed, stopping.closed, stopped.closed]).toEqual([undefined, undefined, "slow_consumer"]);
	expect(bench.timers).toBe(0);
});

test("a long list comes in parts of about a page, and a batch of changes likewise", () => {
	const bench = new Bench();
	const early = bench.watch();
	bench.advance(presenceBatch);
	const data = "x".repeat(4_000);
	for (let number = 0; number < 50; number++) bench.enter(`c${number}`, data);
	const late = bench.watch();
	bench.advance(presenceBatch);
	for (const watcher of [early, late]) {
		expect(watcher.view).toEqual(bench.stored);
		expect(watcher.lost).toBe(false);
		for (const news of watcher.news) expect(JSON.stringify(news).length).toBeLessThan(limits.pageBytes + 1_000);
	}
	expect(late.news.length).toBe(4);
});

test("occupancy is told when it changes, as it is then", () => {
	const bench = new Bench();
	const watcher = new Watcher();
	bench.presence.watch(watcher, chat, "occupancy", undefined);
	bench.advance(presenceBatch);
	bench.enter("a");
	bench.subscribers = 2;
	bench.presence.subscribersChanged(chat.number);
	bench.advance(presenceBatch);
	bench.presence.subscribersChanged(chat.number);
	bench.advance(presenceBatch);
	expect(watcher.news.map((news) => news.type === "occupancy" && [news.members, news.subscribers])).toEqual([
		[0, 0],
		[1, 2],
	]);
});

test("too much data, too many members or memberships, a full space and an update of nobody are refused, and nothing is stored", () => {
	const bench = new Bench();
	const most = "x".repeat(limits.memberBytes - 2);
	expect(bench.enter("a", `${most}x`)).toMatchObject({ code: "too_big" });
	expect(bench.update("a", 1)).toMatchObject({ code: "not_found" });
	expect(bench.enter("a", most)).toEqual({ ok: true });
	expect(bench.update("a", `${most}x`)).toMatchObject({ code: "too_big" });
	for (let number = 2; number <= limits.membershipsPerClient; number++) {
		bench.presence.enter({ number, name: `c${number}` }, client("a"), "1", () => {});
	}
	let outcome: MemberOutcome | undefined;
	bench.presence.enter({ number: 1_000, name: "more" }, client("a"), "1", (became) => {
		outcome = became;
	});
	expect(outcome).toMatchObject({ code: "too_big" });
	for (let number = 1; number < quotas.membersPerChannel; number++) bench.enter(`m${number}`);
	expect(bench.enter("one-more")).toMatchObject({ code: "channel_full" });
	expect(bench.presence.count(chat.number)).toBe(quotas.membersPerChannel);
	bench.presence.leave(chat, client("m1"));
	expect(bench.enter("one-more")).toEqual({ ok: true });
	bench.full = { code: "storage_full", message: "Full." };
	expect(bench.enter("later")).toMatchObject({ code: "storage_full" });
});
