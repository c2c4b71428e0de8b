import type { AerogramError } from "../../sdk/index.ts";
import { ensure, equal, range, rejection, take } from "./check.ts";
import type { Promised } from "./promise.ts";

/** What publishing promises. */
export const publishPromises: readonly Promised[] = [
	{
		name: "a publish resolves with the position it is stored at",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel("chat");
			const [first, second] = [await channel.publish("a"), await channel.publish("b")];
			equal([first.seq, second.seq], [1, 2]);
			equal(first.epoch, second.epoch);
			equal(first.duplicate, false);
		},
	},
	{
		name: "what is acknowledged can be read at once over plain HTTP",
		async keep({ connect, space, url }) {
			const { epoch, seq } = await connect().space(space).channel("chat").publish({ text: "你好" });
			const response = await fetch(`${url}/v1/spaces/${space}/channels/chat/messages/${seq}`);
			const message = (await response.json()) as { data: unknown };
			equal(message.data, { text: "你好" });
			equal(response.headers.get("etag"), `"${epoch}:${seq}"`);
		},
	},
	{
		name: "publishes of one client are stored in the order of the calls, however many are in flight",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<number>("chat");
			const published = await Promise.all(range(1, 500).map((number) => channel.publish(number)));
			equal(
				published.map(({ seq }) => seq),
				range(1, 500),
			);
			const stored: number[] = [];
			for await (const message of channel.messages()) stored.push(message.data);
			equal(stored, range(1, 500));
		},
	},
	{
		name: "publishes of several clients never share a seq",
		async keep({ connect, space }) {
			const channels = range(1, 4).map(() => connect().space(space).channel("chat"));
			const published = await Promise.all(
				channels.flatMap((channel) => range(1, 50).map((number) => channel.publish(number))),
			);
			equal(new Set(published.map(({ seq }) => seq)).size, 200);
		},
	},
	{
		name: "every JSON value comes back as it was published",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<unknown>("chat");
			const values = [
				null,
				true,
				false,
				0,
				-1.5,
				1e21,
				"",
				"  x ",
				"01",
				"\u0000",
				"😀 عربي 小飞机",
				[],
				[[]],
				{},
				{ "": 1, "a b": [null] },
				JSON.parse('{"__proto__":{"x":1}}'),
			];
			for (const value of values) await channel.publish(value);
			equal(
				(await take(channel.subscribe({ from: "start" }), values.length)).map(({ data }) => data),
				values,
			);
			ensure(!("x" in {}), "Object.prototype is untouched");
		},
	},
	{
		name: "a message carries its name, key and id as given, and who published it",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel("chat");
			await channel.publish("x", { name: "joined", key: "k:1", id: "my-id" });
			const [message] = await take(channel.subscribe({ from: "start" }), 1);
			equal([message?.name, message?.key, message?.id, message?.from], ["joined", "k:1", "my-id", "anonymous"]);
		},
	},
	{
		name: "a message without an id of its own is named after its client and number",
		async keep({ connect, space }) {
			const client = connect({ client: `c-${space}` });
			const channel = client.space(space).channel("chat");
			await channel.publish("a");
			await channel.publish("b");
			const messages = await take(channel.subscribe({ from: "start" }), 2);
			equal(
				messages.map(({ id }) => id),
				[`c-${space}/0`, `c-${space}/1`],
			);
		},
	},
	{
		name: "what was given may be changed right after the call; what is published stays what it was",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel<{ count: number }>("chat");
			const data = { count: 1 };
			const publishing = channel.publish(data);
			data.count = 2;
			await publishing;
			const [message] = await take(channel.subscribe({ from: "start" }), 1);
			equal(message?.data, { count: 1 });
		},
	},
	{
		name: "a message at the size limit is stored; one byte more is refused with too_big and the rest goes on",
		async keep({ connect, space, isAerogramError }) {
			const channel = connect().space(space).channel<string>("chat");
			await channel.publish("x".repeat(65_534));
			const [error, after] = await Promise.all([
				rejection(channel.publish("x".repeat(65_535))),
				channel.publish("small"),
			]);
			ensure(isAerogramError(error) && error.code === "too_big" && !error.retryable, "too_big");
			equal(after.seq, 2);
		},
	},
	{
		name: "what JSON cannot carry is refused before it is sent",
		async keep({ connect, space, isAerogramError }) {
			const channel = connect().space(space).channel<unknown>("chat");
			const circular: { self?: unknown } = {};
			circular.self = circular;
			for (const value of [undefined, () => 1, circular]) {
				const error = await rejection(channel.publish(value));
				ensure(isAerogramError(error) && error.code === "not_json", "not_json");
			}
		},
	},
	{
		name: "a value nested too deeply is refused by the server with too_deep, and nothing is stored",
		async keep({ connect, space, isAerogramError }) {
			const channel = connect().space(space).channel<unknown>("chat");
			let deep: unknown = "x";
			for (let level = 0; level < 40; level++) deep = [deep];
			const error = await rejection(channel.publish(deep));
			ensure(isAerogramError(error) && error.code === "too_deep", `too_deep, got ${String(error)}`);
			equal((await channel.publish("fine")).seq, 1);
		},
	},
	{
		name: "a publish on a condition is stored only while the head is what it says, and else told what the head is",
		async keep({ connect, space, isAerogramError }) {
			const rivals = range(1, 4).map(() => connect().space(space).channel<number>("chat"));
			const outcomes = await Promise.allSettled(rivals.map((channel, index) => channel.publish(index, { ifSeq: 0 })));
			const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
			equal(refused.length, 3);
			for (const error of refused) {
				ensure(isAerogramError(error) && error.code === "condition_failed" && !error.retryable, `got ${String(error)}`);
				equal((error as AerogramError).state?.head, 1);
			}
			equal((await rivals[0]?.publish(9, { ifSeq: 1 }))?.seq, 2);
		},
	},
	{
		name: "an aborted publish rejects with the signal's reason",
		async keep({ connect, space }) {
			const channel = connect().space(space).channel("chat");
			const reason = new Error("enough");
			equal(await rejection(channel.publish("x", { signal: AbortSignal.abort(reason) })), reason);
		},
	},
];
