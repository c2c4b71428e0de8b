import type { CollectionChange, LiveRecords, WatchPosition } from "../../sdk/index.ts";
import { ensure, equal, eventually, range, rejection, take } from "./check.ts";
import type { Promised, Stage } from "./promise.ts";

interface Item {
	readonly n: number;
}

/** Changes in short: `+a@1`, with `*` before those of a snapshot. */
function short(changes: readonly CollectionChange<Item>[]): readonly string[] {
	return changes.map(
		({ type, id, rev, snapshot }) => `${snapshot ? "*" : ""}${type === "put" ? "+" : "-"}${id}@${rev}`,
	);
}

/** Compares a copy with all that GET tells. */
async function equalToList({ connect, space }: Stage, live: LiveRecords<Item>, prefix = ""): Promise<void> {
	const listed: string[] = [];
	for await (const record of connect().space(space).collection<Item>("items").records({ prefix })) {
		listed.push(`${record.id}@${record.rev} ${record.data.n} ${record.etag}`);
	}
	const copied = () =>
		[...live.records.values()].map(({ id, rev, data, etag }) => `${id}@${rev} ${data.n} ${etag}`).sort();
	await eventually(() => JSON.stringify(copied()) === JSON.stringify(listed.sort()), `the copy is ${listed}`);
}

