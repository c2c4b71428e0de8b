import { expect, test } from "vitest";
import { limits } from "../../../protocol/limits.ts";
import { Random, seedOfRun } from "../../helpers/random.ts";
import { CopyReader, slow, WatchersBench } from "./watchers-bench.ts";

const big = (size: number, letter = "x") => ({ text: letter.repeat(size) });

test("a snapshot comes in pages in order of id, and what is written meanwhile comes after it, each revision once", () => {
	const bench = new WatchersBench();
	for (let index = 0; index < 300; index++) bench.put(`id-${String(index).padStart(3, "0")}`, big(2_000));
	const reader = new CopyReader();
	bench.watch(reader);
	expect(reader.copy.place?.id).toBeDefined();
	for (let round = 0; reader.copy.place?.id !== undefined; round++) {
		// Before and behind the place of the snapshot, new ones and deletions.
		bench.put("id-000", { round });
		bench.put(`id-299`, { round });
		bench.put(`new-${round}`);
		bench.delete(`id-${String(100 + round)}`);
		bench.credit(reader);
	}
	bench.settle(reader);
	expect(reader.copy.content).toEqual(bench.content({}));
	expect(reader.copy.faults).toEqual([]);
	expect(reader.copy.snapshotRecords).toBeLessThan(300);
	expect(reader.behind).toBe(false);
});

test("what leaves in one turn stays within a window in bytes, whatever the records hold", () => {
	for (const letter of ["x", "中"]) {
		const bench = new WatchersBench();
		const fit = Math.floor((limits.recordBytes - 20) / (letter === "x" ? 1 : 3));
		for (let index = 0; index < 40; index++) bench.put(`id-${index}`, big(index % 3 === 0 ? fit : 700, letter));
		for (let index = 0; index < 500; index++) bench.put(`${"long-".repeat(30)}${index}`, {});
		const reader = new CopyReader();
		let from = 0;
		const turn = () => {
			const frame = `[${reader.envelopes.slice(from).join(",")}]`;
			from = reader.envelopes.length;
			return new TextEncoder().encode(frame).length;
		};
		bench.watch(reader);
		const sizes = [turn()];
		while (reader.copy.place?.id !== undefined) {
			bench.credit(reader);
			sizes.push(turn());
		}
		expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.windowBytes);
		expect(Math.max(...sizes)).toBeGreaterThan(limits.windowBytes / 2);
		expect(reader.copy.content).toEqual(bench.content({}));
	}
});

test("a watch of one record, or of a prefix, is told of those alone, and the next envelope accounts for the others", () => {
	const bench = new WatchersBench();
	for (const id of ["a", "a:1", "a:2", "b"]) bench.put(id);
	const [one, some, all] = [new CopyReader({ id: "a" }), new CopyReader({ prefix: "a:" }), new CopyReader()];
	const readers = [one, some, all];
	for (const reader of readers) bench.watch(reader);
	for (const id of ["b", "a", "a:1", "c", "a"]) bench.put(id, { again: true });
	bench.delete("a:1");
	expect(one.envelopes.map((text) => JSON.parse(text)).map(({ after, to }) => [after, to])).toEqual([
		[undefined, 4],
		[4, 6],
		[6, 9],
	]);
	for (const reader of readers) {
		expect(reader.copy.content).toEqual(bench.content(reader.selector));
		expect(reader.behind).toBe(false);
	}
	expect(all.copy.place).toEqual({ rev: 10 });
});

test("a reader that gives no credit is sent one window, then nothing, while others get everything; credit brings the rest", () => {
	const bench = new WatchersBench();
	const [stopped, quick] = [new CopyReader(), new CopyReader()];
	for (const reader of [stopped, quick]) bench.watch(reader);
	for (let index = 0; index < 200; index++) {
		bench.put(`id-${index % 50}`, { index, ...big(4_000) });
		bench.credit(quick);
	}
	expect(quick.copy.content).toEqual(bench.content({}));
	const sent = stopped.envelopes.reduce((size, text) => size + text.length, 0);
	expect(sent).toBeGreaterThan(limits.windowBytes - 5_000);
	expect(sent).toBeLessThan(limits.windowBytes + 5_000);
	const { changes } = stopped.copy;
	bench.settle(stopped);
	expect(stopped.copy.content).toEqual(bench.content({}));
	// Of each record only the last.
	expect(stopped.copy.changes - changes).toBeLessThanOrEqual(50);
	expect([stopped.copy.faults, quick.copy.faults]).toEqual([[], []]);
});

