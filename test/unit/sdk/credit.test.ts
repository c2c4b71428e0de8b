import { expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import { setUp } from "./helpers/setup.ts";

const size = 10_000;
/** Several windows. */
const count = 120;
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

function filled(channels: readonly string[] = ["chat"]) {
	const context = setUp();
	for (const channel of channels) {
		for (let number = 0; number < count; number++) context.server.log(channel).append("x".repeat(size));
	}
	return context;
}

/** Takes the first message alone: all others that were sent ahead are given no credit. */
async function takeOne(context: ReturnType<typeof setUp>, channel: string): Promise<void> {
	const iterator = context.space.channel(channel).subscribe({ from: "start" })[Symbol.asyncIterator]();
	const first = iterator.next();
	await context.clock.advance(100);
	expect((await first).value?.seq).toBe(1);
	await iterator.return?.();
	await context.clock.advance(10);
}

test("newcomers to a channel that one reader fills the window of, and does not read on, get what it gets and no less", async () => {
	const { clock, server, channel } = filled();
	channel.subscribe(() => new Promise(() => {}), { from: "start" });
	await clock.advance(100);
	const full = [...server.sockets][0]?.subscriptions.get("chat")?.sent ?? 0;
	expect(full).toBeLessThan(count / 2);
	const got: number[] = [];
	channel.subscribe(({ seq }) => void got.push(seq), { from: "start" });
	await clock.advance(durations.credit + 100);
	expect(got).toEqual(upTo(full));
});

test("who joins a full window gets everything once the one that filled it has left", async () => {
	const { clock, channel } = filled();
	const stuck = channel.subscribe(() => new Promise(() => {}), { from: "start" });
	await clock.advance(100);
	const got: number[] = [];
	channel.subscribe(({ seq }) => void got.push(seq), { from: "start" });
	await clock.advance(100);
	stuck.unsubscribe();
	await clock.advance(durations.credit + 100);
	expect(got).toEqual(upTo(count));
});

test("many that leave a channel with a window unread leave room for the next", async () => {
	const names = ["a", "b", "c", "d"];
	const context = filled(names);
	for (const name of names) await takeOne(context, name);
	const got: number[] = [];
	context.space.channel("a").subscribe(({ seq }) => void got.push(seq), { from: "start" });
	await context.clock.advance(durations.credit + 100);
	expect(got).toEqual(upTo(count));
	expect(context.server.connects).toHaveLength(1);
});

test("a subscription that the server ends, or that cannot go on, leaves room for the next", async () => {
	for (const how of ["purged", "reset"]) {
		const context = filled(["chat", "other"]);
		const { clock, server, channel, space } = context;
		channel.subscribe(() => new Promise(() => {}), { from: "start" });
		await clock.advance(100);
		if (how === "purged") server.purge("chat");
		else channel.subscribe(() => {}, { from: { epoch: server.epoch, seq: count + 1 } });
		await clock.advance(100);
		const got: number[] = [];
		space.channel("other").subscribe(({ seq }) => void got.push(seq), { from: "start" });
		await clock.advance(durations.credit + 100);
		expect(got, how).toEqual(upTo(count));
	}
});

test("who has given credit for everything gives none for a newcomer", async () => {
	const { clock, server, channel } = setUp();
	server.log("chat").append(1);
	channel.subscribe(() => {}, { from: "start" });
	await clock.advance(durations.credit + 100);
	expect(server.of("credit")).toHaveLength(1);
	channel.subscribe(() => {});
	await clock.advance(durations.credit + 100);
	expect(server.of("credit")).toHaveLength(1);
});
