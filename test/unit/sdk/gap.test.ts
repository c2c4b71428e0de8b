import { describe, expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import type { ChannelGap, From } from "../../../sdk/index.ts";
import { setUp } from "./helpers/setup.ts";

function follow(count: number) {
	const context = setUp();
	const { server, channel, space } = context;
	for (let number = 1; number <= count; number++) server.log("chat").append(number);
	const told: ChannelGap[] = [];
	space.on("gap", (gap) => told.push(gap));
	/** Messages and gaps, in the order in which they were handed out. */
	const subscribe = (from: From) => {
		const events: unknown[] = [];
		const onGap = ({ reason, from: before, to }: Omit<ChannelGap, "channel">) =>
			events.push(`${reason} ${before?.seq ?? "-"}..${to?.seq ?? "-"}`);
		const subscription = channel.subscribe(({ data }) => void events.push(data), { from, onGap });
		return { events, subscription };
	};
	return { ...context, told, subscribe };
}

const reconnect = durations.spread + 10;

describe("what cannot be replayed is told", () => {
	test("once, however often the connection is lost while older messages are still waited for", async () => {
		const { clock, server, channel } = follow(5);
		const events: unknown[] = [];
		const resolvers: (() => void)[] = [];
		const hold = ({ data }: { readonly data: unknown }) => {
			events.push(data);
			return new Promise<void>((resolve) => resolvers.push(resolve));
		};
		const subscription = channel.subscribe(hold, { from: "start", onGap: ({ reason }) => events.push(reason) });
		await clock.advance(10);
		const { epoch } = server;
		server.wipe();
		for (let number = 1; number <= 40; number++) server.log("chat").append(`new ${number}`);
		await clock.advance(reconnect);
		const finish = async (count: number) => {
			for (let number = 0; number < count; number++) {
				resolvers.at(-1)?.();
				await clock.advance(1);
			}
		};
		await finish(2);
		expect(subscription.position).toEqual({ epoch, seq: 2, id: "server/2" });
		server.cut();
		await clock.advance(reconnect);
		await clock.advance(durations.credit * 2);
		// What was taken of the old life is nothing taken of the new one.
		expect(server.of("credit")).toEqual([]);
		await finish(45);
		await clock.advance(durations.credit);
		const renewed = Array.from({ length: 40 }, (_, index) => `new ${index + 1}`);
		expect(events).toEqual([1, 2, 3, 4, 5, "epoch", ...renewed]);
		expect(subscription.position).toEqual({ epoch: server.epoch, seq: 40, id: "server/40" });
		expect(server.of("credit").map(({ seq }) => seq)).toEqual([32, 40]);
	});

	test("and credit begins anew, as the seqs of a wiped space do", async () => {
		const { clock, server, subscribe } = follow(100);
		const { events } = subscribe("start");
		await clock.advance(durations.credit + 10);
		expect(server.of("credit").at(-1)?.seq).toBe(100);
		server.wipe();
		for (let number = 1; number <= 40; number++) server.log("chat").append(number);
		await clock.advance(reconnect + durations.credit);
		expect(events).toHaveLength(141);
		expect(
			server
				.of("credit")
				.slice(-2)
				.map(({ seq }) => seq),
		).toEqual([32, 40]);
	});

	test("before anything that comes after it, although a newcomer's subscription is first", async () => {
		const { clock, server, channel, subscribe } = follow(3);
		const { events } = subscribe("start");
		await clock.advance(10);
		server.purge("chat");
		channel.subscribe(() => {}, { from: { last: 1 } });
		await clock.advance(1);
		server.append("chat", 4);
		await clock.advance(20);
		expect(events).toEqual([1, 2, 3, "purged 3..3", 4]);
	});

	test("when it was trimmed while the client was away; then it goes on from what is retained", async () => {
		const { clock, server, subscribe, told } = follow(3);
		const { events } = subscribe("start");
		await clock.advance(10);
		server.cut();
		for (let number = 4; number <= 9; number++) server.log("chat").append(number);
		server.log("chat").trim(7);
		await clock.advance(reconnect);
		expect(events).toEqual([1, 2, 3, "retention 3..6", 7, 8, 9]);
		const { epoch } = server;
		expect(told).toEqual([{ channel: "chat", reason: "retention", from: { epoch, seq: 3 }, to: { epoch, seq: 6 } }]);
	});

	test("in its place among the messages, after those that came before it was trimmed", async () => {
		const { clock, server, channel, subscribe } = follow(9);
		const early = subscribe({ epoch: server.epoch, seq: 2 });
		await clock.advance(10);
		const slow: unknown[] = [];
		let finish = () => {};
		const callback = ({ seq }: { readonly seq: number }) => {
			slow.push(seq);
			return seq === 5 ? new Promise<void>((resolve) => (finish = resolve)) : undefined;
		};
		channel.subscribe(callback, { from: "start", onGap: (gap) => slow.push(gap) });
		await clock.advance(10);
		server.cut();
		for (let number = 10; number <= 12; number++) server.log("chat").append(number);
		server.log("chat").trim(11);
		await clock.advance(reconnect);
		expect(early.events).toEqual([3, 4, 5, 6, 7, 8, 9, "retention 9..10", 11, 12]);
		// 6 to 9 were sent to it before they were trimmed: they wait behind the callback that is busy with 5.
		expect(slow).toEqual([1, 2, 3, 4, 5]);
		finish();
		await clock.advance(10);
		expect(slow.slice(5)).toMatchObject([
			6,
			7,
			8,
			9,
			{ reason: "retention", from: { seq: 9 }, to: { seq: 10 } },
			11,
			12,
		]);
	});

	test("only to the subscriber that misses something", async () => {
		const { clock, server, channel, told, subscribe } = follow(9);
		let finish = () => {};
		const blocked: unknown[] = [];
		const hold = ({ seq }: { readonly seq: number }) => {
			blocked.push(seq);
			return seq === 1 ? new Promise<void>((resolve) => (finish = resolve)) : undefined;
		};
		channel.subscribe(hold, { from: "start" });
		const early = subscribe("start");
		await clock.advance(20);
		server.cut();
		// The one that is busy resumes at 1, which is gone; what it has been sent reaches up to 9, where the log goes on.
		server.log("chat").trim(8);
		server.log("chat").append(10);
		await clock.advance(reconnect);
		finish();
		await clock.advance(10);
		expect(early.events).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
		expect(blocked).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
		expect(told).toEqual([]);
	});

	test("when the space was wiped: the new life is read from its start", async () => {
		const { clock, server, subscribe } = follow(3);
		const { events, subscription } = subscribe("live");
		await clock.advance(10);
		server.append("chat", 4);
		await clock.advance(10);
		server.wipe();
		server.log("chat").append("new");
		await clock.advance(reconnect);
		expect(events).toEqual([4, "epoch 4..0", "new"]);
		expect(subscription.position).toEqual({ epoch: server.epoch, seq: 1, id: "server/1" });
	});

	test("when the channel was purged under a standing subscription", async () => {
		const { clock, server, subscribe } = follow(3);
		const one = subscribe("start");
		const other = subscribe("live");
		await clock.advance(20);
		server.purge("chat");
		await clock.advance(20);
		server.append("chat", 4);
		await clock.advance(10);
		expect(one.events).toEqual([1, 2, 3, "purged 3..3", 4]);
		expect(other.events).toEqual(["purged 3..3", 4]);
	});

	test.each<[string, From, string]>([
		["of another life", { epoch: "0000000009bbbbbbbb", seq: 2 }, "epoch 2..0"],
		["ahead of the log", { epoch: "000000001aaaaaaaa", seq: 99 }, "ahead 99..0"],
		["whose message is another one", { epoch: "000000001aaaaaaaa", seq: 2, id: "other/2" }, "epoch 2..0"],
	])("when a subscription starts at a position %s", async (_, from, gap) => {
		const { clock, subscribe } = follow(3);
		const { events, subscription } = subscribe(from);
		await clock.advance(20);
		await subscription.ready;
		expect(events).toEqual([gap, 1, 2, 3]);
	});

	test("when reading what is old became forbidden: it goes on live, and ends when that is forbidden, too", async () => {
		const { clock, server, subscribe, errors } = follow(3);
		const { events } = subscribe("start");
		await clock.advance(10);
		server.cut();
		server.log("chat").append(4);
		const { epoch } = server;
		const reset = { type: "reset", channel: "chat", reason: "forbidden", epoch, floor: 1, head: 4 } as const;
		server.hook = (envelope) =>
			envelope.type === "subscribe" && envelope.start.from !== "live" ? { ...reset, ref: envelope.ref } : undefined;
		await clock.advance(reconnect);
		server.append("chat", 5);
		await clock.advance(10);
		expect(events).toEqual([1, 2, 3, "forbidden 3..4", 5]);
		server.hook = (envelope) => (envelope.type === "subscribe" ? { ...reset, ref: envelope.ref } : undefined);
		server.cut();
		await clock.advance(reconnect * 2);
		expect(errors).toMatchObject([{ code: "forbidden" }]);
		expect(server.sockets.size).toBe(1);
	});

	test("when a server starts later than it was asked to, whatever it says of it", async () => {
		const { clock, server, subscribe } = follow(3);
		const { events } = subscribe("start");
		await clock.advance(10);
		server.cut();
		for (let number = 4; number <= 6; number++) server.log("chat").append(number);
		const { epoch } = server;
		server.hook = (envelope) =>
			envelope.type === "subscribe"
				? { type: "subscribed", ref: envelope.ref, epoch, head: 6, after: 5, recovered: true }
				: undefined;
		await clock.advance(reconnect);
		expect(events).toEqual([1, 2, 3, "retention 3..5"]);
	});

	test("a frame that leaves something out is asked for again, and nothing is missing in the end", async () => {
		const { clock, server, subscribe } = follow(3);
		const { events } = subscribe("start");
		await clock.advance(10);
		const log = server.log("chat");
		for (let number = 4; number <= 8; number++) log.append(number);
		for (const socket of server.sockets) {
			socket.send({ type: "messages", channel: "chat", after: 6, to: 8, entries: log.messages.slice(6) });
		}
		await clock.advance(20);
		expect(events).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
		// Each time at once: it was worth it.
		for (let number = 9; number <= 12; number++) log.append(number);
		for (const socket of server.sockets) {
			socket.send({ type: "messages", channel: "chat", after: 10, to: 12, entries: log.messages.slice(10) });
		}
		await clock.advance(20);
		expect(events.slice(8)).toEqual([9, 10, 11, 12]);
	});

	test("a server that leaves out the same each time is not asked in a hurry", async () => {
		const { clock, server, subscribe } = follow(3);
		subscribe("start");
		await clock.advance(10);
		const { epoch } = server;
		server.hook = (envelope) => {
			if (envelope.type !== "subscribe") return undefined;
			for (const socket of server.sockets) {
				socket.send({ type: "subscribed", ref: envelope.ref, epoch, head: 9, after: 3, recovered: true });
				socket.send({ type: "messages", channel: "chat", after: 8, to: 9, entries: [] });
			}
			return "ignore";
		};
		server.cut();
		await clock.advance(reconnect + 120_000);
		expect(server.of("subscribe").length).toBeLessThan(40);
	});
});