test("a reader that stays behind without credit is closed as a slow consumer, by a write or by the sweep; an idle one never is", () => {
	for (const how of ["write", "sweep"]) {
		const bench = new WatchersBench();
		const [stuck, idle] = [new CopyReader(), new CopyReader({ id: "quiet" })];
		for (const reader of [stuck, idle]) bench.watch(reader);
		for (let index = 0; index < 6; index++) bench.put(`id-${index}`, big(60_000));
		bench.store.now += slow + 1;
		if (how === "write") bench.put("more");
		else bench.watchers.closeStuck();
		expect([stuck.closed, idle.closed]).toEqual(["slow_consumer", undefined]);
		const { length } = stuck.envelopes;
		bench.put("and more");
		bench.credit(stuck);
		expect(stuck.envelopes).toHaveLength(length);
	}
});

test("the window belongs to the receiver, not to each of its watches", () => {
	const bench = new WatchersBench();
	for (let index = 0; index < 20; index++) bench.put(`id-${index}`, big(60_000));
	const reader = new CopyReader();
	bench.watch(reader);
	const { length } = reader.envelopes;
	const { collections } = bench.store;
	const collection = collections.ensure("carts");
	bench.watchers.watch(reader, collection, { collection: "carts", id: "id-1" }, { rev: collection.head, id: "" });
	expect(reader.envelopes).toHaveLength(length);
	expect(bench.watchers.watchesOf(reader)).toEqual([
		{ collection: collection.number },
		{ collection: collection.number, id: "id-1" },
	]);
	bench.watchers.unwatch(reader, reader.selector);
	expect(bench.watchers.watchesOf(reader)).toHaveLength(1);
});

test.each(["watch", "unwatch"])(
	"who watches again without credit, after a %s, stays within one window until its next credit",
	(how) => {
		const bench = new WatchersBench();
		for (let index = 0; index < 20; index++) bench.put(`id-${index}`, big(60_000));
		const reader = new CopyReader();
		const { collections } = bench.store;
		const again = () => {
			const collection = collections.ensure("carts");
			if (how === "unwatch") bench.watchers.unwatch(reader, reader.selector);
			reader.copy.restart(collection.head);
			bench.watchers.watch(reader, collection, reader.selector, { rev: collection.head, id: "" });
		};
		for (let index = 0; index < 100; index++) again();
		const sent = reader.envelopes.reduce((size, text) => size + text.length, 0);
		expect(sent).toBeGreaterThan(limits.windowBytes / 2);
		expect(sent).toBeLessThanOrEqual(limits.windowBytes);
		bench.watchers.credit(reader, reader.selector, { rev: 20, id: "" });
		expect(reader.envelopes.reduce((size, text) => size + text.length, 0)).toBeGreaterThan(sent);
		bench.settle(reader);
		expect(reader.copy.content).toEqual(bench.content({}));
	},
);

test("after sleep a snapshot goes on where credit says, and a change that comes first shows who is behind", () => {
	const bench = new WatchersBench();
	for (let index = 0; index < 20; index++) bench.put(`id-${index}`, big(60_000));
	const [first, second] = [new CopyReader(), new CopyReader()];
	for (const reader of [first, second]) bench.watch(reader);
	bench.wake(first, second);
	bench.put("new");
	expect([first.behind, second.behind]).toEqual([true, true]);
	first.behind = false;
	bench.wake(first, second);
	bench.credit(first);
	expect(first.behind).toBe(false);
	for (const reader of [first, second]) bench.settle(reader);
	for (const { copy } of [first, second]) {
		expect(copy.content).toEqual(bench.content({}));
		expect(copy.faults).toEqual([]);
	}
});

