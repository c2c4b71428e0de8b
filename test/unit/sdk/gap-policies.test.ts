import { describe, expect, test } from "vitest";
import { durations } from "../../../protocol/limits.ts";
import type { GapPolicy } from "../../../sdk/index.ts";
import { setUp } from "./helpers/setup.ts";

const reconnect = durations.spread + 10;

/** Reads 1 to 3, is away while 4 to 9 come and 4 to 6 are trimmed, and comes back; then 10 comes. */
async function miss(onGap: GapPolicy | undefined, iterated: boolean) {
	const context = setUp();
	const { clock, server, channel } = context;
	for (let number = 1; number <= 3; number++) server.log("chat").append(number);
	const seen: unknown[] = [];
	const options = { from: "start", ...(onGap && { onGap }) } as const;
	const subscription = iterated
		? channel.subscribe(options)
		: channel.subscribe(({ data }) => void seen.push(data), options);
	const reading = (async () => {
		if (!iterated) return;
		for await (const { data } of subscription) seen.push(data);
	})().catch((error: unknown) => void seen.push((error as { code?: unknown }).code));
	await clock.advance(20);
	server.cut();
	for (let number = 4; number <= 9; number++) server.log("chat").append(number);
	server.log("chat").trim(7);
	await clock.advance(reconnect);
	server.append("chat", 10);
	await clock.advance(20);
	return { ...context, seen, subscription, reading };
}

describe.each([
	["callback", false],
	["iteration", true],
] as const)("a subscription by %s that missed messages", (_, iterated) => {
	test("goes on from the floor, unless it says more", async () => {
		for (const onGap of [undefined, "from-floor"] as const) {
			expect((await miss(onGap, iterated)).seen).toEqual([1, 2, 3, 7, 8, 9, 10]);
		}
	});

	test("goes on with the latest", async () => {
		const { seen, subscription, server } = await miss("latest", iterated);
		expect(seen).toEqual([1, 2, 3, 10]);
		expect(subscription.position).toMatchObject({ epoch: server.epoch, seq: 10 });
	});

	test("ends with an error, after all that came before, and its position is that before the gap", async () => {
		const { seen, subscription, errors, space } = await miss("error", iterated);
		expect(seen).toEqual(iterated ? [1, 2, 3, "position_expired"] : [1, 2, 3]);
		expect(errors).toMatchObject(iterated ? [] : [{ code: "position_expired" }]);
		expect(subscription.position).toMatchObject({ seq: 3 });
		expect(space.state).toBe("connected");
	});

	test("takes a snapshot, then gets what came after the head that was taken before", async () => {
		let finish = () => {};
		const gaps: unknown[] = [];
		const snapshot = (gap: unknown) => {
			gaps.push(gap);
			return new Promise<void>((resolve) => {
				finish = resolve;
			});
		};
		const { seen, clock, server, subscription } = await miss({ snapshot }, iterated);
		expect(gaps).toEqual([
			{ reason: "retention", from: { epoch: server.epoch, seq: 3 }, to: { epoch: server.epoch, seq: 9 } },
		]);
		server.append("chat", 11);
		await clock.advance(20);
		// Until the snapshot is taken, the application is where it was.
		expect([seen, subscription.position]).toMatchObject([[1, 2, 3], { seq: 3 }]);
		finish();
		await clock.advance(20);
		expect([seen, subscription.position]).toMatchObject([[1, 2, 3, 10, 11], { seq: 11 }]);
	});

	test("ends when its snapshot fails", async () => {
		const cause = new Error("no snapshot");
		const { seen, errors, subscription } = await miss({ snapshot: () => Promise.reject(cause) }, iterated);
		expect(seen).toEqual(iterated ? [1, 2, 3, "callback_failed"] : [1, 2, 3]);
		expect(errors).toMatchObject(iterated ? [] : [{ code: "callback_failed", cause }]);
		expect(subscription.position).toMatchObject({ seq: 3 });
	});

	test("is told of the gap, and what follows waits until it has dealt with it", async () => {
		let finish = () => {};
		const onGap = () =>
			new Promise<void>((resolve) => {
				finish = resolve;
			});
		const { seen, clock } = await miss(onGap, iterated);
		expect(seen).toEqual([1, 2, 3]);
		finish();
		await clock.advance(20);
		expect(seen).toEqual([1, 2, 3, 7, 8, 9, 10]);
	});
});

test("who goes on with the latest loses nothing by a gap of another reader of the channel", async () => {
	const { clock, server, channel, space } = setUp();
	for (let number = 1; number <= 9; number++) server.log("chat").append(number);
	const gaps: unknown[] = [];
	space.on("gap", ({ reason }) => gaps.push(reason));
	let finish = () => {};
	const [slow, quick]: [unknown[], unknown[]] = [[], []];
	const hold = ({ data }: { readonly data: unknown }) => {
		slow.push(data);
		return data === 1 ? new Promise<void>((resolve) => (finish = resolve)) : undefined;
	};
	channel.subscribe(hold, { from: "start", onGap: "latest" });
	channel.subscribe(({ data }) => void quick.push(data), { from: "start", onGap: "latest" });
	await clock.advance(20);
	server.cut();
	server.log("chat").append(10);
	// The slow one resumes at 1, which is gone; both were sent up to 9, where the log goes on.
	server.log("chat").trim(10);
	await clock.advance(reconnect);
	finish();
	await clock.advance(20);
	expect([slow, quick, gaps]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], []]);
});

test("a subscription without echo gets nothing that its own client published, and its position goes on all the same", async () => {
	const { clock, server, channel, connect } = setUp();
	const other = connect().space("default").channel("chat");
	const seen: unknown[] = [];
	const subscription = channel.subscribe(({ data }) => void seen.push(data), { from: "start", echo: false });
	await clock.advance(20);
	for (const [publisher, data, id] of [
		[channel, "mine"],
		[other, "theirs"],
		[channel, "mine by another id", "some-id"],
		[other, "theirs by another id", "other-id"],
		[channel, "mine, too"],
	] as const) {
		void publisher.publish(data, { id });
		await clock.advance(10);
	}
	expect(seen).toEqual(["theirs", "theirs by another id"]);
	expect(subscription.position).toMatchObject({ epoch: server.epoch, seq: 5 });
	await clock.advance(durations.credit);
	expect(server.of("credit").at(-1)?.seq).toBe(5);
});
