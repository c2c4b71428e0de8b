import type { Subscription } from "../../sdk/index.ts";
import { ensure, equal, eventually, range, rejection, take } from "./check.ts";
import type { Promised } from "./promise.ts";

/** What channels, spaces and their history promise. */
export const channelPromises: readonly Promised[] = [
	{
		name: "channels of one space have a numbering of their own",
		async keep({ connect, space }) {
			const handle = connect().space(space);
			equal((await handle.channel("a").publish(1)).seq, 1);
			equal((await handle.channel("b:c").publish(1)).seq, 1);
			equal((await handle.channel("a").publish(1)).seq, 2);
		},
	},
	{
		name: "one client serves many channels of a space at once",
		async keep({ connect, space }) {
			const handle = connect().space(space);
			const subscriptions = range(1, 20).map((number) => handle.channel<number>(`c${number}`).subscribe());
			await Promise.all(subscriptions.map(({ ready }) => ready));
			await Promise.all(range(1, 20).map((number) => handle.channel<number>(`c${number}`).publish(number)));
			const seen = await Promise.all(subscriptions.map((subscription) => take(subscription, 1)));
			equal(
				seen.map(([message]) => message?.data),
				range(1, 20),
			);
		},
	},
	{
		name: "spaces do not see one another",
		async keep({ connect, space }) {
			const client = connect();
			const other = client.space(`${space}-other`).channel("chat");
			await client.space(space).channel("chat").publish("here");
			equal((await other.history()).messages, []);
			equal((await other.publish("there")).seq, 1);
		},
	},
	{
		name: "a bad name is refused at once with bad_name",
		async keep({ connect, space, isAerogramError }) {
			const handle = connect().space(space);
			for (const name of ["", "a/b", "a b", "小飞机", "a:", ":a", "..", "%41", "x".repeat(165)]) {
				const error = await rejection(Promise.resolve().then(() => handle.channel(name)));
				ensure(isAerogramError(error) && error.code === "bad_name", `bad_name for ${name}`);
			}
		},
	},
	{
		name: "history reads forwards and backwards, in pages, to both ends",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			await Promise.all(range(1, 25).map((number) => channel.publish(number)));
			const forwards: number[] = [];
			for await (const { data } of channel.messages({ limit: 7 })) forwards.push(data);
			equal(forwards, range(1, 25));
			const backwards: number[] = [];
			for await (const { data } of channel.messages({ limit: 7, order: "desc" })) backwards.push(data);
			equal(backwards, range(1, 25).reverse());
		},
	},
	{
		name: "history of a channel that nobody has used is an empty page",
		async keep({ connect, space }) {
			const page = await connect().space(space).channel("nobody").history();
			equal([page.messages, page.floor, page.head], [[], 1, 0]);
		},
	},
	{
		name: "a history position of another epoch is position_expired, with where the log stands now",
		async keep({ connect, space, isAerogramError }) {
			const channel = connect().space(space).channel("chat");
			await channel.publish(1);
			const error = await rejection(channel.history({ after: { epoch: "000000000other", seq: 1 } }));
			ensure(isAerogramError(error) && error.code === "position_expired", `position_expired, got ${String(error)}`);
		},
	},
	{
		name: "a subscription below a purge is told of the gap and goes on with what is there",
		async keep({ connect, space, url }) {
			const channel = connect().space(space).channel<number>("chat");
			const { epoch } = await channel.publish(1);
			for (const number of [2, 3]) await channel.publish(number);
			await fetch(`${url}/v1/spaces/${space}/channels/chat`, { method: "DELETE" });
			await channel.publish(4);
			const gaps: string[] = [];
			const subscription = channel.subscribe({ from: { epoch, seq: 1 }, onGap: ({ reason }) => gaps.push(reason) });
			equal(
				(await take(subscription, 1)).map(({ seq, data }) => [seq, data]),
				[[4, 4]],
			);
			equal(gaps, ["retention"]);
		},
	},
	{
		name: "a subscription that cannot be given everything goes on as it says: with the latest, a snapshot, or an error",
		async keep({ connect, space, url, isAerogramError }) {
			const channel = connect().space(space).channel<number>("chat");
			const { epoch } = await channel.publish(1);
			for (const number of [2, 3]) await channel.publish(number);
			await fetch(`${url}/v1/spaces/${space}/channels/chat`, { method: "DELETE" });
			await channel.publish(4);
			const from = { epoch, seq: 1 };
			const latest = channel.subscribe({ from, onGap: "latest" });
			const snapshots: (number | undefined)[] = [];
			const snapshot = channel.subscribe({
				from,
				onGap: { snapshot: async ({ to }) => void snapshots.push((await channel.history()).head, to?.seq) },
			});
			const error = await rejection(take(channel.subscribe({ from, onGap: "error" }), 1));
			ensure(isAerogramError(error) && error.code === "position_expired", `position_expired, got ${String(error)}`);
			await Promise.all([latest.ready, snapshot.ready]);
			const taking = [latest, snapshot].map((subscription) => take(subscription, 1));
			await eventually(() => snapshots.length === 2, "the snapshot");
			await channel.publish(5);
			equal(
				(await Promise.all(taking)).map(([message]) => message?.data),
				[5, 5],
			);
			equal(snapshots, [4, 4]);
		},
	},
	{
		name: "one call publishes to many channels, and says of each what became of it",
		async keep({ connect, space, isAerogramError }) {
			const handle = connect().space(space);
			await handle.channel("b").publish("before");
			const outcomes = await handle.publish([
				{ channel: "a", data: 1 },
				{ channel: "b", data: 2, name: "named" },
				{ channel: "c", data: 3, ifSeq: 7 },
				{ channel: "a", data: 4 },
			]);
			equal(
				outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.seq : outcome.reason.code)),
				[1, 2, "condition_failed", 2],
			);
			const bad = await handle.publish([
				{ channel: "no name", data: 1 },
				{ channel: "a", data: 5 },
			]);
			const reason = bad[0]?.status === "rejected" ? bad[0].reason : undefined;
			ensure(isAerogramError(reason) && reason.code === "bad_name", `bad_name, got ${String(reason)}`);
			equal(bad[1]?.status === "fulfilled" && bad[1].value.seq, 3);
		},
	},
	{
		name: "a purge under a standing subscription is told as a gap, and what comes next still comes",
		async keep({ connect, space, url }) {
			const channel = connect().space(space).channel<number>("chat");
			const gaps: string[] = [];
			const seen: number[] = [];
			const subscription = channel.subscribe(({ data }) => seen.push(data), {
				from: "start",
				onGap: ({ reason }) => gaps.push(reason),
			});
			await channel.publish(1);
			await eventually(() => seen.length === 1, "the first message");
			await fetch(`${url}/v1/spaces/${space}/channels/chat`, { method: "DELETE" });
			await channel.publish(2);
			await eventually(() => seen.length === 2, "the message after the purge");
			equal(seen, [1, 2]);
			subscription.unsubscribe();
		},
	},
	{
		name: "a wipe is told as a gap of another epoch, and the subscription goes on in the new one",
		async keep({ connect, space, url }) {
			const client = connect();
			const channel = client.space(space).channel<number>("chat");
			const gaps: string[] = [];
			const seen: [string | undefined, number][] = [];
			const subscription: Subscription<number> = channel.subscribe(
				({ data }) => seen.push([subscription.position?.epoch, data]),
				{
					from: "start",
					onGap: ({ reason }) => gaps.push(reason),
				},
			);
			const before = await channel.publish(1);
			await eventually(() => seen.length === 1, "the first message");
			await fetch(`${url}/v1/spaces/${space}`, { method: "DELETE" });
			await eventually(() => client.space(space).state !== "connected", "the close");
			const after = await channel.publish(2);
			ensure(after.epoch > before.epoch, "a later epoch compares greater");
			equal(after.seq, 1);
			await eventually(() => seen.length === 2, "the message of the new epoch");
			equal(gaps, ["epoch"]);
			subscription.unsubscribe();
		},
	},
	{
		name: "a position ahead of the log is told as a gap, changes nothing, and the subscription goes on",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			const { epoch } = await channel.publish(1);
			const gaps: string[] = [];
			const subscription = channel.subscribe({ from: { epoch, seq: 99 }, onGap: ({ reason }) => gaps.push(reason) });
			equal(
				(await take(subscription, 1)).map(({ data }) => data),
				[1],
			);
			equal(gaps, ["ahead"]);
			equal((await channel.publish(2)).epoch, epoch);
		},
	},
];