/** What watches and live copies promise. */
export const watchPromises: readonly Promised[] = [
	{
		name: "a watch brings every record as it is, then every change in order of revision",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			await items.put("b", { n: 1 });
			await items.put("a", { n: 2 });
			const watch = connect().space(space).collection<Item>("items").watch();
			await watch.ready;
			const seen: CollectionChange<Item>[] = [];
			const reading = (async () => {
				for await (const change of watch) if (seen.push(change) === 5) break;
			})();
			await eventually(() => seen.length === 2, "the snapshot");
			const third = await items.put("c", { n: 3 });
			await items.delete("b");
			await items.patch("a", { n: 4 });
			await reading;
			equal(short(seen), ["*+a@2", "*+b@1", "+c@3", "-b@4", "+a@5"]);
			const change = seen[2];
			equal(change?.type === "put" && change.record, third);
		},
	},
	{
		name: "a position of a watch is gone on from by another client, with what changed since, deletions too",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			for (const n of range(1, 5)) await items.put(`id-${n}`, { n });
			const first = connect().space(space).collection<Item>("items").watch();
			await take(first, 5);
			const position = first.position as WatchPosition;
			equal(position.rev, 5);
			for (const n of [1, 2]) await items.delete(`id-${n}`);
			await items.put("id-3", { n: 30 });
			await items.put("id-3", { n: 31 });
			const gaps: unknown[] = [];
			const options = { from: position, onGap: (gap: unknown) => gaps.push(gap) };
			const second = connect().space(space).collection<Item>("items").watch(options);
			equal(short(await take(second, 3)), ["-id-1@6", "-id-2@7", "+id-3@9"]);
			equal([gaps, second.position?.rev], [[], 9]);
		},
	},
	{
		name: "a position in the middle of a snapshot is gone on from right there",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			for (const n of range(1, 6)) await items.put(`id-${n}`, { n });
			const first = connect().space(space).collection<Item>("items").watch();
			equal(short(await take(first, 2)), ["*+id-1@1", "*+id-2@2"]);
			await items.put("id-1", { n: 10 });
			await items.put("id-5", { n: 50 });
			const second = connect().space(space).collection<Item>("items").watch({ from: first.position });
			equal(short(await take(second, 5)), ["*+id-3@3", "*+id-4@4", "*+id-6@6", "+id-1@7", "+id-5@8"]);
		},
	},
	{
		name: "a watch of one record, or of a prefix, or from now on, brings what it names and nothing else",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			for (const id of ["a", "a:1", "b"]) await items.put(id, { n: 0 });
			const other = connect().space(space).collection<Item>("items");
			const [one, some, now] = [{ id: "a" }, { prefix: "a:" }, { from: "live" } as const].map((options) => {
				const seen: CollectionChange<Item>[] = [];
				return { seen, watch: other.watch((change) => seen.push(change), options) };
			});
			await Promise.all([one?.watch.ready, some?.watch.ready, now?.watch.ready]);
			for (const id of ["b", "a:1", "a", "a:2"]) await items.put(id, { n: 1 });
			await items.delete("a");
			await eventually(() => now?.seen.length === 5, "all changes");
			await eventually(() => one?.seen.length === 3 && some?.seen.length === 3, "the others");
			equal(short(one?.seen ?? []), ["*+a@1", "+a@6", "-a@8"]);
			equal(short(some?.seen ?? []), ["*+a:1@2", "+a:1@5", "+a:2@7"]);
			equal(short(now?.seen ?? []), ["+b@4", "+a:1@5", "+a@6", "+a:2@7", "-a@8"]);
			for (const each of [one, some, now]) each?.watch.close();
		},
	},
	{
		name: "a watch goes on after cuts: of each record the last change comes, and no revision twice or falling",
		async keep({ connect, connectCuttable, cut, space }) {
			const items = connect().space(space).collection<Item>("items");
			const seen: CollectionChange<Item>[] = [];
			const watch = connectCuttable()
				.space(space)
				.collection<Item>("items")
				.watch((change) => seen.push(change));
			await watch.ready;
			for (const n of range(1, 40)) {
				await items.put(`id-${n % 7}`, { n });
				if (n % 10 === 5) await cut();
			}
			await eventually(() => seen.at(-1)?.rev === 40, "the last change");
			const revs = seen.map(({ rev }) => rev);
			equal(
				revs,
				[...new Set(revs)].sort((one, other) => one - other),
			);
			const last = new Map(seen.map((change) => [change.id, change.rev]));
			equal([...last.values()].sort().length, 7);
			equal(Math.min(...last.values()), 34);
			watch.close();
		},
	},
	{
		name: "two watches of the same in one client each get everything once, whenever they begin",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			const other = connect().space(space).collection<Item>("items");
			const seen: CollectionChange<Item>[][] = [[], [], []];
			const begin = (index: number) => other.watch((change) => seen[index]?.push(change));
			const first = begin(0);
			await first.ready;
			for (const n of range(1, 10)) await items.put(`id-${n}`, { n });
			const second = begin(1);
			for (const n of range(1, 10)) await items.put(`id-${n}`, { n: n * 2 });
			const third = begin(2);
			await items.delete("id-5");
			const copyOf = (changes: readonly CollectionChange<Item>[]) => {
				const copy = new Map<string, number>();
				for (const change of changes) {
					if (change.type === "put") copy.set(change.id, change.record.data.n);
					else copy.delete(change.id);
				}
				return [...copy].sort(([one], [other]) => (one < other ? -1 : 1));
			};
			const stored: (readonly [string, number])[] = [];
			for await (const { id, data } of items.records()) stored.push([id, data.n]);
			const isWhole = (each: readonly CollectionChange<Item>[]) =>
				JSON.stringify(copyOf(each)) === JSON.stringify(stored);
			await eventually(() => seen.every(isWhole), "all of them have what is stored");
			for (const each of seen) {
				const live = each.filter(({ snapshot }) => !snapshot).map(({ rev }) => rev);
				equal(
					live,
					[...new Set(live)].sort((one, other) => one - other),
				);
			}
			for (const each of [first, second, third]) each.close();
		},
	},
	{
		name: "a live copy is what GET tells, through writes, deletions and cuts",
		async keep(stage) {
			const { connect, connectCuttable, cut, space } = stage;
			const items = connect().space(space).collection<Item>("items");
			for (const n of range(1, 20)) await items.put(`a:${n}`, { n });
			const cuttable = connectCuttable().space(space).collection<Item>("items");
			const [all, some] = await Promise.all([cuttable.live(), cuttable.live({ prefix: "a:1" })]);
			const changes: string[] = [];
			all.on("change", ({ type, id }) => changes.push(`${type} ${id}`));
			await Promise.all([all.ready, some.ready]);
			equal([all.records.size, some.records.size, changes.length], [20, 11, 20]);
			for (const n of range(1, 20)) {
				if (n % 5 === 0) await cut();
				if (n % 3 === 0) await items.delete(`a:${n}`);
				else await items.put(`b:${n}`, { n: -n });
			}
			await equalToList(stage, all);
			await equalToList(stage, some, "a:1");
			ensure(changes.includes("delete a:3"), "a deletion is told");
			for (const each of [all, some]) each.close();
			await items.put("after", { n: 0 });
			ensure(!all.records.has("after"), "a closed copy stays as it is");
		},
	},
	{
		name: "a wipe is told to a watch as a gap of another epoch, and a live copy holds what is there then",
		async keep(stage) {
			const { connect, space, url } = stage;
			const items = connect().space(space).collection<Item>("items");
			for (const n of range(1, 5)) await items.put(`old-${n}`, { n });
			const client = connect();
			const other = client.space(space).collection<Item>("items");
			const gaps: string[] = [];
			const seen: CollectionChange<Item>[] = [];
			const watch = other.watch((change) => seen.push(change), { onGap: ({ reason }) => gaps.push(reason) });
			const live = await other.live();
			await Promise.all([watch.ready, live.ready]);
			await eventually(() => seen.length === 5, "the snapshot");
			await fetch(`${url}/v1/spaces/${space}`, { method: "DELETE" });
			await items.put("new", { n: 6 });
			await eventually(() => seen.length > 5, "what there is after the wipe");
			await equalToList(stage, live);
			equal([gaps, short(seen.slice(5)).at(-1)?.replace("*", ""), live.records.size], [["epoch"], "+new@1", 1]);
			watch.close();
			live.close();
		},
	},
	{
		name: "a position that the collection never reached is told as a gap, and a snapshot follows",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			await items.put("a", { n: 1 });
			const { epoch } = await items.list();
			const gaps: unknown[] = [];
			const from = { epoch, rev: 99 };
			const watch = items.watch({ from, onGap: ({ reason, from, to }) => gaps.push([reason, from, to.rev]) });
			equal(short(await take(watch, 1)), ["*+a@1"]);
			equal(gaps, [["ahead", from, 1]]);
		},
	},
	{
		name: "a callback gets one change at a time, and one that throws is reported and costs no change",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			const handle = connect().space(space);
			const errors: string[] = [];
			handle.on("error", ({ code }) => errors.push(code));
			let running = 0;
			const seen: number[] = [];
			const watch = handle.collection<Item>("items").watch(async ({ rev }) => {
				running += 1;
				ensure(running === 1, "one at a time");
				await Promise.resolve();
				running -= 1;
				seen.push(rev);
				if (rev === 2) throw new Error("on purpose");
			});
			await watch.ready;
			for (const n of range(1, 4)) await items.put(`id-${n}`, { n });
			await eventually(() => seen.length === 4, "all changes");
			equal([seen, errors], [range(1, 4), ["callback_failed"]]);
			await eventually(() => watch.position?.rev === 4, "the position of the last");
			watch.close();
		},
	},
	{
		name: "a watch ends by close, by leaving the loop, and by its signal, whose reason an iteration throws",
		async keep({ connect, space }) {
			const items = connect().space(space).collection<Item>("items");
			await items.put("a", { n: 1 });
			const closed = items.watch();
			const closing = (async () => {
				for await (const _ of closed) closed.close();
			})();
			await closing;
			const abort = new AbortController();
			const aborted = items.watch({ signal: abort.signal });
			const reading = (async () => {
				for await (const _ of aborted) abort.abort(new Error("enough"));
			})();
			equal(String(await rejection(reading)), "Error: enough");
			equal(String(await rejection(Promise.resolve(take(items.watch({ signal: abort.signal }), 1)))), "Error: enough");
			const bad = [{ id: "a", prefix: "a" }, { id: "a/b" }, { prefix: "a b" }, { from: { epoch: "x", rev: -1 } }];
			const codes = await Promise.all(
				bad.map(async (options) => ((await rejection(items.watch(options).ready)) as { code: string }).code),
			);
			equal(codes, ["bad_request", "bad_name", "bad_name", "bad_position"]);
		},
	},
];
