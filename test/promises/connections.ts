import type { Space } from "../../sdk/index.ts";
import { ensure, equal, eventually, range, rejection, sleep, take } from "./check.ts";
import type { Promised } from "./promise.ts";

/** Cuts until the client has seen it: between two polls there is nothing to cut. */
async function cutAndSee(handle: Space, cut: () => Promise<void>): Promise<void> {
	let seen = false;
	const stop = handle.on("state", ({ state }) => {
		seen ||= state === "waiting";
	});
	for (let attempt = 0; !seen && attempt < 20; attempt++) {
		await cut();
		for (let wait = 0; !seen && wait < 100; wait++) await sleep(2);
	}
	stop();
	ensure(seen, "the cut is seen");
}

/** What the connection promises. */
export const connectionPromises: readonly Promised[] = [
	{
		name: "the connection opens at the first use and not before",
		async keep({ connect, space }) {
			const handle = connect().space(space);
			handle.channel("chat");
			await sleep(10);
			equal(handle.state, "idle");
			await handle.channel("chat").publish(1);
			equal(handle.state, "connected");
		},
	},
	{
		name: "a client that says a token is served as one that says none, as long as the server asks for none",
		async keep({ connect, space }) {
			const channel = connect({ token: async () => "a.b-c.d_e" })
				.space(space)
				.channel("chat");
			equal((await channel.publish(1)).seq, 1);
			equal((await channel.history()).head, 1);
			equal((await take(channel.subscribe({ from: "start" }), 1)).length, 1);
		},
	},
	{
		name: "the states of a connection are told in order, each with its reason",
		async keep({ connectCuttable, cut, space }) {
			const handle = connectCuttable().space(space);
			const states: string[] = [];
			handle.on("state", ({ state }) => states.push(state));
			const subscription = handle.channel("chat").subscribe();
			await subscription.ready;
			await cutAndSee(handle, cut);
			ensure(handle.reason !== undefined, "a reason");
			await handle.channel("chat").publish(1);
			equal(states, ["connecting", "connected", "waiting", "connecting", "connected"]);
			subscription.unsubscribe();
		},
	},
	{
		name: "a publish that a cut meets in flight is stored once and resolves",
		async keep({ connectCuttable, cut, space }) {
			const channel = connectCuttable().space(space).channel<number>("chat");
			await channel.publish(0);
			const publishing = range(1, 200).map((number) => channel.publish(number));
			await cut();
			const published = await Promise.all(publishing);
			equal(new Set(published.map(({ seq }) => seq)).size, 200);
			const stored: number[] = [];
			for await (const { data } of channel.messages()) stored.push(data);
			equal(stored, range(0, 200));
		},
	},
	{
		name: "publishes made while offline are sent in their order once there is a connection",
		async keep({ connectCuttable, cut, space }) {
			const handle = connectCuttable().space(space);
			const channel = handle.channel<number>("chat");
			await channel.publish(0);
			// Without a subscription, a transport that polls has no connection to lose.
			const subscription = channel.subscribe();
			await subscription.ready;
			await cutAndSee(handle, cut);
			const published = await Promise.all(range(1, 20).map((number) => channel.publish(number)));
			equal(
				published.map(({ seq }) => seq),
				range(2, 21),
			);
			subscription.unsubscribe();
		},
	},
	{
		name: "a subscription lives through cuts: every message once, in order, no gap told",
		async keep({ connect, connectCuttable, cut, space }) {
			const publisher = connect().space(space).channel<number>("chat");
			const gaps: unknown[] = [];
			const subscription = connectCuttable()
				.space(space)
				.channel<number>("chat")
				.subscribe({ from: "start", onGap: (gap) => gaps.push(gap) });
			await subscription.ready;
			const taking = take(subscription, 300);
			for (const number of range(1, 300)) {
				await publisher.publish(number);
				if (number % 60 === 0) await cut();
			}
			equal(
				(await taking).map(({ data }) => data),
				range(1, 300),
			);
			equal(gaps, []);
		},
	},
	{
		name: "a cut while a long replay is under way goes on where it was cut",
		async keep({ connect, connectCuttable, cut, space }) {
			const publisher = connect().space(space).channel<string>("chat");
			const data = "x".repeat(2_000);
			await Promise.all(range(1, 400).map(() => publisher.publish(data)));
			const subscription = connectCuttable().space(space).channel<string>("chat").subscribe({ from: "start" });
			const seqs: number[] = [];
			for await (const { seq } of subscription) {
				seqs.push(seq);
				if (seq % 100 === 0) await cut();
				if (seq === 400) break;
			}
			equal(seqs, range(1, 400));
		},
	},
	{
		name: "a live subscription that is cut before its first message still gets that one",
		async keep({ connect, connectCuttable, cut, space }) {
			const handle = connectCuttable().space(space);
			const subscription = handle.channel<number>("chat").subscribe();
			await subscription.ready;
			await cut();
			await connect().space(space).channel<number>("chat").publish(1);
			equal(
				(await take(subscription, 1)).map(({ data }) => data),
				[1],
			);
		},
	},
	{
		name: "a second client with the same id takes over, and the first one is told that it was replaced",
		needs: ["take-over"],
		async keep({ connect, space, isAerogramError }) {
			const client = `same-${space}`;
			const first = connect({ client }).space(space);
			await first.channel("chat").publish(1);
			const subscription = first.channel("chat").subscribe();
			await subscription.ready;
			const taking = rejection(take(subscription, 1));
			const second = connect({ client }).space(space).channel("other");
			const other = second.subscribe();
			await other.ready;
			const error = await taking;
			ensure(isAerogramError(error) && error.code === "replaced", `replaced, got ${String(error)}`);
			equal(first.state, "failed");
		},
	},
	{
		name: "close ends everything: iterations end and publishes are refused with closed",
		async keep({ connect, space, isAerogramError }) {
			const client = connect();
			const handle = client.space(space);
			const channel = handle.channel("chat");
			const subscription = channel.subscribe();
			await subscription.ready;
			const taking = take(subscription, 1).then(
				(messages) => messages.length,
				() => 0,
			);
			client.close();
			equal(await taking, 0);
			const error = await rejection(channel.publish(1));
			ensure(isAerogramError(error) && error.code === "closed", `closed, got ${String(error)}`);
			equal(handle.state, "closed");
		},
	},
	{
		name: "a quiet connection is kept alive by pings and stays the same one",
		async keep({ connect, space }) {
			const handle = connect({ durations: { ping: 20, pong: 500 } }).space(space);
			const states: string[] = [];
			handle.on("state", ({ state }) => states.push(state));
			const subscription = handle.channel("chat").subscribe();
			await subscription.ready;
			await sleep(200);
			equal(states, ["connecting", "connected"]);
			subscription.unsubscribe();
		},
	},
	{
		name: "the connection closes itself when nothing uses it any more, and opens again at the next use",
		async keep({ connect, space }) {
			const handle = connect({ durations: { linger: 20 } }).space(space);
			await handle.channel("chat").publish(1);
			await eventually(() => handle.state === "idle", "the connection to close");
			equal((await handle.channel("chat").publish(2)).seq, 2);
		},
	},
];
