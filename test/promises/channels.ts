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
