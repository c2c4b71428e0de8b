import type { Message } from "../../sdk/index.ts";
import { ensure, equal, eventually, range, rejection, take } from "./check.ts";
import type { Promised } from "./promise.ts";

const ephemeral = { ephemeral: true };

/** What ephemeral messages promise. */
export const passingPromises: readonly Promised[] = [
	{
		name: "an ephemeral message is delivered live with what it was given, and has no position",
		needs: ["ephemeral"],
		async keep({ connect, space }) {
			const subscription = connect().space(space).channel("chat").subscribe();
			await subscription.ready;
			const taking = take(subscription, 1);
			const publisher = connect().space(space).channel("chat");
			const published = await publisher.publish([1, "a"], { ...ephemeral, name: "cursor", key: "k:1", id: "mine" });
			equal([published.seq, published.duplicate], [null, false]);
			const [message] = await taking;
			const { seq, id, from, name, key, data } = message ?? ({} as Message);
			equal([seq, id, from, name, key, data], [0, "mine", "anonymous", "cursor", "k:1", [1, "a"]]);
			equal(message?.ephemeral, true);
		},
	},
	{
		name: "an ephemeral message is stored nowhere: it is in no history, is not replayed, and takes no seq",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<string>("chat");
			await channel.publish("passing", ephemeral);
			equal((await channel.publish("first")).seq, 1);
			await channel.publish("passing", ephemeral);
			equal((await channel.publish("second")).seq, 2);
			equal(
				(await channel.history()).messages.map(({ data }) => data),
				["first", "second"],
			);
			equal(
				(await take(channel.subscribe({ from: "start" }), 2)).map(({ data }) => data),
				["first", "second"],
			);
		},
	},
	{
		name: "an ephemeral message comes after every message that its publisher had stored before it",
		needs: ["ephemeral"],
		async keep({ connect, space }) {
			const subscription = connect().space(space).channel<number | string>("chat").subscribe();
			await subscription.ready;
			const taking = take(subscription, 40);
			const channel = connect().space(space).channel<number | string>("chat");
			for (const number of range(1, 20)) {
				await channel.publish(number);
				await channel.publish(`after ${number}`, ephemeral);
			}
			const seen = (await taking).map(({ data }) => data);
			equal(
				seen,
				range(1, 20).flatMap((number) => [number, `after ${number}`]),
			);
		},
	},
	{
		name: "an ephemeral message moves no position: a subscription that is cut after it misses nothing that is stored",
		needs: ["ephemeral"],
		async keep({ connect, connectCuttable, cut, space }) {
			const publisher = connect().space(space).channel<number | string>("chat");
			const subscription = connectCuttable().space(space).channel<number | string>("chat").subscribe();
			await subscription.ready;
			const seen: (number | string)[] = [];
			const reading = (async () => {
				for await (const { data } of subscription) seen.push(data);
			})();
			await publisher.publish(1);
			await publisher.publish("passing", ephemeral);
			await eventually(() => seen.includes("passing"), "the ephemeral message");
			equal(subscription.position?.seq, 1);
			await cut();
			await publisher.publish(2);
			await eventually(() => seen.includes(2), "the stored message after the cut");
			equal(seen, [1, "passing", 2]);
			subscription.unsubscribe();
			await reading;
		},
	},
	{
		name: "an ephemeral message without echo comes to everybody but the client that published it",
		needs: ["ephemeral"],
		async keep({ connect, space }) {
			const [own, other] = [connect(), connect()].map((client) => client.space(space).channel<string>("chat"));
			const heard: string[][] = [[], []];
			const subscriptions = [own, other].map((channel, index) =>
				channel?.subscribe(({ data }) => void heard[index]?.push(data)),
			);
			await Promise.all(subscriptions.map((subscription) => subscription?.ready));
			await own?.publish("quiet", { ...ephemeral, echo: false });
			await own?.publish("loud", ephemeral);
			await eventually(() => heard.every((each) => each.includes("loud")), "the second message");
			equal(heard, [["loud"], ["quiet", "loud"]]);
			for (const subscription of subscriptions) subscription?.unsubscribe();
		},
	},
	{
		name: "an ephemeral message over the size limit is refused with too_big, and what comes next goes on",
		async keep({ connect, space, isAerogramError }) {
			const channel = connect().space(space).channel<string>("chat");
			const error = await rejection(channel.publish("x".repeat(65_535), ephemeral));
			ensure(isAerogramError(error) && error.code === "too_big", `too_big, got ${String(error)}`);
			equal((await channel.publish("small", ephemeral)).seq, null);
		},
	},
];