test("who is behind when what it needs is dropped sees that, and gets a fresh snapshot", () => {
	const bench = new WatchersBench();
	for (let index = 0; index < 10; index++) bench.put(`id-${index}`, big(40_000));
	const reader = new CopyReader();
	bench.watch(reader);
	bench.settle(reader);
	for (let index = 0; index < 10; index++) bench.put(`id-${index}`, big(50_000));
	for (let index = 0; index < 5; index++) bench.delete(`id-${index}`);
	bench.store.now += 20_000;
	bench.watchers.account();
	bench.store.forget();
	bench.credit(reader);
	expect(reader.behind).toBe(true);
	bench.settle(reader);
	expect(reader.copy.content).toEqual(bench.content({}));
});

test("a reader whose records are quiet is told where it is before tombstones are dropped, and misses nothing later", () => {
	const bench = new WatchersBench();
	const reader = new CopyReader({ id: "quiet" });
	bench.watch(reader);
	bench.put("loud");
	bench.delete("loud");
	bench.store.now += 20_000;
	bench.watchers.account();
	bench.store.forget();
	expect(reader.copy.place).toEqual({ rev: 2 });
	bench.watchers.account();
	expect(reader.envelopes).toHaveLength(2);
	bench.put("quiet", { x: 1 });
	expect(reader.copy.content).toEqual([["quiet", 3, { x: 1 }]]);
});

test("credit for what was never sent, or for no watch of mine, does no harm", () => {
	const bench = new WatchersBench();
	const reader = new CopyReader();
	bench.watch(reader);
	bench.watchers.credit(reader, reader.selector, { rev: 9_999_999 });
	bench.watchers.credit(reader, { collection: "carts", id: "x" }, { rev: 1 });
	bench.watchers.credit(new CopyReader(), reader.selector, { rev: 1 });
	bench.put("a");
	expect(reader.copy.content).toEqual(bench.content({}));
	bench.wake(reader);
	bench.watchers.credit(reader, reader.selector, { rev: 9_999_999 });
	bench.put("b");
	expect(reader.copy.content).toEqual(bench.content({}));
});

test("2,000 random steps of 12 readers leave every copy as what is stored, no revision twice, none that falls", () => {
	const seed = seedOfRun();
	const random = new Random(seed);
	const bench = new WatchersBench();
	const spans = [{}, { prefix: "id-1" }, { id: "id-7" }, { prefix: "none" }];
	const readers = Array.from({ length: 12 }, (_, index) => new CopyReader(spans[index % spans.length]));
	for (const reader of readers) bench.watch(reader);
	const id = () => `id-${random.below(60)}`;
	const counts: Record<string, number> = {};
	const steps: readonly (readonly [string, () => void])[] = [
		["put", () => bench.put(id(), { n: random.below(9), ...big(random.below(20) === 0 ? 30_000 : 500) })],
		["put", () => bench.put(id(), { n: random.below(9) })],
		["delete", () => bench.delete(id())],
		["credit", () => bench.credit(readers[random.below(12)] as CopyReader)],
		["settle", () => bench.settle(readers[random.below(12)] as CopyReader)],
		[
			"several",
			() => bench.write(...[id(), id()].map((each) => ({ collection: "carts", id: each, action: put }) as const)),
		],
		[
			"resume",
			() => {
				const reader = readers[random.below(12)] as CopyReader;
				bench.watchers.remove(reader);
				bench.watch(reader);
			},
		],
		["sleep", () => random.below(5) === 0 && bench.wake(...readers)],
		[
			"forget",
			() => {
				if (random.below(8) > 0) return;
				bench.store.now += 6_000;
				bench.watchers.account();
				bench.store.forget();
			},
		],
	];
	for (let step = 0; step < 2_000; step++) {
		const [name, act] = steps[random.below(steps.length)] ?? ["none", () => {}];
		counts[name] = (counts[name] ?? 0) + 1;
		act();
	}
	for (const reader of readers) bench.settle(reader);
	const changes = readers.reduce((sum, { copy }) => sum + copy.changes, 0);
	const records = readers.reduce((sum, { copy }) => sum + copy.snapshotRecords, 0);
	console.log(`seed ${seed}: ${JSON.stringify(counts)}, ${changes} changes and ${records} records of snapshots told`);
	for (const [index, { copy, selector }] of readers.entries()) {
		expect(copy.content, `reader ${index}`).toEqual(bench.content(selector));
		expect(copy.faults, `reader ${index}`).toEqual([]);
	}
});

const put = { kind: "put", data: "{}" } as const;
