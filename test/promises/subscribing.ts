import { ensure, equal, eventually, range, rejection, sleep, take } from "./check.ts";
import type { Promised } from "./promise.ts";

/** What subscribing promises. */
export const subscribePromises: readonly Promised[] = [
	{
		name: "a live subscription gets every message published after it stands, and none before",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			await channel.publish(1);
			const subscription = channel.subscribe();
			await subscription.ready;
			for (const number of [2, 3]) await channel.publish(number);
			equal(
				(await take(subscription, 2)).map(({ data }) => data),
				[2, 3],
			);
		},
	},
	{
		name: "from the start: the whole log, then live, without a gap and without a double",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			await Promise.all(range(1, 300).map((number) => channel.publish(number)));
			const taking = take(channel.subscribe({ from: "start" }), 600);
			await Promise.all(range(301, 600).map((number) => channel.publish(number)));
			equal(
				(await taking).map(({ data }) => data),
				range(1, 600),
			);
		},
	},
	{
		name: "from the last n: exactly n, then live",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			for (const number of range(1, 10)) await channel.publish(number);
			const subscription = channel.subscribe({ from: { last: 3 } });
			await subscription.ready;
			await channel.publish(11);
			equal(
				(await take(subscription, 4)).map(({ data }) => data),
				[8, 9, 10, 11],
			);
		},
	},
	{
		name: "since a moment: what was stored from then on",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			await channel.publish(1);
			await sleep(10);
			await channel.publish(2);
			const [, second] = await take(channel.subscribe({ from: "start" }), 2);
			const since = new Date(second?.ts ?? 0);
			equal(
				(await take(channel.subscribe({ from: { since } }), 1)).map(({ data }) => data),
				[2],
			);
		},
	},
	{
		name: "from a position: what comes right after it",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			const positions = [];
			for (const number of range(1, 5)) positions.push(await channel.publish(number));
			const { epoch, seq } = positions[2] ?? { epoch: "", seq: 0 };
			equal(
				(await take(channel.subscribe({ from: { epoch, seq: seq ?? 0 } }), 2)).map(({ data }) => data),
				[4, 5],
			);
		},
	},
	{
		name: "a stored position goes on in another client exactly where the first one stopped",
		async keep({ connect, space }) {
			const publisher = connect().space(space).channel<number>("chat");
			for (const number of range(1, 6)) await publisher.publish(number);
			const first = connect().space(space).channel<number>("chat").subscribe({ from: "start" });
			const seen: number[] = [];
			for await (const message of first) {
				seen.push(message.data);
				if (seen.length === 3) break;
			}
			const position = JSON.parse(JSON.stringify(first.position)) as { epoch: string; seq: number };
			const rest = await take(connect().space(space).channel<number>("chat").subscribe({ from: position }), 3);
			equal([...seen, ...rest.map(({ data }) => data)], range(1, 6));
		},
	},
	{
		name: "a subscription without echo gets what others publish and not what its own client does, live and replayed",
		async keep({ connect, space }) {
			const mine = connect().space(space).channel<string>("chat");
			const theirs = connect().space(space).channel<string>("chat");
			const seen: string[] = [];
			const subscription = mine.subscribe(({ data }) => seen.push(data), { from: "start", echo: false });
			await subscription.ready;
			await mine.publish("mine");
			await theirs.publish("theirs", { id: "any" });
			await mine.publish("mine by an id", { id: "some" });
			await theirs.publish("theirs, too");
			await eventually(() => seen.length === 2, "what others published");
			const replayed = await take(mine.subscribe({ from: "start", echo: false }), 2);
			for (const got of [seen, replayed.map(({ data }) => data)]) equal(got, ["theirs", "theirs, too"]);
			equal(subscription.position?.seq, 4);
			subscription.unsubscribe();
		},
	},
	{
		name: "a callback is called once for each message, in order, one at a time",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			const seen: number[] = [];
			let running = 0;
			const subscription = channel.subscribe(
				async ({ data }) => {
					running += 1;
					equal(running, 1, "callbacks at once");
					await sleep(1);
					seen.push(data);
					running -= 1;
				},
				{ from: "start" },
			);
			await Promise.all(range(1, 40).map((number) => channel.publish(number)));
			await eventually(() => seen.length === 40, "forty calls");
			subscription.unsubscribe();
			equal(seen, range(1, 40));
		},
	},
	{
		name: "the position moves on only when the callback is done",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			let finish = () => {};
			const subscription = channel.subscribe(() => new Promise<void>((resolve) => (finish = resolve)), {
				from: "start",
			});
			await subscription.ready;
			await channel.publish(1);
			await sleep(20);
			equal(subscription.position?.seq, 0);
			finish();
			await eventually(() => subscription.position?.seq === 1, "the position after the callback");
			subscription.unsubscribe();
		},
	},
	{
		name: "a callback that throws is reported, and the next message still comes",
		async keep({ connect, space }) {
			const handle = connect().space(space);
			const errors: unknown[] = [];
			handle.on("error", (error) => errors.push(error));
			const seen: number[] = [];
			const channel = handle.channel<number>("chat");
			const subscription = channel.subscribe(
				({ data }) => {
					seen.push(data);
					if (data === 1) throw new Error("mine");
				},
				{ from: "start" },
			);
			for (const number of [1, 2]) await channel.publish(number);
			await eventually(() => seen.length === 2, "the second message");
			equal(errors.length, 1);
			subscription.unsubscribe();
		},
	},
	{
		name: "several subscriptions of one channel each get everything from their own start",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			for (const number of range(1, 20)) await channel.publish(number);
			const live = channel.subscribe();
			await live.ready;
			const [all, last] = [channel.subscribe({ from: "start" }), channel.subscribe({ from: { last: 5 } })];
			await Promise.all([all.ready, last.ready]);
			await channel.publish(21);
			const [seenAll, seenLast, seenLive] = await Promise.all([take(all, 21), take(last, 6), take(live, 1)]);
			equal(
				seenAll.map(({ data }) => data),
				range(1, 21),
			);
			equal(
				seenLast.map(({ data }) => data),
				range(16, 21),
			);
			equal(
				seenLive.map(({ data }) => data),
				[21],
			);
		},
	},
	{
		name: "leaving an iteration ends its subscription, and the others go on",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			const staying = channel.subscribe({ from: "start" });
			await channel.publish(1);
			await take(channel.subscribe({ from: "start" }), 1);
			await channel.publish(2);
			equal(
				(await take(staying, 2)).map(({ data }) => data),
				[1, 2],
			);
		},
	},
	{
		name: "after unsubscribe no callback is called any more",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			const seen: number[] = [];
			const subscription = channel.subscribe(({ data }) => seen.push(data));
			await subscription.ready;
			await channel.publish(1);
			await eventually(() => seen.length === 1, "the first message");
			subscription.unsubscribe();
			await channel.publish(2);
			await sleep(20);
			equal(seen, [1]);
		},
	},
	{
		name: "an aborted subscription ends its iteration with the signal's reason",
		async keep({ connect, space }) {
			const abort = new AbortController();
			const subscription = connect().space(space).channel("chat").subscribe({ signal: abort.signal });
			const taking = rejection(take(subscription, 1));
			await subscription.ready;
			const reason = new Error("enough");
			abort.abort(reason);
			equal(await taking, reason);
		},
	},
	{
		name: "a client gets its own messages too",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<string>("chat");
			const subscription = channel.subscribe();
			await subscription.ready;
			await channel.publish("mine");
			equal(
				(await take(subscription, 1)).map(({ data }) => data),
				["mine"],
			);
		},
	},
	{
		name: "every subscriber of a channel sees the same order, whoever publishes",
		async keep({ connect, space }) {
			const channels = range(1, 3).map(() => connect().space(space).channel<string>("chat"));
			const takings = channels.map((channel) => take(channel.subscribe({ from: "start" }), 90));
			await Promise.all(
				channels.flatMap((channel, index) => range(1, 30).map((number) => channel.publish(`${index}:${number}`))),
			);
			const [first, ...others] = (await Promise.all(takings)).map((messages) => messages.map(({ id }) => id));
			for (const other of others) equal(other, first);
		},
	},
	{
		name: "a consumer that stops for a while holds nobody else up, and misses nothing",
		async keep({ connect, space }) {
			const publisher = connect().space(space).channel<string>("chat");
			const slow = connect().space(space).channel<string>("chat").subscribe({ from: "start" });
			const quick = connect().space(space).channel<string>("chat").subscribe({ from: "start" });
			await Promise.all([slow.ready, quick.ready]);
			const data = "x".repeat(10_000);
			const taking = take(quick, 100);
			for (const _ of range(1, 100)) await publisher.publish(data);
			equal((await taking).length, 100);
			equal(
				(await take(slow, 100)).map(({ seq }) => seq),
				range(1, 100),
			);
			ensure(true, "both done");
		},
	},
];
